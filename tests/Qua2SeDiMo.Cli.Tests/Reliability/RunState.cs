using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;

namespace Qua2SeDiMo.Cli.Tests.Reliability;

/// <summary>
/// The contents of a folder, file by file, without data that differ between two equal runs: times, process ids,
/// left-over partial files. Two runs have the same results if and only if their states are equal.
/// </summary>
internal static partial class RunState
{
    // Members of result files with durations, rates, timestamps, and paths of the run.
    private static readonly HashSet<string> Times = new(StringComparer.OrdinalIgnoreCase)
    {
        "seconds",
        "secondsPerTrial",
        "outsideRuntimeShare",
        "speed",
        "elapsed",
        "peakMemoryBytes",
        "imagesPerMinute",
        "gflops",
        "matMulGflops",
        "timings",
        "trainingSeconds",
        "date",
        "createdAt",
        "machine",
        "command",
        "folder",
        "time",
    };

    // Files that contain only times.
    private static readonly string[] TimeFiles = ["timings.json"];

    /// <summary>Contents by path relative to the folder: a hash, or a text from which times are removed.</summary>
    internal static SortedDictionary<string, string> Of(string folder)
    {
        var state = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (string file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            string name = Path.GetRelativePath(folder, file);
            if (
                TimeFiles.Contains(Path.GetFileName(file))
                || name.EndsWith("-wal", StringComparison.Ordinal)
                || name.EndsWith("-shm", StringComparison.Ordinal)
            )
                continue;
            state.Add(
                name,
                Path.GetExtension(file) switch
                {
                    ".json" => WithoutTimes(JsonNode.Parse(File.ReadAllText(file)))?.ToJsonString() ?? "null",
                    ".db" => Rows(file),
                    ".html" => Hash(
                        Encoding.UTF8.GetBytes(
                            WhatWasRun().Replace(Durations().Replace(File.ReadAllText(file), "T"), "")
                        )
                    ),
                    _ => Hash(File.ReadAllBytes(file)),
                }
            );
        }
        return state;
    }

    /// <summary>Names of files whose contents differ.</summary>
    internal static IReadOnlyList<string> Differences(
        SortedDictionary<string, string> expected,
        SortedDictionary<string, string> actual
    ) =>
        [
            .. expected
                .Keys.Union(actual.Keys)
                .Where(name => expected.GetValueOrDefault(name) != actual.GetValueOrDefault(name))
                .Order(StringComparer.Ordinal),
        ];

    private static string Hash(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    private static JsonNode? WithoutTimes(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject members:
                foreach (string name in members.Select(pair => pair.Key).ToArray())
                {
                    if (Times.Contains(name))
                        members.Remove(name);
                    else
                        WithoutTimes(members[name]);
                }
                break;
            case JsonArray items:
                foreach (JsonNode? fact in items.Where(item => IsTime(item)).ToArray())
                    items.Remove(fact);
                foreach (JsonNode? item in items)
                    WithoutTimes(item);
                break;
        }
        return node;
    }

    // Whether a line of a report's table of facts states a time.
    private static bool IsTime(JsonNode? fact) =>
        fact is JsonObject line
        && line["name"] is JsonValue name
        && name.TryGetValue(out string? text)
        && text == "Time per trial";

    // All data of the trials, except times and workers.
    private static string Rows(string file)
    {
        using var connection = new SqliteConnection(
            new SqliteConnectionStringBuilder
            {
                DataSource = file,
                Mode = SqliteOpenMode.ReadWrite,
                Pooling = false,
            }.ToString()
        );
        connection.Open();
        var text = new StringBuilder();
        foreach (
            string query in new[]
            {
                "SELECT name, settings FROM study ORDER BY name",
                "SELECT s.name, number, t.name, allocation, seed, state FROM trial t JOIN study s ON s.id = "
                    + "study_id ORDER BY s.name, number",
                "SELECT s.name, number, m.name, value FROM trial_metric m JOIN trial t ON t.id = trial_id JOIN "
                    + "study s ON s.id = study_id ORDER BY s.name, number, m.name",
                "SELECT s.name, number, a.name, columns, hex(data) FROM trial_array a JOIN trial t ON t.id = "
                    + "trial_id JOIN study s ON s.id = study_id ORDER BY s.name, number, a.name",
            }
        )
        {
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = query;
            using SqliteDataReader reader = command.ExecuteReader();
            while (reader.Read())
            {
                for (int i = 0; i < reader.FieldCount; i++)
                    text.Append(CultureInfo.InvariantCulture, $"{reader.GetValue(i)}|");
                text.Append('\n');
            }
        }
        return text.ToString();
    }

    // The command with the path of its run directory, the timestamp, and the durations of the stages.
    [GeneratedRegex(
        """<dt>(Command|Time per trial)</dt><dd>[^<]*|<span style="width:[0-9.]+%">|<span>[0-9-]{10} [0-9:]{5} UTC"""
    )]
    private static partial Regex WhatWasRun();

    [GeneratedRegex(@"\d+([.,:]\d+)*\s*(s|ms|min|h|images/min|images a minute|GFLOP/s|MiB|MB)\b")]
    private static partial Regex Durations();
}
