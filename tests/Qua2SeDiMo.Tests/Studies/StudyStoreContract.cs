using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Studies;
using Xunit;

namespace Qua2SeDiMo.Tests.Studies;

/// <summary>Tests that every study store must pass. The test class of a store derives from it and defines how two
/// stores share one location.</summary>
public abstract class StudyStoreContract
{
    private protected static readonly StudySettings Settings = new([new("model", "tiny"), new("steps", "10")]);

    private protected ManualClock Clock { get; } = new();

    /// <summary>Opens a store at the location of this test; each call returns a separate store.</summary>
    private protected abstract IStudyStore Open(StudySettings settings);

    [Fact]
    public void A_trial_goes_from_waiting_to_running_to_complete()
    {
        using IStudyStore store = OpenWithTrials(2);
        Assert.All(store.List(), trial => Assert.Equal(TrialState.Waiting, trial.State));
        Trial leased = store.LeaseNext(Worker(), 2)!;
        Assert.Equal((0, TrialState.Running, 1), (leased.Number, leased.State, leased.Attempt));
        Trial complete = store.Complete(leased, Result(0.5));
        Assert.Equal(TrialState.Complete, complete.State);
        Assert.Equal(new TrialCounts(1, 0, 1, 0), store.Count(2));
    }

    [Fact]
    public void Everything_that_was_stored_is_read_back()
    {
        using IStudyStore store = OpenWithTrials(1);
        Trial leased = store.LeaseNext(Worker(), 1)!;
        Clock.Advance(TimeSpan.FromSeconds(7));
        store.Complete(
            leased,
            new TrialResult(new Dictionary<string, double> { ["psnr"] = 20.25 })
            {
                Arrays = [new TrialArray("clip-features", 3, [1, 2, 3, 4, 5, 6])],
                Durations = new Dictionary<string, TimeSpan> { ["generate"] = TimeSpan.FromSeconds(1.5) },
            }
        );
        using IStudyStore reader = Open(Settings);
        Trial trial = reader.List().Single();
        Assert.Equal(20.25, trial.Metrics["psnr"]);
        Assert.Equal(TimeSpan.FromSeconds(1.5), trial.Durations["generate"]);
        Assert.Equal(Proposal(0).Allocation, trial.Allocation);
        Assert.Equal(("trial-0", 42UL), (trial.Name, trial.Seed));
        Assert.Equal(TimeSpan.FromSeconds(7), trial.FinishedAt - trial.StartedAt);
        Assert.Equal("1.0", trial.Worker!.Versions["q2"]);
        TrialArray array = reader.ReadArrays("clip-features")[0];
        Assert.Equal((2, 3), (array.Rows, array.Columns));
        Assert.Equal([4f, 5f, 6f], array.Row(1).ToArray());
        Assert.Empty(reader.ReadArrays("absent"));
    }

    [Fact]
    public async Task Two_stores_never_lease_the_same_trial()
    {
        const int Count = 40;
        using IStudyStore first = OpenWithTrials(Count);
        using IStudyStore second = Open(Settings);
        int[][] taken = await Task.WhenAll(
            new[] { first, second }.Select(store =>
                Task.Run(() =>
                {
                    var numbers = new List<int>();
                    while (store.LeaseNext(Worker(), Count) is Trial trial)
                    {
                        numbers.Add(trial.Number);
                        store.Complete(trial, Result(trial.Number));
                    }
                    return numbers.ToArray();
                })
            )
        );
        Assert.Equal(Enumerable.Range(0, Count), taken.SelectMany(numbers => numbers).Order());
    }

    [Fact]
    public void Only_trials_below_the_asked_count_are_leased()
    {
        using IStudyStore store = OpenWithTrials(3);
        store.Complete(store.LeaseNext(Worker(), 1)!, Result(1));
        Assert.Null(store.LeaseNext(Worker(), 1));
        Assert.Equal(1, store.LeaseNext(Worker(), 3)!.Number);
    }

    [Fact]
    public void Enqueueing_again_changes_nothing()
    {
        using IStudyStore store = OpenWithTrials(2);
        store.Complete(store.LeaseNext(Worker(), 2)!, Result(1));
        store.Enqueue([Proposal(0), Proposal(1), Proposal(2)]);
        Assert.Equal(new TrialCounts(2, 0, 1, 0), store.Count(3));
    }

    [Fact]
    public void The_lease_of_a_dead_process_passes_on_at_once()
    {
        using IStudyStore store = OpenWithTrials(1);
        Trial lost = store.LeaseNext(DeadWorker(), 1)!;
        Trial taken = store.LeaseNext(Worker(), 1)!;
        Assert.Equal((0, 2), (taken.Number, taken.Attempt));
        Assert.Throws<LeaseLostException>(() => store.Complete(lost, Result(1)));
        Assert.Throws<LeaseLostException>(() => store.Fail(lost, "late"));
        Assert.False(store.Heartbeat(lost));
        store.Release(lost);
        Assert.Equal(TrialState.Complete, store.Complete(taken, Result(2)).State);
    }

    [Fact]
    public void A_worker_elsewhere_keeps_its_lease_while_its_heart_beats()
    {
        using IStudyStore store = OpenWithTrials(1);
        Trial remote = store.LeaseNext(RemoteWorker(), 1)!;
        Clock.Advance(TimeSpan.FromSeconds(110));
        Assert.True(store.Heartbeat(remote));
        Clock.Advance(TimeSpan.FromSeconds(110));
        Assert.Null(store.LeaseNext(Worker(), 1));
        Clock.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(2, store.LeaseNext(Worker(), 1)!.Attempt);
    }

    [Fact]
    public void A_worker_that_lives_here_keeps_its_lease_however_silent_it_is_and_whatever_the_clock_says()
    {
        using IStudyStore store = OpenWithTrials(1);
        Trial own = store.LeaseNext(Worker(), 1)!;
        Clock.Advance(TimeSpan.FromDays(400));
        Assert.Null(store.LeaseNext(Worker(), 1));
        Clock.Advance(TimeSpan.FromDays(-4000));
        Assert.Null(store.LeaseNext(Worker(), 1));
        Assert.Equal(TrialState.Complete, store.Complete(own, Result(1)).State);
    }

    [Fact]
    public void A_sign_of_life_from_the_future_holds_no_lease_for_ever()
    {
        using IStudyStore store = OpenWithTrials(1);
        store.LeaseNext(RemoteWorker(), 1);
        Clock.Advance(TimeSpan.FromDays(-30));
        Assert.Equal(2, store.LeaseNext(Worker(), 1)!.Attempt);
    }

    [Fact]
    public void A_trial_whose_process_died_three_times_in_a_row_is_set_aside_and_named()
    {
        using IStudyStore store = OpenWithTrials(2);
        for (int i = 0; i < 3; i++)
        {
            Trial taken = store.LeaseNext(DeadWorker(), 2)!;
            Assert.Equal((0, i), (taken.Number, taken.Deaths));
        }
        Assert.Equal(1, store.LeaseNext(Worker(), 2)!.Number);
        Trial aside = store.List()[0];
        Assert.Equal((TrialState.SetAside, 3), (aside.State, aside.Deaths));
        Assert.Contains("3 times", aside.Failure, StringComparison.Ordinal);
        Assert.Equal(new TrialCounts(0, 1, 0, 0, 1), store.Count(2));
        Assert.Equal(0, store.RetryFailed(trialCount: 0));
        Assert.Equal(1, store.RetryFailed(trialCount: 2));
        Assert.Equal(
            (0, 1, 0),
            store.LeaseNext(Worker(), 2) is Trial again ? (again.Number, again.Attempt, again.Deaths) : default
        );
    }

    [Fact]
    public void A_trial_whose_third_death_nobody_has_noticed_yet_is_taken_up_again_too()
    {
        using IStudyStore store = OpenWithTrials(1);
        for (int i = 0; i < 3; i++)
            store.LeaseNext(DeadWorker(), 1);
        Assert.Equal(1, store.RetryFailed());
        Assert.Equal(0, store.LeaseNext(Worker(), 1)!.Deaths);
    }

    [Fact]
    public void Deaths_with_an_orderly_end_between_them_are_not_in_a_row()
    {
        using IStudyStore store = OpenWithTrials(1);
        for (int round = 0; round < 3; round++)
        {
            store.LeaseNext(DeadWorker(), 1);
            store.LeaseNext(DeadWorker(), 1);
            Trial orderly = store.LeaseNext(Worker(), 1)!;
            Assert.Equal(2, orderly.Deaths);
            store.Release(orderly);
        }
        Assert.Equal(0, store.LeaseNext(Worker(), 1)!.Deaths);
    }

    [Fact]
    public void A_lease_is_its_workers_alone()
    {
        using IStudyStore store = OpenWithTrials(1);
        Trial own = store.LeaseNext(Worker(), 1)!;
        Trial forged = own with { Worker = RemoteWorker() };
        store.Release(forged);
        Assert.False(store.Heartbeat(forged));
        Assert.Throws<LeaseLostException>(() => store.Complete(forged, Result(1)));
        Assert.True(store.Heartbeat(own));
    }

    [Fact]
    public void A_released_trial_waits_again_without_counting_the_attempt()
    {
        using IStudyStore store = OpenWithTrials(1);
        store.Release(store.LeaseNext(Worker(), 1)!);
        Assert.Equal(1, store.LeaseNext(Worker(), 1)!.Attempt);
    }

    [Fact]
    public void A_failed_trial_keeps_its_reason_and_is_not_leased_again()
    {
        using IStudyStore store = OpenWithTrials(1);
        Trial failed = store.Fail(store.LeaseNext(Worker(), 1)!, "out of memory");
        Assert.Equal((TrialState.Failed, "out of memory"), (failed.State, failed.Failure));
        Assert.Null(store.LeaseNext(Worker(), 1));
    }

    [Fact]
    public void A_final_state_cannot_be_left()
    {
        using IStudyStore store = OpenWithTrials(1);
        Trial leased = store.LeaseNext(Worker(), 1)!;
        store.Complete(leased, Result(1));
        Assert.Throws<LeaseLostException>(() => store.Complete(leased, Result(2)));
        Assert.False(store.Heartbeat(leased));
        Assert.Equal(1, store.List().Single().Metrics["psnr"]);
    }

    [Fact]
    public async Task A_list_shows_one_moment_while_another_store_writes()
    {
        using IStudyStore writer = OpenWithTrials(60);
        using IStudyStore reader = Open(Settings);
        Task writing = Task.Run(() =>
        {
            while (writer.LeaseNext(Worker(), 60) is Trial trial)
                writer.Complete(trial, Result(trial.Number));
        });
        while (!writing.IsCompleted)
        {
            Assert.All(
                reader.List(),
                trial => Assert.Equal(trial.State == TrialState.Complete, trial.Metrics.ContainsKey("psnr"))
            );
        }
        await writing;
    }

    [Fact]
    public void Other_settings_are_refused_by_name()
    {
        using IStudyStore store = OpenWithTrials(1);
        var other = new StudySettings([new("model", "tiny"), new("steps", "20"), new("guidance", "3")]);
        StudySettingsException error = Assert.Throws<StudySettingsException>(() => Open(other));
        Assert.Equal(["guidance", "steps"], error.Names);
        Assert.Contains("steps was '10' and is now '20'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Trials_may_be_added_to_a_finished_study()
    {
        using (IStudyStore store = OpenWithTrials(1))
        {
            store.Complete(store.LeaseNext(Worker(), 1)!, Result(1));
        }
        using IStudyStore longer = Open(Settings);
        longer.Enqueue([Proposal(1)]);
        Assert.Equal(1, longer.LeaseNext(Worker(), 2)!.Number);
    }

    private protected IStudyStore OpenWithTrials(int count)
    {
        IStudyStore store = Open(Settings);
        store.Enqueue([.. Enumerable.Range(0, count).Select(Proposal)]);
        return store;
    }

    private protected static TrialProposal Proposal(int number) =>
        new(
            number,
            $"trial-{number}",
            new BitAllocation([
                new("a", QuantizerSpec.PaperOptions[number % 6]),
                new("b", QuantizerSpec.PaperOptions[0]),
            ]),
            42
        );

    private protected static TrialResult Result(double psnr) => new(new Dictionary<string, double> { ["psnr"] = psnr });

    private protected static StudyWorker Worker() =>
        StudyWorker.ThisProcess(new Dictionary<string, string> { ["q2"] = "1.0" });

    private protected static StudyWorker DeadWorker() => Worker() with { ProcessStart = "before" };

    private protected static StudyWorker RemoteWorker() => Worker() with { Host = "elsewhere" };
}

/// <summary>A clock that changes only when a test advances it.</summary>
public sealed class ManualClock : TimeProvider
{
    private DateTimeOffset now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public void Advance(TimeSpan span) => now += span;

    public override DateTimeOffset GetUtcNow() => now;
}
