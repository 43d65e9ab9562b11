using System.Globalization;
using System.Text;
using Microsoft.Data.Sqlite;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Quantizers;

namespace Qua2SeDiMo.Studies.Storage;

/// <summary>Reads rows of the table <c>trial</c>.</summary>
internal static class SqliteTrialRow
{
    /// <summary>Largest trial number, and largest number of attempts or deaths of a trial.</summary>
    internal const int MaxNumber = 10_000_000;

    // Names can come from the user's allocation file, so they may be long.
    private const int NameLength = 1 << 16;
    private const int AllocationLength = 16 << 20;
    private const int FailureLength = 1 << 20;
    private const int VersionsLength = 1 << 16;

    /// <summary>The text that stands for a state in the file.</summary>
    public static string NameOf(TrialState state) =>
        state switch
        {
            TrialState.Waiting => "waiting",
            TrialState.Running => "running",
            TrialState.Complete => "complete",
            TrialState.SetAside => "set-aside",
            _ => "failed",
        };

    /// <summary>Reads the trial in the reader's current row, without metrics and durations.</summary>
    /// <exception cref="StudyFileException">The row holds values that this program could not have written.</exception>
    public static Trial Read(SqliteDataReader reader, string path)
    {
        var row = new CheckedRow(reader, path, "trial");
        int number = (int)row.Integer("number", 0, MaxNumber);
        row.Place = string.Create(CultureInfo.InvariantCulture, $"trial {number}");
        var trial = new Trial(
            number,
            row.Text("name", NameLength, shortest: 0),
            row.Parsed(
                "allocation",
                AllocationLength,
                BitAllocation.FromJson,
                "a JSON object of weight name to option"
            ),
            unchecked((ulong)row.Integer("seed", long.MinValue, long.MaxValue)),
            row.Parsed(
                "state",
                CheckedRow.NameLength,
                StateOf,
                $"one of {string.Join(", ", Enum.GetValues<TrialState>().Select(NameOf))}"
            )
        )
        {
            Attempt = (int)row.Integer("attempt", 0, MaxNumber),
            Deaths = (int)row.Integer("deaths", 0, MaxNumber),
            Worker = ReadWorker(row),
            StartedAt = row.Time("started_at"),
            HeartbeatAt = row.Time("heartbeat_at"),
            FinishedAt = row.Time("finished_at"),
            Failure = row.OptionalText("failure", FailureLength),
        };
        CheckState(row, trial);
        return trial;
    }

    private static TrialState StateOf(string name)
    {
        foreach (TrialState state in Enum.GetValues<TrialState>())
        {
            if (NameOf(state) == name)
                return state;
        }
        throw new FormatException("no state of a trial");
    }

    private static StudyWorker? ReadWorker(CheckedRow row)
    {
        if (row.OptionalText("host") is { } host)
        {
            return new StudyWorker(
                host,
                (int)row.Integer("process_id", 1, int.MaxValue),
                row.OptionalText("process_start") ?? "",
                row.Parsed("versions", VersionsLength, Versions, "a JSON object of texts")
            );
        }
        foreach (string column in new[] { "process_id", "process_start", "versions" })
        {
            if (!row.IsNull(column))
                throw row.Impossible(column, "nothing, as there is no 'host'");
        }
        return null;
    }

    private static Dictionary<string, string> Versions(string json) =>
        OwnJson.Parse<Dictionary<string, string>>(Encoding.UTF8.GetBytes(json), "versions of a worker", Remedy.Study);

    // Checks that the columns which a state requires are present.
    private static void CheckState(CheckedRow row, Trial trial)
    {
        bool wasLeased = trial.Worker is not null && trial.StartedAt is not null && trial.HeartbeatAt is not null;
        string? missing = trial.State switch
        {
            TrialState.Running or TrialState.Complete or TrialState.Failed or TrialState.SetAside when !wasLeased =>
                "no worker, start or sign of life (columns host, started_at, heartbeat_at)",
            TrialState.Running or TrialState.Complete or TrialState.Failed when trial.Attempt < 1 =>
                "no lease (column attempt)",
            TrialState.Complete or TrialState.Failed or TrialState.SetAside when trial.FinishedAt is null =>
                "no end (column finished_at)",
            TrialState.Failed or TrialState.SetAside when trial.Failure is null => "no reason (column failure)",
            _ => null,
        };
        if (missing is not null)
            throw row.Contradiction($"it is {NameOf(trial.State)} and has {missing}");
    }
}
