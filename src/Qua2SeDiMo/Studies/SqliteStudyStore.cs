using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;

namespace Qua2SeDiMo.Studies;

/// <summary>
/// A study in an SQLite file with a write-ahead log. Processes of one machine may share it; the log does not work on network drives.
/// The tables are described in <c>Schema/*.sql</c>.
/// </summary>
public sealed class SqliteStudyStore : IStudyStore
{
    /// <summary>Silence after which a worker that cannot be seen from here counts as gone.</summary>
    public static readonly TimeSpan LeaseTimeout = TimeSpan.FromMinutes(2);

    /// <summary>A trial whose process has died so often fails: the cause is likely the trial itself.</summary>
    public const int MaxAttempts = 3;

    private readonly SqliteConnection connection;
    private readonly SemaphoreSlim gate = new(1);
    private readonly TimeProvider time;
    private readonly long studyId;

    private SqliteStudyStore(SqliteConnection connection, TimeProvider time, long studyId, Study study)
    {
        this.connection = connection;
        this.time = time;
        this.studyId = studyId;
        Study = study;
    }

    /// <inheritdoc/>
    public Study Study { get; }

    /// <summary>Begins a study, or continues it if the file holds one of this name.</summary>
    /// <param name="path">The file; made if absent.</param>
    /// <param name="settings">What all trials share.</param>
    /// <param name="time">Clock of leases.</param>
    /// <param name="studyName">Name within the file.</param>
    /// <exception cref="StudySettingsException">The study has other settings; says which.</exception>
    /// <exception cref="StudyFileException">Not a usable study file.</exception>
    public static SqliteStudyStore OpenOrCreate(string path, StudySettings settings, TimeProvider time, string studyName = Study.DefaultName)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(time);
        SqliteConnection connection = SqliteStudyFile.Open(path, create: true);
        try
        {
            connection.Execute("INSERT INTO study (name, settings, created_at) VALUES ($0, $1, $2) ON CONFLICT (name) DO NOTHING",
                studyName, settings.ToJson(), time.GetUtcNow().ToUnixTimeMilliseconds());
            (long id, Study study) = ReadStudy(connection, studyName)!.Value;
            if (study.Settings.Fingerprint != settings.Fingerprint) throw StudySettingsException.For(path, study, settings);
            return new SqliteStudyStore(connection, time, id, study);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Opens a study that exists, under the settings that it has.</summary>
    /// <exception cref="StudyFileException">Not a usable study file, or it holds no study of this name.</exception>
    public static SqliteStudyStore Open(string path, TimeProvider time, string studyName = Study.DefaultName)
    {
        ArgumentNullException.ThrowIfNull(time);
        SqliteConnection connection = SqliteStudyFile.Open(path, create: false);
        if (ReadStudy(connection, studyName) is (long id, Study study)) return new SqliteStudyStore(connection, time, id, study);
        connection.Dispose();
        throw new StudyFileException($"{path}: there is no study '{studyName}'. 'q2 study' makes one.");
    }

    /// <inheritdoc/>
    public Task EnqueueAsync(IReadOnlyList<TrialProposal> proposals, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(proposals);
        return InTransaction(() =>
        {
            foreach (TrialProposal proposal in proposals)
            {
                connection.Execute(
                    """
                    INSERT INTO trial (study_id, number, name, allocation, seed, state) VALUES ($0, $1, $2, $3, $4, 'waiting')
                    ON CONFLICT (study_id, number) DO NOTHING
                    """,
                    studyId, proposal.Number, proposal.Name, proposal.Allocation.ToJson(), unchecked((long)proposal.Seed));
            }
            return proposals.Count;
        }, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<Trial?> LeaseNextAsync(StudyWorker worker, int trialCount, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(worker);
        return InTransaction(() =>
        {
            RecoverStaleLeases();
            long now = Now();
            List<Trial> leased = ReadTrials(
                """
                UPDATE trial SET state = 'running', attempt = attempt + 1, host = $2, process_id = $3, process_start = $4, versions = $5,
                                 started_at = $6, heartbeat_at = $6, failure = NULL
                WHERE id = (SELECT id FROM trial WHERE study_id = $0 AND state = 'waiting' AND number < $1 ORDER BY number LIMIT 1)
                RETURNING *
                """,
                studyId, trialCount, worker.Host, worker.ProcessId, worker.ProcessStart, Json(worker.Versions), now);
            return leased.SingleOrDefault();
        }, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<bool> HeartbeatAsync(Trial leased, CancellationToken cancellationToken = default) =>
        InTransaction(() => UpdateLeased(leased, "heartbeat_at = $3", Now()), cancellationToken);

    /// <inheritdoc/>
    public Task<Trial> CompleteAsync(Trial leased, TrialResult result, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(result);
        return InTransaction(() =>
        {
            string state = SqliteTrialRow.NameOf(result.IsPruned ? TrialState.Pruned : TrialState.Complete);
            if (!UpdateLeased(leased, "state = $3, finished_at = $4, heartbeat_at = $4", state, Now())) throw new LeaseLostException(leased.Number);
            long id = connection.Scalar("SELECT id FROM trial WHERE study_id = $0 AND number = $1", studyId, leased.Number);
            foreach ((string name, double value) in result.Metrics)
            {
                connection.Execute("INSERT INTO trial_metric (trial_id, name, value) VALUES ($0, $1, $2)",
                    id, name, double.IsNaN(value) ? null : value);
            }
            foreach ((string stage, TimeSpan duration) in result.Durations)
            {
                connection.Execute("INSERT INTO trial_duration (trial_id, stage, seconds) VALUES ($0, $1, $2)", id, stage, duration.TotalSeconds);
            }
            foreach (TrialArray array in result.Arrays)
            {
                connection.Execute("INSERT INTO trial_array (trial_id, name, columns, data) VALUES ($0, $1, $2, $3)",
                    id, array.Name, array.Columns, MemoryMarshal.AsBytes(array.Values.AsSpan()).ToArray());
            }
            return ReadTrial(leased.Number);
        }, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<Trial> FailAsync(Trial leased, string reason, CancellationToken cancellationToken = default) => InTransaction(() =>
    {
        if (!UpdateLeased(leased, "state = 'failed', failure = $3, finished_at = $4, heartbeat_at = $4", reason, Now()))
        {
            throw new LeaseLostException(leased.Number);
        }
        return ReadTrial(leased.Number);
    }, cancellationToken);

    /// <inheritdoc/>
    public Task ReleaseAsync(Trial leased, CancellationToken cancellationToken = default) =>
        InTransaction(() => UpdateLeased(leased, "state = 'waiting', attempt = attempt - 1"), cancellationToken);

    /// <inheritdoc/>
    public Task<int> RetryFailedAsync(CancellationToken cancellationToken = default) => InTransaction(() => connection.Execute(
        "UPDATE trial SET state = 'waiting', attempt = 0, failure = NULL, finished_at = NULL WHERE study_id = $0 AND state = 'failed'",
        studyId), cancellationToken);

    /// <inheritdoc/>
    public Task<TrialCounts> CountAsync(int trialCount, CancellationToken cancellationToken = default) => InTransaction(() =>
    {
        using SqliteCommand command = connection.Command(
            "SELECT state, count(*) FROM trial WHERE study_id = $0 AND number < $1 GROUP BY state", studyId, trialCount);
        using SqliteDataReader reader = command.ExecuteReader();
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        while (reader.Read()) counts[reader.GetString(0)] = reader.GetInt32(1);
        int Of(TrialState state) => counts.GetValueOrDefault(SqliteTrialRow.NameOf(state));
        return new TrialCounts(Of(TrialState.Waiting), Of(TrialState.Running), Of(TrialState.Complete) + Of(TrialState.Pruned), Of(TrialState.Failed));
    }, cancellationToken, write: false);

    /// <inheritdoc/>
    public Task<IReadOnlyList<Trial>> ListAsync(CancellationToken cancellationToken = default) => InTransaction<IReadOnlyList<Trial>>(() =>
    {
        var metrics = ReadValues("SELECT number, m.name, value FROM trial_metric m JOIN trial t ON t.id = trial_id WHERE study_id = $0");
        var durations = ReadValues("SELECT number, stage, seconds FROM trial_duration JOIN trial t ON t.id = trial_id WHERE study_id = $0");
        List<Trial> trials = ReadTrials("SELECT * FROM trial WHERE study_id = $0 ORDER BY number", studyId);
        return [.. trials.Select(trial => trial with
        {
            Metrics = metrics.GetValueOrDefault(trial.Number) ?? trial.Metrics,
            Durations = durations.GetValueOrDefault(trial.Number)?.ToDictionary(pair => pair.Key, pair => TimeSpan.FromSeconds(pair.Value))
                ?? trial.Durations,
        })];
    }, cancellationToken, write: false);

    /// <inheritdoc/>
    public Task<IReadOnlyDictionary<int, TrialArray>> ReadArraysAsync(string name, CancellationToken cancellationToken = default) =>
        InTransaction<IReadOnlyDictionary<int, TrialArray>>(() =>
        {
            using SqliteCommand command = connection.Command(
                """
                SELECT number, columns, data FROM trial_array a JOIN trial t ON t.id = trial_id
                WHERE study_id = $0 AND state = 'complete' AND a.name = $1 ORDER BY number
                """,
                studyId, name);
            using SqliteDataReader reader = command.ExecuteReader();
            var arrays = new SortedDictionary<int, TrialArray>();
            while (reader.Read())
            {
                float[] values = MemoryMarshal.Cast<byte, float>(reader.GetFieldValue<byte[]>(2)).ToArray();
                arrays.Add(reader.GetInt32(0), new TrialArray(name, reader.GetInt32(1), values));
            }
            return arrays;
        }, cancellationToken, write: false);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await connection.DisposeAsync().ConfigureAwait(false);
        gate.Dispose();
    }

    // SQLite works on the calling thread; the gate keeps heartbeats out of a transaction of the same store. Writers take the write lock at
    // once, so that a transaction never fails half-way because another process was faster.
    private async Task<T> InTransaction<T>(Func<T> work, CancellationToken cancellationToken, bool write = true)
    {
        await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            using SqliteTransaction transaction = connection.BeginTransaction(deferred: !write);
            T result = work();
            transaction.Commit();
            return result;
        }
        catch (SqliteException error)
        {
            throw new StudyFileException($"{connection.DataSource}: the study could not be {(write ? "written" : "read")} ({error.Message}). "
                + "Is the disk full, or the file on a network drive or damaged?", error);
        }
        finally
        {
            gate.Release();
        }
    }

    private void RecoverStaleLeases()
    {
        DateTimeOffset deadline = time.GetUtcNow() - LeaseTimeout;
        foreach (Trial trial in ReadTrials("SELECT * FROM trial WHERE study_id = $0 AND state = 'running'", studyId))
        {
            if (!trial.Worker!.IsGone() && trial.HeartbeatAt >= deadline) continue;
            if (trial.Attempt < MaxAttempts) UpdateLeased(trial, "state = 'waiting'");
            else
            {
                UpdateLeased(trial, "state = 'failed', failure = $3, finished_at = $4",
                    $"Its process ended {trial.Attempt} times without a result (killed, crashed or out of memory).", Now());
            }
        }
    }

    // Changes a trial only while the lease that the caller holds is the current one.
    private bool UpdateLeased(Trial leased, string assignments, params ReadOnlySpan<object?> values) => connection.Execute(
        $"UPDATE trial SET {assignments} WHERE study_id = $0 AND number = $1 AND attempt = $2 AND state = 'running'",
        [studyId, leased.Number, leased.Attempt, .. values]) == 1;

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();

    private Trial ReadTrial(int number)
    {
        Trial trial = ReadTrials("SELECT * FROM trial WHERE study_id = $0 AND number = $1", studyId, number).Single();
        const string Where = "JOIN trial t ON t.id = trial_id WHERE study_id = $0 AND number = $1";
        var metrics = ReadValues($"SELECT number, m.name, value FROM trial_metric m {Where}", number).GetValueOrDefault(number);
        var durations = ReadValues($"SELECT number, stage, seconds FROM trial_duration {Where}", number).GetValueOrDefault(number);
        return trial with
        {
            Metrics = metrics ?? trial.Metrics,
            Durations = durations?.ToDictionary(pair => pair.Key, pair => TimeSpan.FromSeconds(pair.Value)) ?? trial.Durations,
        };
    }

    private Dictionary<int, Dictionary<string, double>> ReadValues(string query, params ReadOnlySpan<object?> values)
    {
        using SqliteCommand command = connection.Command(query, [studyId, .. values]);
        using SqliteDataReader reader = command.ExecuteReader();
        var byTrial = new Dictionary<int, Dictionary<string, double>>();
        while (reader.Read())
        {
            int number = reader.GetInt32(0);
            if (!byTrial.TryGetValue(number, out Dictionary<string, double>? named)) byTrial[number] = named = new(StringComparer.Ordinal);
            named[reader.GetString(1)] = reader.IsDBNull(2) ? double.NaN : reader.GetDouble(2);
        }
        return byTrial;
    }

    private List<Trial> ReadTrials(string query, params ReadOnlySpan<object?> values)
    {
        using SqliteCommand command = connection.Command(query, values);
        using SqliteDataReader reader = command.ExecuteReader();
        var trials = new List<Trial>();
        while (reader.Read()) trials.Add(SqliteTrialRow.Read(reader));
        return trials;
    }

    private static (long Id, Study Study)? ReadStudy(SqliteConnection connection, string name)
    {
        using SqliteCommand command = connection.Command("SELECT id, settings, created_at FROM study WHERE name = $0", name);
        using SqliteDataReader reader = command.ExecuteReader();
        if (!reader.Read()) return null;
        return (reader.GetInt64(0),
            new Study(name, StudySettings.FromJson(reader.GetString(1)), DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(2))));
    }

    private static string Json(IReadOnlyDictionary<string, string> values) => JsonSerializer.Serialize(
        new JsonObject(values.OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)JsonValue.Create(pair.Value)))));
}
