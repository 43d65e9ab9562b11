using System.Text;

namespace Qua2SeDiMo.Fuzz.Mutators;

/// <summary>Generates SQL statements that damage a study: impossible values, deleted rows, foreign columns and
/// tables.</summary>
internal static class SqlMutator
{
    private static readonly string[] Values =
    [
        "null",
        "0",
        "-1",
        "1",
        "2",
        "9223372036854775807",
        "-9223372036854775808",
        "1e308",
        "9e999",
        "''",
        "'x'",
        "'running'",
        "'complete'",
        "'waiting'",
        "'failed'",
        "x'ff00'",
        "'{}'",
        "'{\"a\":1}'",
        "'[]'",
        "char(0)",
    ];

    private static readonly (string Table, string[] Columns)[] Tables =
    [
        (
            "trial",
            [
                "number",
                "name",
                "allocation",
                "seed",
                "state",
                "attempt",
                "host",
                "process_id",
                "process_start",
                "versions",
                "started_at",
                "heartbeat_at",
                "finished_at",
                "failure",
                "study_id",
                "id",
            ]
        ),
        ("study", ["name", "settings", "fingerprint", "created_at", "id"]),
        ("trial_metric", ["trial_id", "metric", "name", "value"]),
        ("trial_array", ["trial_id", "name", "rows", "columns", "data"]),
        ("trial_duration", ["trial_id", "name", "stage", "milliseconds", "seconds"]),
    ];

    internal static byte[] Mutate(byte[] bytes, byte[] other, Dice dice)
    {
        (string table, string[] columns) = dice.Pick(Tables);
        string column = dice.Pick(columns),
            where = dice.OneIn(2) ? "" : $" where rowid={1 + dice.Next(6)}";
        string statement = dice.Next(12) switch
        {
            0 => $"delete from {table}{where};",
            1 => $"alter table {table} drop column {column};",
            2 => $"alter table {table} rename column {column} to other;",
            3 => $"drop table {table};",
            4 =>
                $"create trigger t{dice.Next(9)} after insert on {table} begin update {table} set {column}={dice.Pick(Values)}; end;",
            5 => $"insert into {table} select * from {table}{where};",
            6 => $"pragma user_version={dice.Next(9)};",
            _ => $"update {table} set {column}={dice.Pick(Values)}{where};",
        };
        string text = Encoding.UTF8.GetString(dice.OneIn(5) ? other : bytes);
        return Encoding.UTF8.GetBytes(text + statement + "\n");
    }
}
