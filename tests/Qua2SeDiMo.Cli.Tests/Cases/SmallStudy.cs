using Microsoft.Data.Sqlite;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Studies;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>A run of the smallest reference pipeline up to `explain`, created once by the program; tests change copies
/// of it.</summary>
public sealed class SmallStudy : IAsyncLifetime, IDisposable
{
    /// <summary>Name of the test collection that shares it; its tests run one after another.</summary>
    public const string Name = "small study";

    internal const int TrialCount = 10;

    private readonly ModelCopy model = new();
    private int runCount;

    internal string Model => model.Path;

    private RunDirectory Made => new(model.Beside("made"));

    public async Task InitializeAsync()
    {
        (await Q2.RunAsync(Study(Made))).Succeeded();
        (await Q2.RunAsync("fit", Model, "--run", Made.DirectoryPath, "--epochs", "1", "--quiet")).Succeeded();
        (await Q2.RunAsync("explain", Model, "--run", Made.DirectoryPath, "--quiet")).Succeeded();
    }

    /// <summary>Creates a copy of the run.</summary>
    internal RunDirectory NewRun()
    {
        var run = new RunDirectory(model.Beside($"run-{Interlocked.Increment(ref runCount)}"));
        ModelCopy.CopyFolder(Made.DirectoryPath, run.DirectoryPath);
        return run;
    }

    internal string[] Study(RunDirectory run, int trials = TrialCount) =>
        [
            "study",
            Model,
            "--run",
            run.DirectoryPath,
            "--trials",
            $"{trials}",
            "--images",
            "1",
            "--steps",
            "1",
            "--height",
            "16",
            "--width",
            "16",
            "--clip",
            "none",
            "--quiet",
        ];

    internal string[] Plan(RunDirectory run) =>
        [
            "plan",
            Model,
            "--run",
            run.DirectoryPath,
            "--size",
            "3.5",
            "--predictor",
            "ridge",
            "--level",
            "op",
            "--quiet",
        ];

    /// <summary>Executes SQL statements on the study of a run, with all checks of SQLite disabled.</summary>
    internal static void Execute(RunDirectory run, params string[] statements)
    {
        using var connection = new SqliteConnection($"Data Source={run.StudyDatabase};Pooling=False");
        connection.Open();
        foreach (
            string statement in (string[])
                ["PRAGMA ignore_check_constraints = ON", "PRAGMA foreign_keys = OFF", .. statements]
        )
        {
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = statement;
            command.ExecuteNonQuery();
        }
    }

    /// <summary>Leaves a trial in the state after a process was killed during it for the third time in a row.</summary>
    /// <param name="run">The run.</param>
    /// <param name="trial">SQL condition that selects the trial.</param>
    internal static void KillThirdTime(RunDirectory run, string trial)
    {
        StudyWorker worker = StudyWorker.ThisProcess();
        string those = $"SELECT id FROM trial WHERE {trial}";
        Execute(
            run,
            $"DELETE FROM trial_metric WHERE trial_id IN ({those})",
            $"DELETE FROM trial_duration WHERE trial_id IN ({those})",
            $"DELETE FROM trial_array WHERE trial_id IN ({those})",
            "UPDATE trial SET state = 'running', finished_at = NULL, deaths = 2, attempt = 3, host = "
                + $"'{worker.Host}', process_id = {int.MaxValue}, process_start = 'gone' WHERE {trial}"
        );
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => model.Dispose();
}

/// <summary>The collection of the tests that share the small study.</summary>
[CollectionDefinition(SmallStudy.Name)]
public sealed class SmallStudyGroup : ICollectionFixture<SmallStudy>;
