using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Qua2SeDiMo.Studies.Storage;

/// <summary>SQLite calls that its ADO.NET provider does not offer.</summary>
internal static unsafe partial class SqliteLibrary
{
    private const string Name = "e_sqlite3";
    private const int HasMovedOperation = 20;

    /// <summary>Disables everything in a file that could run code: triggers, views and writes to the schema
    /// table.</summary>
    internal static void Harden(SqliteConnection connection)
    {
        foreach (
            (int option, int value) in new[]
            {
                (raw.SQLITE_DBCONFIG_DEFENSIVE, 1),
                (raw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0),
                (raw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0),
                (raw.SQLITE_DBCONFIG_ENABLE_VIEW, 0),
            }
        )
        {
            raw.sqlite3_db_config(connection.Handle!, option, value, out _);
        }
    }

    /// <summary>Whether the open file is no longer at its path, because it was deleted, moved or replaced.</summary>
    internal static bool HasMoved(SqliteConnection connection)
    {
        int moved = 0;
        return FileControl(connection.Handle!.DangerousGetHandle(), 0, HasMovedOperation, &moved) == raw.SQLITE_OK
            && moved != 0;
    }

    /// <summary>The operating system's error number behind the last failed file operation; 0 for none.</summary>
    internal static int SystemError(SqliteConnection connection) =>
        connection.Handle is { IsClosed: false } handle ? SystemErrno(handle.DangerousGetHandle()) : 0;

    [LibraryImport(Name, EntryPoint = "sqlite3_file_control")]
    private static partial int FileControl(nint database, nint schemaName, int operation, int* value);

    [LibraryImport(Name, EntryPoint = "sqlite3_system_errno")]
    private static partial int SystemErrno(nint database);
}
