using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;

namespace Qua2SeDiMo.Cli.Tests.Reliability;

/// <summary>
/// What a folder holds, file by file, without what differs between two equal runs: times, process numbers, left-over
/// partial files. Two runs came to the same results exactly when their states are equal.
/// </summary>
internal static partial class RunState
{
    // Members of result files that hold durations, rates, moments, and the paths of the run.
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

    // Files that hold nothing else.
    private static readonly string[] TimeFiles = ["timings.json"];

    /// <summary>Content by path relative to the folder: a hash, or a text where times had to be left out.</summary>
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

    /// <summary>Names of files whose content is not the same on both sides.</summary>
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

    // A line of a report's table of facts.
    private static bool IsTime(JsonNode? fact) =>
        fact is JsonObject line
        && line["name"] is JsonValue name
        && name.TryGetValue(out string? text)
        && text == "Time per trial";

    // Everything that a trial says, but when and by whom.
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

    // The command with the path of its run directory, the moment, and how long the stages took.
    [GeneratedRegex(
        """<dt>(Command|Time per trial)</dt><dd>[^<]*|<span style="width:[0-9.]+%">|<span>[0-9-]{10} [0-9:]{5} UTC"""
    )]
    private static partial Regex WhatWasRun();

    [GeneratedRegex(@"\d+([.,:]\d+)*\s*(s|ms|min|h|images/min|images a minute|GFLOP/s|MiB|MB)\b")]
    private static partial Regex Durations();
}
