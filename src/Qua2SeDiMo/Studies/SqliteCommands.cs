using Microsoft.Data.Sqlite;

namespace Qua2SeDiMo.Studies;

/// <summary>Short forms of the ADO.NET calls that the store makes.</summary>
internal static class SqliteCommands
{
    /// <summary>A command with parameters $0, $1, … in order; null becomes NULL.</summary>
    public static SqliteCommand Command(this SqliteConnection connection, string text, params ReadOnlySpan<object?> values)
    {
        SqliteCommand command = connection.CreateCommand();
        command.CommandText = text;
        for (int i = 0; i < values.Length; i++) command.Parameters.AddWithValue($"${i}", values[i] ?? DBNull.Value);
        return command;
    }

    /// <summary>Runs statements and gives the number of changed rows.</summary>
    public static int Execute(this SqliteConnection connection, string text, params ReadOnlySpan<object?> values)
    {
        using SqliteCommand command = connection.Command(text, values);
        return command.ExecuteNonQuery();
    }

    /// <summary>The first integer of a query that has one.</summary>
    public static long Scalar(this SqliteConnection connection, string text, params ReadOnlySpan<object?> values)
    {
        using SqliteCommand command = connection.Command(text, values);
        return (long)command.ExecuteScalar()!;
    }
}
