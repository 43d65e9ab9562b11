using System.Text;
using Microsoft.Data.Sqlite;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Quantizers;

namespace Qua2SeDiMo.Studies;

/// <summary>Reads rows of the table <c>trial</c>.</summary>
internal static class SqliteTrialRow
{
    /// <summary>The text of a state in the file.</summary>
    public static string NameOf(TrialState state) => state switch
    {
        TrialState.Waiting => "waiting",
        TrialState.Running => "running",
        TrialState.Complete => "complete",
        TrialState.Pruned => "pruned",
        _ => "failed",
    };

    /// <summary>The trial of the reader's current row, without metrics and durations.</summary>
    public static Trial Read(SqliteDataReader reader)
    {
        string state = reader.GetString(reader.GetOrdinal("state"));
        return new Trial(
            reader.GetInt32(reader.GetOrdinal("number")),
            reader.GetString(reader.GetOrdinal("name")),
            BitAllocation.FromJson(reader.GetString(reader.GetOrdinal("allocation"))),
            unchecked((ulong)reader.GetInt64(reader.GetOrdinal("seed"))),
            Enum.GetValues<TrialState>().Single(candidate => NameOf(candidate) == state))
        {
            Attempt = reader.GetInt32(reader.GetOrdinal("attempt")),
            Worker = ReadWorker(reader),
            StartedAt = ReadTime(reader, "started_at"),
            HeartbeatAt = ReadTime(reader, "heartbeat_at"),
            FinishedAt = ReadTime(reader, "finished_at"),
            Failure = ReadText(reader, "failure"),
        };
    }

    private static StudyWorker? ReadWorker(SqliteDataReader reader) => ReadText(reader, "host") is not string host ? null : new StudyWorker(
        host,
        reader.GetInt32(reader.GetOrdinal("process_id")),
        reader.GetString(reader.GetOrdinal("process_start")),
        OwnJson.Parse<Dictionary<string, string>>(Encoding.UTF8.GetBytes(reader.GetString(reader.GetOrdinal("versions"))), "versions of a worker", "study"));

    private static string? ReadText(SqliteDataReader reader, string column)
    {
        int ordinal = reader.GetOrdinal(column);
        return reader.IsDBNull(ordinal) ? null : reader.GetString(ordinal);
    }

    private static DateTimeOffset? ReadTime(SqliteDataReader reader, string column)
    {
        int ordinal = reader.GetOrdinal(column);
        return reader.IsDBNull(ordinal) ? null : DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(ordinal));
    }
}
