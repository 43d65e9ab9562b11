using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;

namespace Qua2SeDiMo.Studies.Storage;

/// <summary>Reads one study of a file and refuses values that this program could not have written. Every call must be
/// inside a transaction.</summary>
/// <param name="connection">The open file.</param>
/// <param name="studyId">Row id of the study.</param>
internal sealed class SqliteStudyRows(SqliteConnection connection, long studyId)
{
    private const int SettingsLength = 16 << 20;
    private const int MaxColumns = 1 << 20;
    private const long MaxArrayBytes = 256L << 20;
    private const double MaxSeconds = 1e9;

    private string Path => connection.DataSource;

    /// <summary>Reads the study of a name; null if there is none.</summary>
    internal static (long Id, Study Study)? ReadStudy(SqliteConnection connection, string name)
    {
        using SqliteCommand command = connection.Command(
            "SELECT id, settings, created_at FROM study WHERE name = $0",
            name
        );
        using SqliteDataReader reader = command.ExecuteReader();
        if (!reader.Read())
            return null;
        var row = new CheckedRow(reader, connection.DataSource, "study") { Place = $"study '{name}'" };
        StudySettings settings = row.Parsed(
            "settings",
            SettingsLength,
            StudySettings.FromJson,
            "a JSON object of texts"
        );
        DateTimeOffset createdAt =
            row.Time("created_at") ?? throw row.Impossible("created_at", "a time in milliseconds");
        return (row.Integer("id", 1, long.MaxValue), new Study(name, settings, createdAt));
    }

    /// <summary>Reads all trials, ordered by number, with metrics and durations.</summary>
    internal List<Trial> ReadAll()
    {
        Dictionary<int, Dictionary<string, double>> metrics = ReadValues(
            "trial_metric",
            "name",
            "value",
            "",
            -double.MaxValue,
            double.MaxValue
        );
        Dictionary<int, Dictionary<string, double>> durations = ReadValues(
            "trial_duration",
            "stage",
            "seconds",
            "",
            0,
            MaxSeconds
        );
        List<Trial> trials =
        [
            .. ReadTrials("SELECT * FROM trial WHERE study_id = $0 ORDER BY number", studyId)
                .Select(trial => With(trial, metrics, durations)),
        ];
        CheckArrays();
        return trials;
    }

    /// <summary>Reads one trial with metrics and durations.</summary>
    internal Trial ReadOne(int number)
    {
        Trial trial = ReadTrials("SELECT * FROM trial WHERE study_id = $0 AND number = $1", studyId, number).Single();
        return With(
            trial,
            ReadValues("trial_metric", "name", "value", "AND number = $1", -double.MaxValue, double.MaxValue, number),
            ReadValues("trial_duration", "stage", "seconds", "AND number = $1", 0, MaxSeconds, number)
        );
    }

    /// <summary>Reads the trials of a query, without metrics and durations.</summary>
    internal List<Trial> ReadTrials(string query, params ReadOnlySpan<object?> values)
    {
        using SqliteCommand command = connection.Command(query, values);
        using SqliteDataReader reader = command.ExecuteReader();
        var trials = new List<Trial>();
        while (reader.Read())
            trials.Add(SqliteTrialRow.Read(reader, Path));
        return trials;
    }

    /// <summary>Reads the array of a given name of every complete trial that has it, by trial number.</summary>
    internal SortedDictionary<int, TrialArray> ReadArrays(string name)
    {
        CheckArrays();
        using SqliteCommand command = connection.Command(
            """
            SELECT number, columns, data FROM trial_array a JOIN trial t ON t.id = trial_id
            WHERE study_id = $0 AND state = 'complete' AND a.name = $1 ORDER BY number
            """,
            studyId,
            name
        );
        using SqliteDataReader reader = command.ExecuteReader();
        var arrays = new SortedDictionary<int, TrialArray>();
        while (reader.Read())
        {
            float[] values = MemoryMarshal.Cast<byte, float>(reader.GetFieldValue<byte[]>(2)).ToArray();
            int number = reader.GetInt32(0);
            if (!Array.TrueForAll(values, float.IsFinite))
                throw CheckedRow.Contradiction(
                    Path,
                    "trial_array",
                    PlaceOf(number, name),
                    "a value is not a finite number"
                );
            arrays.Add(number, new TrialArray(name, reader.GetInt32(1), values));
        }
        return arrays;
    }

    private Trial With(
        Trial trial,
        Dictionary<int, Dictionary<string, double>> metrics,
        Dictionary<int, Dictionary<string, double>> durations
    )
    {
        Dictionary<string, double>? own = metrics.GetValueOrDefault(trial.Number);
        bool isLabelled = trial.State == TrialState.Complete;
        if (isLabelled && own is null)
            throw Wrong("it is complete and has no metrics (table trial_metric)");
        if (!isLabelled && (own is not null || durations.ContainsKey(trial.Number)))
            throw Wrong($"it is {SqliteTrialRow.NameOf(trial.State)} and has metrics or durations");
        return trial with
        {
            Metrics = own ?? trial.Metrics,
            Durations =
                durations
                    .GetValueOrDefault(trial.Number)
                    ?.ToDictionary(pair => pair.Key, pair => TimeSpan.FromSeconds(pair.Value))
                ?? trial.Durations,
        };

        StudyFileException Wrong(string what) =>
            CheckedRow.Contradiction(
                Path,
                "trial",
                string.Create(CultureInfo.InvariantCulture, $"trial {trial.Number}"),
                what
            );
    }

    private Dictionary<int, Dictionary<string, double>> ReadValues(
        string table,
        string nameColumn,
        string valueColumn,
        string condition,
        double least,
        double most,
        params ReadOnlySpan<object?> values
    )
    {
        using SqliteCommand command = connection.Command(
            $"SELECT number, v.{nameColumn}, {valueColumn} FROM {table} v JOIN trial t ON t.id = trial_id WHERE study_id = $0 {condition}",
            [studyId, .. values]
        );
        using SqliteDataReader reader = command.ExecuteReader();
        var byTrial = new Dictionary<int, Dictionary<string, double>>();
        var row = new CheckedRow(reader, Path, table);
        while (reader.Read())
        {
            int number = (int)row.Integer("number", 0, SqliteTrialRow.MaxNumber);
            row.Place = string.Create(CultureInfo.InvariantCulture, $"trial {number}");
            string name = row.Identifier(nameColumn);
            row.Place = PlaceOf(number, name);
            if (!byTrial.TryGetValue(number, out Dictionary<string, double>? named))
                byTrial[number] = named = new(StringComparer.Ordinal);
            if (!named.TryAdd(name, row.Number(valueColumn, least, most)))
                throw row.Contradiction("it is there twice");
        }
        return byTrial;
    }

    // Checks lengths only, so that no array is loaded before its size is known to be allowed.
    private void CheckArrays()
    {
        using SqliteCommand command = connection.Command(
            "SELECT number, state, a.name, columns, typeof(data) AS kind, length(data) AS bytes FROM trial_array "
                + "a JOIN trial t ON t.id = trial_id WHERE study_id = $0",
            studyId
        );
        using SqliteDataReader reader = command.ExecuteReader();
        var row = new CheckedRow(reader, Path, "trial_array");
        while (reader.Read())
        {
            int number = (int)row.Integer("number", 0, SqliteTrialRow.MaxNumber);
            row.Place = string.Create(CultureInfo.InvariantCulture, $"trial {number}");
            row.Place = PlaceOf(number, row.Identifier("name"));
            long columns = row.Integer("columns", 1, MaxColumns);
            if (row.Text("kind") != "blob")
                throw row.Impossible("kind", "'blob'");
            long bytes = row.Integer("bytes", 0, MaxArrayBytes);
            if (bytes % (columns * sizeof(float)) != 0)
                throw row.Impossible(
                    "bytes",
                    string.Create(CultureInfo.InvariantCulture, $"whole rows of {columns} values of 4 bytes")
                );
            if (row.Text("state") != SqliteTrialRow.NameOf(TrialState.Complete))
                throw row.Contradiction("it belongs to a trial that is not complete");
        }
    }

    private static string PlaceOf(int number, string name) =>
        string.Create(CultureInfo.InvariantCulture, $"trial {number}, '{name}'");
}
