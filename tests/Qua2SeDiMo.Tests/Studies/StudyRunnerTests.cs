using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Studies;
using Xunit;

namespace Qua2SeDiMo.Tests.Studies;

public sealed class StudyRunnerTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("q2-runner-");
    private readonly AllocationSpace space = new([("a", 4096, 64), ("b", 1024, 32), ("c", 2048, 16)], 16);

    [Fact]
    public async Task Every_trial_is_evaluated_once_with_its_own_allocation()
    {
        await using SqliteStudyStore store = Open();
        var objective = new Stub((_, allocation) => allocation.Specs.Values.Sum(spec => spec.Bits));
        var sampler = new RandomAllocationSampler(space, 42);
        IReadOnlyList<Trial> trials = await Runner(store, objective, sampler).RunAsync(8, seed: 42);
        Assert.Equal(Enumerable.Range(0, 8), objective.Evaluated.Order());
        Assert.All(trials, trial => Assert.Equal(sampler.Sample(trial.Number), trial.Allocation));
        Assert.All(trials, trial => Assert.Equal(trial.Allocation.Specs.Values.Sum(spec => spec.Bits), trial.Metrics["value"]));
    }

    [Fact]
    public async Task Two_runners_share_the_work_of_one_study()
    {
        await using SqliteStudyStore first = Open(), second = Open();
        var objective = new Stub((number, _) => number);
        IReadOnlyList<Trial>[] results = await Task.WhenAll(
            Runner(first, objective).RunAsync(30, 42), Runner(second, objective).RunAsync(30, 42));
        Assert.Equal(Enumerable.Range(0, 30), objective.Evaluated.Order());
        Assert.All(results, trials => Assert.All(trials, trial => Assert.Equal(TrialState.Complete, trial.State)));
    }

    [Fact]
    public async Task The_same_call_goes_on_where_a_cancelled_run_stopped()
    {
        using var cancel = new CancellationTokenSource();
        await using SqliteStudyStore store = Open();
        var stopping = new Stub((number, _) =>
        {
            if (number == 3) cancel.Cancel();
            return number;
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Runner(store, stopping).RunAsync(6, 42, null, cancel.Token));
        Assert.Equal(new TrialCounts(3, 0, 3, 0), await store.CountAsync(6));
        var rest = new Stub((number, _) => number);
        await Runner(store, rest).RunAsync(6, 42);
        Assert.Equal([3, 4, 5], rest.Evaluated.Order());
    }

    [Fact]
    public async Task A_failing_trial_is_recorded_and_the_study_goes_on()
    {
        await using SqliteStudyStore store = Open();
        var objective = new Stub((number, _) => number == 1 ? throw new InvalidDataException("no picture") : number);
        IReadOnlyList<Trial> trials = await Runner(store, objective).RunAsync(3, 42);
        Assert.Equal([TrialState.Complete, TrialState.Failed, TrialState.Complete], trials.Select(trial => trial.State));
        Assert.Equal("InvalidDataException: no picture", trials[1].Failure);
    }

    [Fact]
    public async Task Failures_in_a_row_stop_the_study()
    {
        await using SqliteStudyStore store = Open();
        var objective = new Stub((_, _) => throw new InvalidDataException("no model"));
        TrialFailureException error = await Assert.ThrowsAsync<TrialFailureException>(() => Runner(store, objective).RunAsync(10, 42));
        Assert.Contains("no model", error.Message, StringComparison.Ordinal);
        Assert.Equal(new TrialCounts(7, 0, 0, 3), await store.CountAsync(10));
    }

    [Fact]
    public async Task More_trials_are_added_and_fewer_change_nothing()
    {
        await using SqliteStudyStore store = Open();
        var objective = new Stub((number, _) => number);
        await Runner(store, objective).RunAsync(2, 42);
        await Runner(store, objective).RunAsync(4, 42);
        Assert.Equal(4, (await Runner(store, objective).RunAsync(3, 42)).Count);
        Assert.Equal([0, 1, 2, 3], objective.Evaluated.Order());
    }

    [Fact]
    public async Task A_list_of_allocations_ends_the_study_by_itself()
    {
        await using SqliteStudyStore store = Open();
        var sampler = new ListedAllocationSampler([("full", BitAllocation.FullPrecision), ("mix", new RandomAllocationSampler(space, 1).Sample(0))]);
        IReadOnlyList<Trial> trials = await Runner(store, new Stub((number, _) => number), sampler).RunAsync(100, 42);
        Assert.Equal(["full", "mix"], trials.Select(trial => trial.Name));
    }

    [Fact]
    public async Task Progress_counts_up_to_the_total()
    {
        await using SqliteStudyStore store = Open();
        var seen = new List<StudyProgress>();
        await Runner(store, new Stub((number, _) => number)).RunAsync(3, 42, new Immediate(seen));
        Assert.Equal(new TrialCounts(0, 0, 3, 0), seen[^1].Counts);
        Assert.Equal(2, seen[^1].Latest!.Number);
        Assert.Contains(seen, progress => progress is { Current.Number: 1, CurrentProgress.Stage: "half", Remaining: not null });
    }

    public void Dispose() => folder.Delete(recursive: true);

    private SqliteStudyStore Open() =>
        SqliteStudyStore.OpenOrCreate(Path.Combine(folder.FullName, "study.db"), new StudySettings([]), TimeProvider.System);

    private StudyRunner Runner(IStudyStore store, ITrialObjective objective, IAllocationSampler? sampler = null) =>
        new(store, sampler ?? new RandomAllocationSampler(space, 42), objective, StudyWorker.ThisProcess(), TimeProvider.System);

    private sealed class Stub(Func<int, BitAllocation, double> evaluate) : ITrialObjective
    {
        public List<int> Evaluated { get; } = [];

        public TrialResult Evaluate(int trialNumber, BitAllocation allocation, IProgress<TrialProgress>? progress, CancellationToken cancellationToken)
        {
            double value = evaluate(trialNumber, allocation);
            progress?.Report(new TrialProgress(0.5, "half"));
            cancellationToken.ThrowIfCancellationRequested();
            lock (Evaluated) Evaluated.Add(trialNumber);
            return new TrialResult(new Dictionary<string, double> { ["value"] = value });
        }
    }

    private sealed class Immediate(List<StudyProgress> seen) : IProgress<StudyProgress>
    {
        public void Report(StudyProgress value) => seen.Add(value);
    }
}
