using System.Collections.Concurrent;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;

namespace Qua2SeDiMo.Studies.Storage;

/// <summary>Creates the tables of a study file by the migrations in <c>Schema/*.sql</c>, and checks that a file has
/// exactly these tables.</summary>
internal static partial class SqliteSchema
{
    private const string Prefix = "Qua2SeDiMo.Studies.Storage.Schema.";

    private static readonly ConcurrentDictionary<int, IReadOnlyList<SchemaObject>> Expected = new();

    /// <summary>Number of the last migration.</summary>
    internal static int Latest { get; } = Steps()[^1].Version;

    /// <summary>Migrates an empty file, or one of an older version, to a version.</summary>
    internal static void Migrate(SqliteConnection connection, long from, int to)
    {
        foreach ((int number, string name) in Steps().Where(step => step.Version > from && step.Version <= to))
        {
            using var reader = new StreamReader(typeof(SqliteSchema).Assembly.GetManifestResourceStream(name)!);
            connection.Execute(reader.ReadToEnd());
            connection.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {number}"));
        }
    }

    /// <summary>Checks that the tables of a file are those of its version.</summary>
    /// <exception cref="StudyFileException">An object is missing, added or different; the message names it.</exception>
    internal static void Check(SqliteConnection connection, string path, int version)
    {
        IReadOnlyList<SchemaObject> expected = Expected.GetOrAdd(version, Make),
            found = Read(connection);
        foreach (SchemaObject extra in found.Where(item => !expected.Any(item.HasNameOf) && !item.IsStatistics))
        {
            throw Refuse(
                $"a {extra.Type} '{extra.Name}' that this program does not make; it could change what is stored unseen. "
                    + $"If you made it, remove it: sqlite3 {path} \"DROP {extra.Type.ToUpperInvariant()} {extra.Name}\"."
            );
        }
        foreach (SchemaObject wanted in expected)
        {
            SchemaObject? present = found.FirstOrDefault(wanted.HasNameOf);
            if (present is null)
                throw Refuse($"no {wanted.Type} '{wanted.Name}'. {StudyFileException.MakeAgain}");
            if (present.Text != wanted.Text)
                throw Refuse(
                    $"a {wanted.Type} '{wanted.Name}' of another form{Columns(connection, wanted)}. {StudyFileException.MakeAgain}"
                );
        }

        StudyFileException Refuse(string what) => new($"{path}: not as this program makes a study file: it has {what}");
    }

    private static IReadOnlyList<SchemaObject> Make(int version)
    {
        using var connection = new SqliteConnection("Data Source=:memory:");
        connection.Open();
        Migrate(connection, 0, version);
        return Read(connection);
    }

    private static List<SchemaObject> Read(SqliteConnection connection)
    {
        using SqliteCommand command = connection.Command(
            "SELECT CAST(type AS TEXT), CAST(name AS TEXT), CAST(tbl_name AS TEXT), CAST(sql AS TEXT) FROM "
                + "sqlite_schema ORDER BY type, name"
        );
        using SqliteDataReader reader = command.ExecuteReader();
        var objects = new List<SchemaObject>();
        string Text(int column) => reader.IsDBNull(column) ? "" : reader.GetString(column);
        while (reader.Read())
        {
            // Texts are compared exactly, line ends included, because a line end closes a comment. The only difference
            // allowed is the quotes that SQLite adds to the name of a renamed table.
            string text = QuotedTable()
                .Replace(Text(3).Replace("\r\n", "\n", StringComparison.Ordinal), "CREATE TABLE $1");
            objects.Add(
                new SchemaObject(
                    CheckedRow.Printable(Text(0)),
                    CheckedRow.Printable(Text(1)),
                    CheckedRow.Printable(Text(2)),
                    text
                )
            );
        }
        return objects;
    }

    // Names the columns that are missing or added; empty if the difference is another one.
    private static string Columns(SqliteConnection connection, SchemaObject wanted)
    {
        if (wanted.Type != "table")
            return "";
        using SqliteCommand command = connection.Command($"PRAGMA table_xinfo({wanted.Name})");
        using SqliteDataReader reader = command.ExecuteReader();
        var found = new List<string>();
        while (reader.Read())
            found.Add(reader.GetString(1));
        string[] missing = [.. wanted.ColumnNames().Where(name => !found.Contains(name, StringComparer.Ordinal))];
        string[] extra = [.. found.Where(name => !Regex.IsMatch(wanted.Text, $@"\b{Regex.Escape(name)}\b"))];
        return missing.Length > 0 ? $", without column {string.Join(", ", missing)}"
            : extra.Length > 0 ? $", with a foreign column {string.Join(", ", extra)}"
            : "";
    }

    // Resources are named like Qua2SeDiMo.Studies.Storage.Schema.0001-initial.sql; the number is the version.
    private static List<(int Version, string Name)> Steps() =>
        [
            .. Assembly
                .GetExecutingAssembly()
                .GetManifestResourceNames()
                .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
                .Select(name => (int.Parse(name.AsSpan(Prefix.Length, 4), CultureInfo.InvariantCulture), name))
                .Order(),
        ];

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();

    [GeneratedRegex(@"^CREATE TABLE ""(\w+)""")]
    private static partial Regex QuotedTable();

    /// <summary>A row of sqlite_schema.</summary>
    private sealed partial record SchemaObject(string Type, string Name, string Table, string Text)
    {
        // Made by ANALYZE; it holds only hints for the query planner.
        internal bool IsStatistics => Type == "table" && Name is "sqlite_stat1" or "sqlite_stat4";

        internal bool HasNameOf(SchemaObject other) => (Type, Name, Table) == (other.Type, other.Name, other.Table);

        internal IEnumerable<string> ColumnNames() =>
            ColumnName().Matches(Blanks().Replace(Text, " ")).Select(match => match.Groups[1].Value);

        [GeneratedRegex(@"(?:\(|,|\w) (\w+) (?:INTEGER|TEXT|REAL|BLOB)\b")]
        private static partial Regex ColumnName();
    }
}
