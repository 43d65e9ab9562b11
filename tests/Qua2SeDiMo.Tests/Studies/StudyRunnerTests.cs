using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Studies;
using Qua2SeDiMo.Studies.Sampling;
using Qua2SeDiMo.Studies.Storage;
using Xunit;

namespace Qua2SeDiMo.Tests.Studies;

public sealed class StudyRunnerTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("q2-runner-");
    private readonly AllocationSpace space = new([("a", 4096, 64), ("b", 1024, 32), ("c", 2048, 16)], 16);

    [Fact]
    public void Every_trial_is_evaluated_once_with_its_own_allocation()
    {
        using SqliteStudyStore store = Open();
        var objective = new Stub((_, allocation) => allocation.Specs.Values.Sum(spec => spec.Bits));
        var sampler = new RandomAllocationSampler(space, 42);
        IReadOnlyList<Trial> trials = Runner(store, objective, sampler).Run(8, seed: 42);
        Assert.Equal(Enumerable.Range(0, 8), objective.Evaluated.Order());
        Assert.All(trials, trial => Assert.Equal(sampler.Sample(trial.Number), trial.Allocation));
        Assert.All(
            trials,
            trial => Assert.Equal(trial.Allocation.Specs.Values.Sum(spec => spec.Bits), trial.Metrics["value"])
        );
    }

    [Fact]
    public async Task Two_runners_share_the_work_of_one_study()
    {
        using SqliteStudyStore first = Open(),
            second = Open();
        var objective = new Stub((number, _) => number);
        IReadOnlyList<Trial>[] results = await Task.WhenAll(
            Task.Run(() => Runner(first, objective).Run(30, 42)),
            Task.Run(() => Runner(second, objective).Run(30, 42))
        );
        Assert.Equal(Enumerable.Range(0, 30), objective.Evaluated.Order());
        Assert.All(results, trials => Assert.All(trials, trial => Assert.Equal(TrialState.Complete, trial.State)));
    }

    [Fact]
    public void The_same_call_goes_on_where_a_cancelled_run_stopped()
    {
        using var cancel = new CancellationTokenSource();
        using SqliteStudyStore store = Open();
        var stopping = new Stub(
            (number, _) =>
            {
                if (number == 3)
                    cancel.Cancel();
                return number;
            }
        );
        Assert.ThrowsAny<OperationCanceledException>(() => Runner(store, stopping).Run(6, 42, null, cancel.Token));
        Assert.Equal(new TrialCounts(3, 0, 3, 0), store.Count(6));
        var rest = new Stub((number, _) => number);
        Runner(store, rest).Run(6, 42);
        Assert.Equal([3, 4, 5], rest.Evaluated.Order());
    }

    [Fact]
    public void A_failing_trial_is_recorded_and_the_study_goes_on()
    {
        using SqliteStudyStore store = Open();
        var objective = new Stub((number, _) => number == 1 ? throw new InvalidDataException("no picture") : number);
        IReadOnlyList<Trial> trials = Runner(store, objective).Run(3, 42);
        Assert.Equal(
            [TrialState.Complete, TrialState.Failed, TrialState.Complete],
            trials.Select(trial => trial.State)
        );
        Assert.Equal("InvalidDataException: no picture", trials[1].Failure);
        Assert.Equal(2, objective.Begun.Count(number => number == 1));
    }

    [Fact]
    public void What_does_not_happen_again_fails_no_trial()
    {
        using SqliteStudyStore store = Open();
        int calls = 0;
        var objective = new Stub((number, _) => calls++ == 0 ? throw new InvalidDataException("a cosmic ray") : number);
        IReadOnlyList<Trial> trials = Runner(store, objective).Run(3, 42);
        Assert.All(trials, trial => Assert.Equal((TrialState.Complete, 1), (trial.State, trial.Attempt)));
    }

    [Theory]
    [InlineData(typeof(IOException))]
    [InlineData(typeof(UnauthorizedAccessException))]
    [InlineData(typeof(FileNotFoundException))]
    [InlineData(typeof(OutOfMemoryException))]
    [InlineData(typeof(AggregateException))]
    public void What_comes_from_the_surroundings_stops_the_run_and_fails_no_trial(Type kind)
    {
        using SqliteStudyStore store = Open();
        Exception Error() =>
            kind == typeof(AggregateException)
                ? new AggregateException(new IOException("disk gone"))
                : (Exception)Activator.CreateInstance(kind, "disk gone")!;
        var objective = new Stub((number, _) => number == 2 ? throw Error() : number);
        TrialInterruptedException error = Assert.Throws<TrialInterruptedException>(() =>
            Runner(store, objective).Run(5, 42)
        );
        Assert.Contains("disk gone", error.Message, StringComparison.Ordinal);
        Assert.Contains("'random-2' (number 2)", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, objective.Begun.Count(number => number == 2));
        Assert.Equal(new TrialCounts(3, 0, 2, 0), store.Count(5));
        IReadOnlyList<Trial> trials = Runner(store, new Stub((number, _) => number)).Run(5, 42);
        Assert.All(
            trials,
            trial => Assert.Equal((TrialState.Complete, 1, 0), (trial.State, trial.Attempt, trial.Deaths))
        );
    }

    [Fact]
    public void A_label_that_is_no_number_fails_its_trial()
    {
        using SqliteStudyStore store = Open();
        IReadOnlyList<Trial> trials = Runner(store, new Stub((number, _) => number == 1 ? double.NaN : number))
            .Run(3, 42);
        Assert.Equal(
            [TrialState.Complete, TrialState.Failed, TrialState.Complete],
            trials.Select(trial => trial.State)
        );
        Assert.Contains("'value' is NaN", trials[1].Failure, StringComparison.Ordinal);
    }

    [Fact]
    public void A_study_file_that_is_deleted_or_replaced_stops_the_study_at_once()
    {
        string path = Path.Combine(folder.FullName, "study.db");
        using SqliteStudyStore store = Open();
        var deleting = new Stub(
            (number, _) =>
            {
                if (number == 2)
                    File.Delete(path);
                return number;
            }
        );
        Exception deleted = Assert.ThrowsAny<Q2Exception>(() => Runner(store, deleting).Run(6, 42));
        Assert.Contains($"{path}: the study file was deleted", deleted.Message, StringComparison.Ordinal);
        Assert.Equal([0, 1, 2], deleting.Begun);

        using SqliteStudyStore other = Open();
        Exception replaced = Assert.ThrowsAny<Q2Exception>(() => store.List());
        Assert.Contains("replaced", replaced.Message, StringComparison.Ordinal);
        Assert.Empty(other.List());
    }

    [Fact]
    public void A_stopped_run_gives_its_lease_back_before_the_step_that_it_is_in_ends()
    {
        using var cancel = new CancellationTokenSource();
        using var released = new ManualResetEventSlim();
        using SqliteStudyStore store = Open(),
            watcher = Open();
        var slow = new Stub(
            (number, _) =>
            {
                cancel.CancelAfter(0);
                // A step that does not check its token until the lease is observed to be released.
                while (watcher.Count(1).Waiting == 0)
                    Assert.False(released.Wait(20));
                return number;
            }
        );
        Assert.ThrowsAny<OperationCanceledException>(() => Runner(store, slow).Run(1, 42, null, cancel.Token));
        Assert.Equal(new TrialCounts(1, 0, 0, 0), store.Count(1));
    }

    [Fact]
    public void Failures_in_a_row_stop_the_study()
    {
        using SqliteStudyStore store = Open();
        var objective = new Stub((_, _) => throw new InvalidDataException("no model"));
        TrialFailureException error = Assert.Throws<TrialFailureException>(() => Runner(store, objective).Run(10, 42));
        Assert.Contains("no model", error.Message, StringComparison.Ordinal);
        Assert.Equal(new TrialCounts(7, 0, 0, 3), store.Count(10));
    }

    [Fact]
    public void More_trials_are_added_and_fewer_change_nothing()
    {
        using SqliteStudyStore store = Open();
        var objective = new Stub((number, _) => number);
        Runner(store, objective).Run(2, 42);
        Runner(store, objective).Run(4, 42);
        Assert.Equal(4, (Runner(store, objective).Run(3, 42)).Count);
        Assert.Equal([0, 1, 2, 3], objective.Evaluated.Order());
    }

    [Fact]
    public void A_list_of_allocations_ends_the_study_by_itself()
    {
        using SqliteStudyStore store = Open();
        var sampler = new ListedAllocationSampler([
            ("full", BitAllocation.FullPrecision),
            ("mix", new RandomAllocationSampler(space, 1).Sample(0)),
        ]);
        IReadOnlyList<Trial> trials = Runner(store, new Stub((number, _) => number), sampler).Run(100, 42);
        Assert.Equal(["full", "mix"], trials.Select(trial => trial.Name));
    }

    [Fact]
    public void Progress_counts_up_to_the_total()
    {
        using SqliteStudyStore store = Open();
        var seen = new List<StudyProgress>();
        Runner(store, new Stub((number, _) => number)).Run(3, 42, new Immediate(seen));
        Assert.Equal(new TrialCounts(0, 0, 3, 0), seen[^1].Counts);
        Assert.Equal(2, seen[^1].Latest!.Number);
        Assert.Contains(
            seen,
            progress => progress is { Current.Number: 1, CurrentProgress.Stage: "half", Remaining: not null }
        );
    }

    public void Dispose() => folder.Delete(recursive: true);

    private SqliteStudyStore Open() =>
        SqliteStudyStore.OpenOrCreate(
            Path.Combine(folder.FullName, "study.db"),
            new StudySettings([]),
            TimeProvider.System
        );

    private StudyRunner Runner(IStudyStore store, ITrialObjective objective, IAllocationSampler? sampler = null) =>
        new(
            store,
            sampler ?? new RandomAllocationSampler(space, 42),
            objective,
            StudyWorker.ThisProcess(),
            TimeProvider.System
        );

    private sealed class Stub(Func<int, BitAllocation, double> evaluate) : ITrialObjective
    {
        public List<int> Evaluated { get; } = [];

        public List<int> Begun { get; } = [];

        public TrialResult Evaluate(
            int trialNumber,
            BitAllocation allocation,
            IProgress<TrialProgress>? progress,
            CancellationToken cancellationToken
        )
        {
            lock (Begun)
                Begun.Add(trialNumber);
            double value = evaluate(trialNumber, allocation);
            progress?.Report(new TrialProgress(0.5, "half"));
            cancellationToken.ThrowIfCancellationRequested();
            lock (Evaluated)
                Evaluated.Add(trialNumber);
            return new TrialResult(new Dictionary<string, double> { ["value"] = value });
        }
    }

    private sealed class Immediate(List<StudyProgress> seen) : IProgress<StudyProgress>
    {
        public void Report(StudyProgress value) => seen.Add(value);
    }
}
