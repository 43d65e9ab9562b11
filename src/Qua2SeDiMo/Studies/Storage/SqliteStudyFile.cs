using Microsoft.Data.Sqlite;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Studies.Storage;

/// <summary>Opens the SQLite file of a study, whose content is not trusted, and migrates its tables to the latest
/// version.</summary>
internal static class SqliteStudyFile
{
    /// <summary>Seconds that a statement waits for another process's transaction, which usually takes
    /// milliseconds.</summary>
    internal const int BusySeconds = 60;

    // "Q2SD" in ASCII; identifies a study file among SQLite files.
    private const int ApplicationId = 0x51325344;

    // Files up to this size are checked completely when opened, which takes some tens of milliseconds. Larger files are
    // checked as they are read.
    private const long WholeCheckBytes = 64 << 20;

    /// <summary>Opens the file for reading and writing.</summary>
    /// <exception cref="StudyFileException">The file is missing, of another kind, damaged, changed by another program,
    /// or of a later version.</exception>
    /// <exception cref="StorageException">The file cannot be opened or written.</exception>
    public static SqliteConnection Open(string path, bool create)
    {
        if (!create && !File.Exists(path))
        {
            throw new StudyFileException($"{path}: there is no such study file.") { Remedy = Remedy.Study };
        }
        if (create)
            MakeFolder(path);
        var connection = new SqliteConnection(
            new SqliteConnectionStringBuilder
            {
                // Made absolute, because SQLite parses a path that begins with "file:" as a URI.
                DataSource = Path.GetFullPath(path),
                Mode = create ? SqliteOpenMode.ReadWriteCreate : SqliteOpenMode.ReadWrite,
                Pooling = false,
                DefaultTimeout = BusySeconds,
            }.ToString()
        );
        try
        {
            connection.Open();
            SqliteLibrary.Harden(connection);
            connection.Execute("PRAGMA trusted_schema = OFF");
            connection.Execute("PRAGMA cell_size_check = ON");
            // Off during migrations: dropping a table that is replaced must not delete the rows that refer to it.
            connection.Execute("PRAGMA foreign_keys = OFF");
            // WAL: readers never wait, and a commit is one append. FULL: a commit is on the disk before the call
            // returns, so that a power failure loses no finished trial. The cost is negligible at one commit per trial
            // of seconds.
            connection.Execute("PRAGMA journal_mode = WAL");
            connection.Execute("PRAGMA synchronous = FULL");
            connection.InTransaction(write: true, () => Check(connection, path));
            connection.Execute("PRAGMA foreign_keys = ON");
            return connection;
        }
        catch (SqliteException error)
        {
            Q2Exception explained = new SqliteFault(
                error,
                path,
                SqliteLibrary.SystemError(connection),
                isWrite: create
            ).Explain();
            connection.Dispose();
            throw explained;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static void MakeFolder(string path)
    {
        try
        {
            AtomicFile.MakeFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
        }
        catch (Exception error) when (StorageException.Explains(error))
        {
            throw StorageException.For(Path.GetDirectoryName(Path.GetFullPath(path)), error);
        }
    }

    // Returns the version that the file has now.
    private static int Check(SqliteConnection connection, string path)
    {
        long applicationId = connection.Scalar("PRAGMA application_id"),
            version = connection.Scalar("PRAGMA user_version");
        bool isEmpty = connection.Scalar("SELECT count(*) FROM sqlite_schema") == 0;
        if (!isEmpty && applicationId != ApplicationId)
        {
            throw new StudyFileException(
                $"{path}: an SQLite file of another program, not a study. Choose another path."
            );
        }
        if (version > SqliteSchema.Latest)
        {
            throw new StudyFileException(
                $"{path}: written by a later version of this program (schema {version}; this one knows up to "
                    + $"{SqliteSchema.Latest}). Update the program."
            );
        }
        if (version < 0 || (version == 0 && !isEmpty) || (version > 0 && isEmpty))
        {
            throw new StudyFileException(
                $"{path}: says that it is of version {version}, which {(isEmpty ? "an empty file" : "a study")} "
                    + $"cannot be. {StudyFileException.MakeAgain}"
            );
        }
        if (!isEmpty)
        {
            // The schema is checked before the pages, because checking pages evaluates expressions in the schema.
            SqliteSchema.Check(connection, path, (int)version);
            CheckPages(connection, path);
        }
        if (version < SqliteSchema.Latest)
        {
            SqliteSchema.Migrate(connection, version, SqliteSchema.Latest);
            connection.Execute($"PRAGMA application_id = {ApplicationId}");
            SqliteSchema.Check(connection, path, SqliteSchema.Latest);
        }
        return SqliteSchema.Latest;
    }

    private static void CheckPages(SqliteConnection connection, string path)
    {
        if (connection.Scalar("PRAGMA page_count") * connection.Scalar("PRAGMA page_size") > WholeCheckBytes)
            return;
        if (connection.Text("PRAGMA quick_check(1)") is var fault and not "ok")
        {
            throw new StudyFileException($"{path}: the file is damaged ({fault}). {StudyFileException.MakeAgain}");
        }
        if (connection.Text("PRAGMA foreign_key_check") is { } table)
        {
            throw new StudyFileException(
                $"{path}: table '{table}' has rows of a trial or study that is not there. {StudyFileException.MakeAgain}"
            );
        }
    }
}
