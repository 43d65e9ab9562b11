using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Studies;
using Qua2SeDiMo.Studies.Sampling;
using Qua2SeDiMo.Studies.Storage;
using Xunit;

namespace Qua2SeDiMo.Tests.Studies;

public sealed class LeaseHeartbeatTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("q2-heartbeat-");
    private readonly HandTimer clock = new();

    private string FilePath => Path.Combine(folder.FullName, "study.db");

    [Fact]
    public void A_beat_shows_in_the_store_that_the_worker_lives()
    {
        using SqliteStudyStore store = Open();
        Trial leased = Lease(store);
        using var evaluation = new CancellationTokenSource();
        using var heartbeat = new LeaseHeartbeat(store, leased, evaluation, clock);
        Assert.Equal(StudyRunner.HeartbeatInterval, clock.Interval);
        clock.Now += TimeSpan.FromSeconds(10);
        clock.Tick();
        Assert.Equal(clock.Now, store.List()[0].HeartbeatAt);
        Assert.Null(heartbeat.Error);
        Assert.False(evaluation.IsCancellationRequested);
    }

    [Fact]
    public void A_lease_that_another_worker_took_over_ends_the_evaluation_without_an_error()
    {
        using SqliteStudyStore store = Open();
        Trial leased = Lease(store);
        using var evaluation = new CancellationTokenSource();
        using var heartbeat = new LeaseHeartbeat(store, leased, evaluation, clock);
        store.Release(leased);
        clock.Tick();
        Assert.True(evaluation.IsCancellationRequested);
        Assert.Null(heartbeat.Error);
    }

    [Fact]
    public void A_store_that_cannot_be_reached_ends_the_evaluation_with_its_error()
    {
        using SqliteStudyStore store = Open();
        Trial leased = Lease(store);
        using var evaluation = new CancellationTokenSource();
        using var heartbeat = new LeaseHeartbeat(store, leased, evaluation, clock);
        File.Delete(FilePath);
        clock.Tick();
        Assert.True(evaluation.IsCancellationRequested);
        Assert.Contains(
            "was deleted",
            Assert.IsAssignableFrom<Q2Exception>(heartbeat.Error).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void After_its_end_a_late_tick_reaches_no_store_that_is_closed()
    {
        Trial leased;
        LeaseHeartbeat heartbeat;
        using var evaluation = new CancellationTokenSource();
        using (SqliteStudyStore store = Open())
        {
            leased = Lease(store);
            heartbeat = new LeaseHeartbeat(store, leased, evaluation, clock);
            heartbeat.Dispose();
        }
        clock.Tick();
        Assert.True(clock.IsStopped);
        Assert.Null(heartbeat.Error);
        Assert.False(evaluation.IsCancellationRequested);
    }

    [Fact]
    public void A_lost_lease_ends_the_evaluation_of_a_runner_which_goes_on_with_the_other_trials()
    {
        using SqliteStudyStore store = Open(),
            thief = Open();
        int interrupted = 0;
        var objective = new Interrupted(number =>
        {
            if (number != 0 || interrupted++ > 0)
                return;
            thief.Release(store.List()[0]);
            clock.Tick();
        });
        IReadOnlyList<Trial> trials = Runner(store, objective).Run(2, seed: 42);
        Assert.Equal(2, trials.Count);
        Assert.All(trials, trial => Assert.Equal((TrialState.Complete, 1), (trial.State, trial.Attempt)));
        Assert.Equal(2, interrupted);
    }

    [Fact]
    public void A_runner_whose_store_cannot_be_reached_meanwhile_stops_with_that_error()
    {
        using SqliteStudyStore store = Open();
        var objective = new Interrupted(_ =>
        {
            File.Delete(FilePath);
            clock.Tick();
        });
        Q2Exception error = Assert.ThrowsAny<Q2Exception>(() => Runner(store, objective).Run(2, seed: 42));
        Assert.Contains("was deleted", error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => folder.Delete(recursive: true);

    private static readonly AllocationSpace Space = new([("a", 4096, 64)], 16);

    private StudyRunner Runner(IStudyStore store, ITrialObjective objective) =>
        new(store, new RandomAllocationSampler(Space, 42), objective, StudyWorker.ThisProcess(), clock);

    private SqliteStudyStore Open() => SqliteStudyStore.OpenOrCreate(FilePath, new StudySettings([]), clock);

    private static Trial Lease(SqliteStudyStore store)
    {
        store.Enqueue([new TrialProposal(0, "trial-0", new RandomAllocationSampler(Space, 42).Sample(0), 42)]);
        return store.LeaseNext(StudyWorker.ThisProcess(), 1)!;
    }

    // Runs an action during a trial, then checks its cancellation token as every objective does.
    private sealed class Interrupted(Action<int> during) : ITrialObjective
    {
        public TrialResult Evaluate(
            int trialNumber,
            BitAllocation allocation,
            IProgress<TrialProgress>? progress,
            CancellationToken cancellationToken
        )
        {
            during(trialNumber);
            cancellationToken.ThrowIfCancellationRequested();
            return new TrialResult(new Dictionary<string, double> { ["psnr"] = trialNumber });
        }
    }

    // A clock whose timer ticks only when a test calls it.
    private sealed class HandTimer : TimeProvider, ITimer
    {
        private Action tick = () => { };

        public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public TimeSpan Interval { get; private set; }

        public bool IsStopped { get; private set; }

        public void Tick() => tick();

        public override DateTimeOffset GetUtcNow() => Now;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            tick = () => callback(state);
            Interval = period;
            IsStopped = false;
            return this;
        }

        public bool Change(TimeSpan dueTime, TimeSpan period) => false;

        public void Dispose() => IsStopped = true;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
