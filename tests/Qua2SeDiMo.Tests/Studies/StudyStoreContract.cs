using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Studies;
using Xunit;

namespace Qua2SeDiMo.Tests.Studies;

/// <summary>What every study store must do. A store's test class derives from it and says how two of them share one place.</summary>
public abstract class StudyStoreContract
{
    protected static readonly StudySettings Settings = new([new("model", "tiny"), new("steps", "10")]);

    protected ManualClock Clock { get; } = new();

    /// <summary>Opens a store at the place of this test; each call gives a store of its own.</summary>
    protected abstract IStudyStore Open(StudySettings settings);

    [Fact]
    public async Task A_trial_goes_from_waiting_to_running_to_complete()
    {
        await using IStudyStore store = await OpenWithTrialsAsync(2);
        Assert.All(await store.ListAsync(), trial => Assert.Equal(TrialState.Waiting, trial.State));
        Trial leased = (await store.LeaseNextAsync(Worker(), 2))!;
        Assert.Equal((0, TrialState.Running, 1), (leased.Number, leased.State, leased.Attempt));
        Trial complete = await store.CompleteAsync(leased, Result(0.5));
        Assert.Equal(TrialState.Complete, complete.State);
        Assert.Equal(new TrialCounts(1, 0, 1, 0), await store.CountAsync(2));
    }

    [Fact]
    public async Task Everything_that_was_stored_is_read_back()
    {
        await using IStudyStore store = await OpenWithTrialsAsync(1);
        Trial leased = (await store.LeaseNextAsync(Worker(), 1))!;
        Clock.Advance(TimeSpan.FromSeconds(7));
        await store.CompleteAsync(leased, new TrialResult(new Dictionary<string, double> { ["psnr"] = 20.25 })
        {
            Arrays = [new TrialArray("clip-features", 3, [1, 2, 3, 4, 5, 6])],
            Durations = new Dictionary<string, TimeSpan> { ["generate"] = TimeSpan.FromSeconds(1.5) },
        });
        await using IStudyStore reader = Open(Settings);
        Trial trial = (await reader.ListAsync()).Single();
        Assert.Equal(20.25, trial.Metrics["psnr"]);
        Assert.Equal(TimeSpan.FromSeconds(1.5), trial.Durations["generate"]);
        Assert.Equal(Proposal(0).Allocation, trial.Allocation);
        Assert.Equal(("trial-0", 42UL), (trial.Name, trial.Seed));
        Assert.Equal(TimeSpan.FromSeconds(7), trial.FinishedAt - trial.StartedAt);
        Assert.Equal("1.0", trial.Worker!.Versions["q2"]);
        TrialArray array = (await reader.ReadArraysAsync("clip-features"))[0];
        Assert.Equal((2, 3), (array.Rows, array.Columns));
        Assert.Equal([4f, 5f, 6f], array.Row(1).ToArray());
        Assert.Empty(await reader.ReadArraysAsync("absent"));
    }

    [Fact]
    public async Task Two_stores_never_lease_the_same_trial()
    {
        const int Count = 40;
        await using IStudyStore first = await OpenWithTrialsAsync(Count);
        await using IStudyStore second = Open(Settings);
        int[][] taken = await Task.WhenAll(new[] { first, second }.Select(store => Task.Run(async () =>
        {
            var numbers = new List<int>();
            while (await store.LeaseNextAsync(Worker(), Count) is Trial trial)
            {
                numbers.Add(trial.Number);
                await store.CompleteAsync(trial, Result(trial.Number));
            }
            return numbers.ToArray();
        })));
        Assert.Equal(Enumerable.Range(0, Count), taken.SelectMany(numbers => numbers).Order());
    }

    [Fact]
    public async Task Only_trials_below_the_asked_count_are_leased()
    {
        await using IStudyStore store = await OpenWithTrialsAsync(3);
        await store.CompleteAsync((await store.LeaseNextAsync(Worker(), 1))!, Result(1));
        Assert.Null(await store.LeaseNextAsync(Worker(), 1));
        Assert.Equal(1, (await store.LeaseNextAsync(Worker(), 3))!.Number);
    }

    [Fact]
    public async Task Enqueueing_again_changes_nothing()
    {
        await using IStudyStore store = await OpenWithTrialsAsync(2);
        await store.CompleteAsync((await store.LeaseNextAsync(Worker(), 2))!, Result(1));
        await store.EnqueueAsync([Proposal(0), Proposal(1), Proposal(2)]);
        Assert.Equal(new TrialCounts(2, 0, 1, 0), await store.CountAsync(3));
    }

    [Fact]
    public async Task The_lease_of_a_dead_process_passes_on_at_once()
    {
        await using IStudyStore store = await OpenWithTrialsAsync(1);
        Trial lost = (await store.LeaseNextAsync(DeadWorker(), 1))!;
        Trial taken = (await store.LeaseNextAsync(Worker(), 1))!;
        Assert.Equal((0, 2), (taken.Number, taken.Attempt));
        await Assert.ThrowsAsync<LeaseLostException>(() => store.CompleteAsync(lost, Result(1)));
        await Assert.ThrowsAsync<LeaseLostException>(() => store.FailAsync(lost, "late"));
        Assert.False(await store.HeartbeatAsync(lost));
        await store.ReleaseAsync(lost);
        Assert.Equal(TrialState.Complete, (await store.CompleteAsync(taken, Result(2))).State);
    }

    [Fact]
    public async Task A_worker_elsewhere_keeps_its_lease_while_its_heart_beats()
    {
        await using IStudyStore store = await OpenWithTrialsAsync(1);
        Trial remote = (await store.LeaseNextAsync(RemoteWorker(), 1))!;
        Clock.Advance(TimeSpan.FromSeconds(110));
        Assert.True(await store.HeartbeatAsync(remote));
        Clock.Advance(TimeSpan.FromSeconds(110));
        Assert.Null(await store.LeaseNextAsync(Worker(), 1));
        Clock.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(2, (await store.LeaseNextAsync(Worker(), 1))!.Attempt);
    }

    [Fact]
    public async Task A_worker_that_lives_here_keeps_its_lease_however_silent_it_is_and_whatever_the_clock_says()
    {
        await using IStudyStore store = await OpenWithTrialsAsync(1);
        Trial own = (await store.LeaseNextAsync(Worker(), 1))!;
        Clock.Advance(TimeSpan.FromDays(400));
        Assert.Null(await store.LeaseNextAsync(Worker(), 1));
        Clock.Advance(TimeSpan.FromDays(-4000));
        Assert.Null(await store.LeaseNextAsync(Worker(), 1));
        Assert.Equal(TrialState.Complete, (await store.CompleteAsync(own, Result(1))).State);
    }

    [Fact]
    public async Task A_sign_of_life_from_the_future_holds_no_lease_for_ever()
    {
        await using IStudyStore store = await OpenWithTrialsAsync(1);
        await store.LeaseNextAsync(RemoteWorker(), 1);
        Clock.Advance(TimeSpan.FromDays(-30));
        Assert.Equal(2, (await store.LeaseNextAsync(Worker(), 1))!.Attempt);
    }

    [Fact]
    public async Task A_trial_whose_process_died_three_times_in_a_row_is_set_aside_and_named()
    {
        await using IStudyStore store = await OpenWithTrialsAsync(2);
        for (int i = 0; i < 3; i++) Assert.Equal((0, i), await store.LeaseNextAsync(DeadWorker(), 2) is Trial taken ? (taken.Number, taken.Deaths) : default);
        Assert.Equal(1, (await store.LeaseNextAsync(Worker(), 2))!.Number);
        Trial aside = (await store.ListAsync())[0];
        Assert.Equal((TrialState.SetAside, 3), (aside.State, aside.Deaths));
        Assert.Contains("3 times", aside.Failure, StringComparison.Ordinal);
        Assert.Equal(new TrialCounts(0, 1, 0, 0, 1), await store.CountAsync(2));
        Assert.Equal(0, await store.RetryFailedAsync(trialCount: 0));
        Assert.Equal(1, await store.RetryFailedAsync(trialCount: 2));
        Assert.Equal((0, 1, 0), await store.LeaseNextAsync(Worker(), 2) is Trial again ? (again.Number, again.Attempt, again.Deaths) : default);
    }

    [Fact]
    public async Task A_trial_whose_third_death_nobody_has_noticed_yet_is_taken_up_again_too()
    {
        await using IStudyStore store = await OpenWithTrialsAsync(1);
        for (int i = 0; i < 3; i++) await store.LeaseNextAsync(DeadWorker(), 1);
        Assert.Equal(1, await store.RetryFailedAsync());
        Assert.Equal(0, (await store.LeaseNextAsync(Worker(), 1))!.Deaths);
    }

    [Fact]
    public async Task Deaths_with_an_orderly_end_between_them_are_not_in_a_row()
    {
        await using IStudyStore store = await OpenWithTrialsAsync(1);
        for (int round = 0; round < 3; round++)
        {
            await store.LeaseNextAsync(DeadWorker(), 1);
            await store.LeaseNextAsync(DeadWorker(), 1);
            Trial orderly = (await store.LeaseNextAsync(Worker(), 1))!;
            Assert.Equal(2, orderly.Deaths);
            await store.ReleaseAsync(orderly);
        }
        Assert.Equal(0, (await store.LeaseNextAsync(Worker(), 1))!.Deaths);
    }

    [Fact]
    public async Task A_lease_is_its_workers_alone()
    {
        await using IStudyStore store = await OpenWithTrialsAsync(1);
        Trial own = (await store.LeaseNextAsync(Worker(), 1))!;
        Trial forged = own with { Worker = RemoteWorker() };
        await store.ReleaseAsync(forged);
        Assert.False(await store.HeartbeatAsync(forged));
        await Assert.ThrowsAsync<LeaseLostException>(() => store.CompleteAsync(forged, Result(1)));
        Assert.True(await store.HeartbeatAsync(own));
    }

    [Fact]
    public async Task A_released_trial_waits_again_without_counting_the_attempt()
    {
        await using IStudyStore store = await OpenWithTrialsAsync(1);
        await store.ReleaseAsync((await store.LeaseNextAsync(Worker(), 1))!);
        Assert.Equal(1, (await store.LeaseNextAsync(Worker(), 1))!.Attempt);
    }

    [Fact]
    public async Task A_failed_trial_keeps_its_reason_and_is_not_leased_again()
    {
        await using IStudyStore store = await OpenWithTrialsAsync(1);
        Trial failed = await store.FailAsync((await store.LeaseNextAsync(Worker(), 1))!, "out of memory");
        Assert.Equal((TrialState.Failed, "out of memory"), (failed.State, failed.Failure));
        Assert.Null(await store.LeaseNextAsync(Worker(), 1));
    }

    [Fact]
    public async Task A_final_state_cannot_be_left()
    {
        await using IStudyStore store = await OpenWithTrialsAsync(1);
        Trial leased = (await store.LeaseNextAsync(Worker(), 1))!;
        await store.CompleteAsync(leased, Result(1));
        await Assert.ThrowsAsync<LeaseLostException>(() => store.CompleteAsync(leased, Result(2)));
        Assert.False(await store.HeartbeatAsync(leased));
        Assert.Equal(1, (await store.ListAsync()).Single().Metrics["psnr"]);
    }

    [Fact]
    public async Task A_list_shows_one_moment_while_another_store_writes()
    {
        await using IStudyStore writer = await OpenWithTrialsAsync(60);
        await using IStudyStore reader = Open(Settings);
        Task writing = Task.Run(async () =>
        {
            while (await writer.LeaseNextAsync(Worker(), 60) is Trial trial) await writer.CompleteAsync(trial, Result(trial.Number));
        });
        while (!writing.IsCompleted)
        {
            Assert.All(await reader.ListAsync(), trial => Assert.Equal(trial.State == TrialState.Complete, trial.Metrics.ContainsKey("psnr")));
        }
        await writing;
    }

    [Fact]
    public async Task Other_settings_are_refused_by_name()
    {
        await using IStudyStore store = await OpenWithTrialsAsync(1);
        var other = new StudySettings([new("model", "tiny"), new("steps", "20"), new("guidance", "3")]);
        StudySettingsException error = Assert.Throws<StudySettingsException>(() => Open(other));
        Assert.Equal(["guidance", "steps"], error.Names);
        Assert.Contains("steps was '10' and is now '20'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Trials_may_be_added_to_a_finished_study()
    {
        await using (IStudyStore store = await OpenWithTrialsAsync(1))
        {
            await store.CompleteAsync((await store.LeaseNextAsync(Worker(), 1))!, Result(1));
        }
        await using IStudyStore longer = Open(Settings);
        await longer.EnqueueAsync([Proposal(1)]);
        Assert.Equal(1, (await longer.LeaseNextAsync(Worker(), 2))!.Number);
    }

    protected async Task<IStudyStore> OpenWithTrialsAsync(int count)
    {
        IStudyStore store = Open(Settings);
        await store.EnqueueAsync([.. Enumerable.Range(0, count).Select(Proposal)]);
        return store;
    }

    protected static TrialProposal Proposal(int number) => new(number, $"trial-{number}",
        new BitAllocation([new("a", QuantizerSpec.PaperOptions[number % 6]), new("b", QuantizerSpec.PaperOptions[0])]), 42);

    protected static TrialResult Result(double psnr) => new(new Dictionary<string, double> { ["psnr"] = psnr });

    protected static StudyWorker Worker() => StudyWorker.ThisProcess(new Dictionary<string, string> { ["q2"] = "1.0" });

    protected static StudyWorker DeadWorker() => Worker() with { ProcessStart = "before" };

    protected static StudyWorker RemoteWorker() => Worker() with { Host = "elsewhere" };
}

/// <summary>A clock that stands still until it is moved.</summary>
public sealed class ManualClock : TimeProvider
{
    private DateTimeOffset now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public void Advance(TimeSpan span) => now += span;

    public override DateTimeOffset GetUtcNow() => now;
}
