using Microsoft.Data.Sqlite;
using Qua2SeDiMo.Storage;
using SQLitePCL;

namespace Qua2SeDiMo.Studies.Storage;

/// <summary>Short forms of the ADO.NET calls that the store makes.</summary>
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

    /// <summary>The first text of a query; null if it has no row.</summary>
    public static string? Text(this SqliteConnection connection, string text)
    {
        using SqliteCommand command = connection.Command(text);
        return command.ExecuteScalar() as string;
    }

    /// <summary>Does work in one transaction.</summary>
    /// <param name="connection">The file.</param>
    /// <param name="write">Whether to take the write lock at once.</param>
    /// <param name="work">The statements.</param>
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
            // On a full disk SQLite has ended the transaction itself.
            if (raw.sqlite3_get_autocommit(connection.Handle!) == 0)
                Abandon(connection);
            throw;
        }
    }

    // The error that led here is the one to tell.
    private static void Abandon(SqliteConnection connection)
    {
        try
        {
            connection.Execute("ROLLBACK");
        }
        catch (SqliteException) { }
    }
}
