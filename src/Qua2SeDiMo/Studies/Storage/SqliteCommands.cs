using Microsoft.Data.Sqlite;
using Qua2SeDiMo.Storage;
using SQLitePCL;

namespace Qua2SeDiMo.Studies.Storage;

/// <summary>Extension methods for the ADO.NET calls that the store makes.</summary>
internal static class SqliteCommands
{
    /// <summary>A command with parameters $0, $1, … in order; null becomes NULL.</summary>
    public static SqliteCommand Command(
        this SqliteConnection connection,
        string text,
        params ReadOnlySpan<object?> values
    )
    {
        SqliteCommand command = connection.CreateCommand();
        command.CommandText = text;
        for (int i = 0; i < values.Length; i++)
            command.Parameters.AddWithValue($"${i}", values[i] ?? DBNull.Value);
        return command;
    }

    /// <summary>Runs statements and returns the number of changed rows.</summary>
    public static int Execute(this SqliteConnection connection, string text, params ReadOnlySpan<object?> values)
    {
        using SqliteCommand command = connection.Command(text, values);
        return command.ExecuteNonQuery();
    }

    /// <summary>The first integer of a query that returns at least one row.</summary>
    public static long Scalar(this SqliteConnection connection, string text, params ReadOnlySpan<object?> values)
    {
        using SqliteCommand command = connection.Command(text, values);
        return (long)command.ExecuteScalar()!;
    }

    /// <summary>The first text of a query; null if it returns no row.</summary>
    public static string? Text(this SqliteConnection connection, string text)
    {
        using SqliteCommand command = connection.Command(text);
        return command.ExecuteScalar() as string;
    }

    /// <summary>Runs work in one transaction: commits when it returns, rolls back when it throws.</summary>
    /// <param name="connection">The file.</param>
    /// <param name="write">Whether to take the write lock at the start.</param>
    /// <param name="work">The statements to run.</param>
    public static T InTransaction<T>(this SqliteConnection connection, bool write, Func<T> work)
    {
        connection.Execute(write ? "BEGIN IMMEDIATE" : "BEGIN");
        try
        {
            T result = work();
            if (write)
                FaultPoint.Reach(StorageStep.Commit, connection.DataSource);
            connection.Execute("COMMIT");
            return result;
        }
        catch
        {
            // After an error such as a full disk, SQLite may have rolled back the transaction itself.
            if (raw.sqlite3_get_autocommit(connection.Handle!) == 0)
                Abandon(connection);
            throw;
        }
    }

    // Errors of the rollback are ignored: the error that caused it is the one to report.
    private static void Abandon(SqliteConnection connection)
    {
        try
        {
            connection.Execute("ROLLBACK");
        }
        catch (SqliteException) { }
    }
}
