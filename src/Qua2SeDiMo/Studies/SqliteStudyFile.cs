using System.Globalization;
using System.Reflection;
using Microsoft.Data.Sqlite;

namespace Qua2SeDiMo.Studies;

/// <summary>Opens the SQLite file of a study and brings its schema up to date.</summary>
internal static class SqliteStudyFile
{
    // "Q2SD" in ASCII: tells our files from any other SQLite file.
    private const int ApplicationId = 0x51325344;

    // Seconds that a statement waits for another process's transaction; those last milliseconds.
    private const int BusySeconds = 60;

    /// <summary>Opens the file for reading and writing.</summary>
    /// <exception cref="StudyFileException">Missing, another kind of file, damaged, or of a later version.</exception>
    public static SqliteConnection Open(string path, bool create)
    {
        if (!create && !File.Exists(path))
        {
            throw new StudyFileException($"{path}: there is no such study file. 'q2 study' makes one.");
        }
        if (create) Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            // A full path: SQLite takes one that begins with "file:" for an address with escapes and queries.
            DataSource = Path.GetFullPath(path),
            Mode = create ? SqliteOpenMode.ReadWriteCreate : SqliteOpenMode.ReadWrite,
            Pooling = false,
            ForeignKeys = true,
            DefaultTimeout = BusySeconds,
        }.ToString());
        try
        {
            connection.Open();
            // WAL: readers never wait, and a commit is one append. FULL: it is on the disk before the call returns, so that even a power
            // cut loses no finished trial; a commit per trial of seconds costs nothing.
            connection.Execute("PRAGMA journal_mode = WAL");
            connection.Execute("PRAGMA synchronous = FULL");
            Migrate(connection, path);
            return connection;
        }
        catch (SqliteException error)
        {
            connection.Dispose();
            throw new StudyFileException($"{path}: not a usable study file ({error.Message}). Move it away to begin a new study.", error);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static void Migrate(SqliteConnection connection, string path)
    {
        List<(int Version, string Name)> migrations = Migrations();
        using SqliteTransaction transaction = connection.BeginTransaction(deferred: false);
        long applicationId = connection.Scalar("PRAGMA application_id"), version = connection.Scalar("PRAGMA user_version");
        bool isEmpty = connection.Scalar("SELECT count(*) FROM sqlite_schema") == 0;
        if (!isEmpty && applicationId != ApplicationId)
        {
            throw new StudyFileException($"{path}: an SQLite file of another program, not a study. Choose another path.");
        }
        if (version > migrations[^1].Version)
        {
            throw new StudyFileException(
                $"{path}: written by a later version of this program (schema {version}; this one knows up to {migrations[^1].Version}). Update the program.");
        }
        foreach ((int number, string name) in migrations.Where(migration => migration.Version > version))
        {
            using var reader = new StreamReader(typeof(SqliteStudyFile).Assembly.GetManifestResourceStream(name)!);
            connection.Execute(reader.ReadToEnd());
            connection.Execute($"PRAGMA application_id = {ApplicationId}");
            connection.Execute($"PRAGMA user_version = {number}");
        }
        transaction.Commit();
    }

    // Embedded as Qua2SeDiMo.Studies.Schema.0001-initial.sql, in the order of their numbers.
    private static List<(int Version, string Name)> Migrations()
    {
        const string Prefix = "Qua2SeDiMo.Studies.Schema.";
        return [.. Assembly.GetExecutingAssembly().GetManifestResourceNames()
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(name => (int.Parse(name.AsSpan(Prefix.Length, 4), CultureInfo.InvariantCulture), name))
            .Order()];
    }
}
