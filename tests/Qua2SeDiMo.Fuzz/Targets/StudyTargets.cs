using System.Text;
using Microsoft.Data.Sqlite;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Import;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Sensitivity;
using Qua2SeDiMo.Studies;
using Qua2SeDiMo.Studies.Storage;

namespace Qua2SeDiMo.Fuzz.Targets;

/// <summary>Imported trials, and the study's database: damaged bytes, and changes by SQL statements.</summary>
internal static class StudyTargets
{
    private static readonly Lazy<byte[]> Database = new(Make);

    internal static IEnumerable<FuzzTarget> All(ScratchFolder scratch)
    {
        yield return new FuzzTarget(
            "external-study",
            () => [Outside()],
            input =>
            {
                FuzzFile? dag = input.Files.FirstOrDefault(file => file.Name == "dag.json"),
                    trials = input.Files.FirstOrDefault(file => file.Name == "trials.csv");
                if (dag is null || trials is null)
                    return;
                ExternalStudy.Read(
                    Encoding.UTF8.GetString(dag.Bytes),
                    Encoding.UTF8.GetString(trials.Bytes),
                    new ExternalStudyOptions(SizeWeight: input.Bytes.Length % 3)
                );
            }
        )
        {
            QuickInputs = 500,
            Weight = 2,
        };
        yield return new FuzzTarget(
            "truth",
            () =>
                [
                    FuzzInput.Of(
                        "a.json",
                        """{"sensitivity": [[1,2,3,4],[1,2,3,4],[1,2,3,4],[1,2,3,4],[1,2,3,4],[1,2,3,4],[1,2,3,4],[1,2,3,4]], "option_order": ["uaq-3", "uaq-4", "kmeans-c-3", "kmeans-c-4"], "layers": ["w0","w1","w2","w3","w4","w5","w6","w7"], "pairs": [{"a": 0, "b": 1, "weight": 0.5}], "scale": 2, "bits_weight": 0.1}"""
                    ),
                ],
            input => TrueSensitivity.Parse(input.Text, Known.Value)
        );
        yield return new FuzzTarget(
            "study-rows",
            () => [FuzzInput.Of("statements.sql", "\n"), .. Statements()],
            input =>
            {
                string path = scratch.In("study.db");
                RemoveJournals(path);
                scratch.Fill(new FuzzInput([new FuzzFile("study.db", Database.Value)]));
                using (
                    var connection = new SqliteConnection(
                        new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString()
                    )
                )
                {
                    connection.Open();
                    // Microsoft.Data.Sqlite never returns from a statement that contains a NUL character.
                    foreach (string statement in input.Text.Split(['\n', '\0'], StringSplitOptions.RemoveEmptyEntries))
                        Execute(connection, statement);
                }
                Use(path);
            }
        )
        {
            QuickInputs = 60,
            Weight = 4,
        };
        yield return new FuzzTarget(
            "study-bytes",
            () => [FuzzInput.Of("study.db", Database.Value)],
            input =>
            {
                RemoveJournals(scratch.In("study.db"));
                scratch.Fill(input);
                Use(scratch.In("study.db"));
            }
        )
        {
            QuickInputs = 60,
            Weight = 2,
        };
    }

    private static readonly Lazy<TrainingSet> Known = new(() =>
    {
        FuzzInput outside = Outside();
        return ExternalStudy.Read(outside.Text, Encoding.UTF8.GetString(outside.Files[1].Bytes)).Training;
    });

    private static FuzzInput Outside()
    {
        string folder = Path.Combine(Samples.Root, "tests", "hostile", "external");
        string dag = File.ReadAllText(Path.Combine(folder, "unit-name-number.dag.json"))
            .Replace("\"name\":2147483647,", "", StringComparison.Ordinal);
        return new FuzzInput([
            Samples.OfText("dag.json", dag),
            new FuzzFile("trials.csv", File.ReadAllBytes(Path.Combine(folder, "trials.csv"))),
        ]);
    }

    private static IEnumerable<FuzzInput> Statements() =>
        File.ReadAllLines(Path.Combine(Samples.Root, "tests", "hostile", "sqlite", "statements.sql"))
            .Select(line => line.Split("--")[0].Trim())
            .Where(line => line.Length > 0)
            .Select(line => FuzzInput.Of("statements.sql", line + "\n"));

    private static void Execute(SqliteConnection connection, string statement)
    {
        try
        {
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = statement;
            command.ExecuteNonQuery();
        }
        catch (Exception error) when (error is SqliteException or InvalidOperationException or ArgumentException)
        {
            // A statement that the database rejects changes nothing.
        }
    }

    // Removes the journals of an earlier input's database.
    private static void RemoveJournals(string path)
    {
        foreach (string left in new[] { path + "-wal", path + "-shm", path + "-journal" })
            if (File.Exists(left))
                File.Delete(left);
    }

    private static void Use(string path)
    {
        using SqliteStudyStore store = SqliteStudyStore.Open(path, TimeProvider.System);
        store.List();
        store.Count(6);
        store.ReadArrays("psnr");
        Trial? trial = store.LeaseNext(StudyWorker.ThisProcess(), 6);
        if (trial is not null)
            store.Complete(trial, new TrialResult(new Dictionary<string, double> { ["psnr"] = 20 }));
        store.List();
    }

    private static byte[] Make()
    {
        string folder = Directory.CreateTempSubdirectory("q2-fuzz-study-").FullName,
            path = Path.Combine(folder, "study.db");
        SqliteStudyStore store = SqliteStudyStore.OpenOrCreate(
            path,
            new StudySettings([KeyValuePair.Create("model", "m")]),
            TimeProvider.System
        );
        var allocation = BitAllocation.FromJson("""{"w": "uaq-4"}""");
        store.Enqueue([.. Enumerable.Range(0, 4).Select(i => new TrialProposal(i, $"random-{i}", allocation, 42))]);
        for (int i = 0; i < 2; i++)
        {
            Trial trial = store.LeaseNext(StudyWorker.ThisProcess(new Dictionary<string, string> { ["q2"] = "1" }), 4)!;
            store.Complete(
                trial,
                new TrialResult(new Dictionary<string, double> { ["psnr"] = 20 + i, ["average-bits"] = 4 })
                {
                    Arrays = [new TrialArray("psnr", 1, [1f, 2f])],
                    Durations = new Dictionary<string, TimeSpan> { ["generate"] = TimeSpan.FromSeconds(1) },
                }
            );
        }
        store.Dispose();
        SqliteConnection.ClearAllPools();
        byte[] bytes = File.ReadAllBytes(path);
        Directory.Delete(folder, recursive: true);
        return bytes;
    }
}
