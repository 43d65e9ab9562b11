using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Studies.Storage;

/// <summary>
/// A study in an SQLite file with a write-ahead log. Processes on one machine may share it; the log does not work on
/// network drives. The tables are described in <c>Schema/*.sql</c>.
/// </summary>
internal sealed class SqliteStudyStore : IStudyStore
{
    /// <summary>Time without a heartbeat after which a worker on another host counts as gone.</summary>
    public static readonly TimeSpan LeaseTimeout = TimeSpan.FromMinutes(2);

    /// <summary>Number of deaths in a row after which a trial is set aside, because the trial itself may be the
    /// cause.</summary>
    public const int MaxDeaths = 3;

    private const int ReasonLength = 10_000;

    private readonly SqliteConnection connection;
    private readonly Lock gate = new();
    private readonly TimeProvider time;
    private readonly long studyId;
    private readonly SqliteStudyRows rows;

    private SqliteStudyStore(SqliteConnection connection, TimeProvider time, long studyId, Study study)
    {
        this.connection = connection;
        this.time = time;
        this.studyId = studyId;
        Study = study;
        rows = new SqliteStudyRows(connection, studyId);
    }

    /// <inheritdoc/>
    public Study Study { get; }

    /// <summary>Creates a study, or continues it if the file holds one of this name.</summary>
    /// <param name="path">The file; created if absent.</param>
    /// <param name="settings">Settings that all trials share.</param>
    /// <param name="time">Clock of leases and heartbeats.</param>
    /// <param name="studyName">Name of the study within the file.</param>
    /// <exception cref="StudySettingsException">The study has other settings; the message lists the
    /// differences.</exception>
    /// <exception cref="StudyFileException">The file is not a usable study file, or holds values that this program
    /// could not have written.</exception>
    /// <exception cref="StorageException">The file cannot be opened or written.</exception>
    public static SqliteStudyStore OpenOrCreate(
        string path,
        StudySettings settings,
        TimeProvider time,
        string studyName = Study.DefaultName
    )
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(time);
        return Open(
            path,
            create: true,
            connection =>
            {
                connection.Execute(
                    "INSERT INTO study (name, settings, created_at) VALUES ($0, $1, $2) ON CONFLICT (name) DO NOTHING",
                    studyName,
                    settings.ToJson(),
                    time.GetUtcNow().ToUnixTimeMilliseconds()
                );
                (long id, Study study) = SqliteStudyRows.ReadStudy(connection, studyName)!.Value;
                if (study.Settings.Fingerprint != settings.Fingerprint)
                    throw StudySettingsException.For(path, study, settings);
                return new SqliteStudyStore(connection, time, id, study);
            }
        );
    }

    /// <summary>Opens an existing study.</summary>
    /// <exception cref="StudyFileException">The file is not a usable study file, has no study of this name, or holds
    /// values that this program could not have written.</exception>
    /// <exception cref="StorageException">The file cannot be opened.</exception>
    public static SqliteStudyStore Open(string path, TimeProvider time, string studyName = Study.DefaultName)
    {
        ArgumentNullException.ThrowIfNull(time);
        return Open(
            path,
            create: false,
            connection =>
                SqliteStudyRows.ReadStudy(connection, studyName) is (long id, Study study)
                    ? new SqliteStudyStore(connection, time, id, study)
                    : throw new StudyFileException($"{path}: there is no study '{studyName}'.")
                    {
                        Remedy = Remedy.Study,
                    }
        );
    }

    /// <inheritdoc/>
    public void Enqueue(IReadOnlyList<TrialProposal> proposals)
    {
        ArgumentNullException.ThrowIfNull(proposals);
        InTransaction(() =>
        {
            foreach (TrialProposal proposal in proposals)
            {
                connection.Execute(
                    """
                    INSERT INTO trial (study_id, number, name, allocation, seed, state) VALUES ($0, $1, $2, $3, $4, 'waiting')
                    ON CONFLICT (study_id, number) DO NOTHING
                    """,
                    studyId,
                    proposal.Number,
                    proposal.Name,
                    proposal.Allocation.ToJson(),
                    unchecked((long)proposal.Seed)
                );
            }
            return proposals.Count;
        });
    }

    /// <inheritdoc/>
    public Trial? LeaseNext(StudyWorker worker, int trialCount)
    {
        ArgumentNullException.ThrowIfNull(worker);
        return InTransaction(() =>
        {
            RecoverLeases();
            List<Trial> leased = rows.ReadTrials(
                """
                UPDATE trial SET state = 'running', attempt = attempt + 1, host = $2, process_id = $3, process_start = $4, versions = $5,
                                 started_at = $6, heartbeat_at = $6, failure = NULL
                WHERE id = (SELECT id FROM trial WHERE study_id = $0 AND state = 'waiting' AND number < $1 ORDER BY number LIMIT 1)
                RETURNING *
                """,
                studyId,
                trialCount,
                worker.Host,
                worker.ProcessId,
                worker.ProcessStart,
                Json(worker.Versions),
                Now()
            );
            return leased.SingleOrDefault();
        });
    }

    /// <inheritdoc/>
    public bool Heartbeat(Trial leased) => InTransaction(() => UpdateLeased(leased, "heartbeat_at = $6", Now()));

    /// <inheritdoc/>
    public Trial Complete(Trial leased, TrialResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return InTransaction(() =>
        {
            string state = SqliteTrialRow.NameOf(TrialState.Complete);
            if (!UpdateLeased(leased, "state = $6, finished_at = $7, heartbeat_at = $7", state, Now()))
                throw new LeaseLostException(leased.Number);
            long id = connection.Scalar(
                "SELECT id FROM trial WHERE study_id = $0 AND number = $1",
                studyId,
                leased.Number
            );
            foreach ((string name, double value) in result.Metrics)
            {
                connection.Execute(
                    "INSERT INTO trial_metric (trial_id, name, value) VALUES ($0, $1, $2)",
                    id,
                    name,
                    value
                );
            }
            foreach ((string stage, TimeSpan duration) in result.Durations)
            {
                connection.Execute(
                    "INSERT INTO trial_duration (trial_id, stage, seconds) VALUES ($0, $1, $2)",
                    id,
                    stage,
                    duration.TotalSeconds
                );
            }
            foreach (TrialArray array in result.Arrays)
            {
                connection.Execute(
                    "INSERT INTO trial_array (trial_id, name, columns, data) VALUES ($0, $1, $2, $3)",
                    id,
                    array.Name,
                    array.Columns,
                    MemoryMarshal.AsBytes(array.Values.AsSpan()).ToArray()
                );
            }
            return rows.ReadOne(leased.Number);
        });
    }

    /// <inheritdoc/>
    public Trial Fail(Trial leased, string reason) =>
        InTransaction(() =>
        {
            string kept = reason.Length > ReasonLength ? reason[..ReasonLength] : reason;
            if (
                !UpdateLeased(
                    leased,
                    "state = 'failed', failure = $6, finished_at = $7, heartbeat_at = $7",
                    kept,
                    Now()
                )
            )
            {
                throw new LeaseLostException(leased.Number);
            }
            return rows.ReadOne(leased.Number);
        });

    /// <inheritdoc/>
    public void Release(Trial leased) =>
        InTransaction(() => UpdateLeased(leased, "state = 'waiting', attempt = attempt - 1, deaths = 0"));

    /// <inheritdoc/>
    public int RetryFailed(int trialCount = int.MaxValue) =>
        InTransaction(() =>
        {
            // A trial whose last allowed process has just died is still marked as running; it is to be retried too.
            RecoverLeases();
            return connection.Execute(
                """
                UPDATE trial SET state = 'waiting', attempt = 0, deaths = 0, failure = NULL, finished_at = NULL
                WHERE study_id = $0 AND number < $1 AND state IN ('failed', 'set-aside')
                """,
                studyId,
                trialCount
            );
        });

    /// <inheritdoc/>
    public TrialCounts Count(int trialCount) =>
        InTransaction(
            () =>
            {
                using SqliteCommand command = connection.Command(
                    "SELECT state, count(*) FROM trial WHERE study_id = $0 AND number < $1 GROUP BY state",
                    studyId,
                    trialCount
                );
                using SqliteDataReader reader = command.ExecuteReader();
                var counts = new Dictionary<string, int>(StringComparer.Ordinal);
                while (reader.Read())
                    counts[reader.GetString(0)] = reader.GetInt32(1);
                int Of(TrialState state) => counts.GetValueOrDefault(SqliteTrialRow.NameOf(state));
                return new TrialCounts(
                    Of(TrialState.Waiting),
                    Of(TrialState.Running),
                    Of(TrialState.Complete),
                    Of(TrialState.Failed),
                    Of(TrialState.SetAside)
                );
            },
            write: false
        );

    /// <inheritdoc/>
    public IReadOnlyList<Trial> List() => InTransaction<IReadOnlyList<Trial>>(rows.ReadAll, write: false);

    /// <inheritdoc/>
    public IReadOnlyDictionary<int, TrialArray> ReadArrays(string name) =>
        InTransaction<IReadOnlyDictionary<int, TrialArray>>(() => rows.ReadArrays(name), write: false);

    /// <inheritdoc/>
    public void Dispose() => connection.Dispose();

    // The whole content is read once, so that invalid values are found before the store is used.
    private static SqliteStudyStore Open(string path, bool create, Func<SqliteConnection, SqliteStudyStore> find)
    {
        SqliteConnection connection = SqliteStudyFile.Open(path, create);
        try
        {
            SqliteStudyStore store = find(connection);
            connection.InTransaction(write: false, store.rows.ReadAll);
            return store;
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

    // SQLite works on the calling thread; the lock keeps a heartbeat from running inside another call's transaction.
    // Writers take SQLite's write lock at the start, so that a transaction never fails half-way because of another
    // process.
    private T InTransaction<T>(Func<T> work, bool write = true)
    {
        lock (gate)
        {
            try
            {
                RequireInPlace();
                T result = connection.InTransaction(write, work);
                // A commit to a file that has been deleted or moved meanwhile is lost, so it counts as failed.
                RequireInPlace();
                return result;
            }
            catch (SqliteException error)
            {
                throw new SqliteFault(
                    error,
                    connection.DataSource,
                    SqliteLibrary.SystemError(connection),
                    write
                ).Explain();
            }
        }
    }

    private void RequireInPlace()
    {
        if (SqliteLibrary.HasMoved(connection))
            throw SqliteFault.Vanished(connection.DataSource);
    }

    // On this host the process table decides whether a worker is alive, whatever the clocks show; for other hosts the
    // last heartbeat decides.
    private void RecoverLeases()
    {
        foreach (
            Trial trial in rows.ReadTrials("SELECT * FROM trial WHERE study_id = $0 AND state = 'running'", studyId)
        )
        {
            WorkerPresence presence = trial.Worker!.Presence();
            // The absolute value also covers a heartbeat far in the future, which comes from clocks that disagree.
            bool isSilent = (time.GetUtcNow() - trial.HeartbeatAt!.Value).Duration() > LeaseTimeout;
            if (presence == WorkerPresence.Here || (presence == WorkerPresence.Elsewhere && !isSilent))
                continue;
            int deaths = trial.Deaths + 1;
            if (deaths < MaxDeaths)
                UpdateLeased(trial, "state = 'waiting', deaths = $6", deaths);
            else
            {
                UpdateLeased(
                    trial,
                    "state = 'set-aside', deaths = $6, failure = $7, finished_at = $8",
                    deaths,
                    $"its process ended {deaths} times in a row without a result (killed, crashed or out of memory)",
                    Now()
                );
            }
        }
    }

    // Changes a trial only if the caller's lease is still the current one.
    private bool UpdateLeased(Trial leased, string assignments, params ReadOnlySpan<object?> values) =>
        connection.Execute(
            $"""
            UPDATE trial SET {assignments} WHERE study_id = $0 AND number = $1 AND attempt = $2 AND host IS $3 AND process_id IS $4 AND process_start IS $5
            AND state = 'running'
            """,
            [
                studyId,
                leased.Number,
                leased.Attempt,
                leased.Worker?.Host,
                leased.Worker?.ProcessId,
                leased.Worker?.ProcessStart,
                .. values,
            ]
        ) == 1;

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();

    private static string Json(IReadOnlyDictionary<string, string> values) =>
        JsonSerializer.Serialize(
            new JsonObject(
                values
                    .OrderBy(pair => pair.Key, StringComparer.Ordinal)
                    .Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)JsonValue.Create(pair.Value)))
            )
        );
}
