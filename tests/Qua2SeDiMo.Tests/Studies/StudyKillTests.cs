using System.Diagnostics;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Studies;
using Qua2SeDiMo.Studies.Sampling;
using Qua2SeDiMo.Studies.Storage;
using Xunit;

namespace Qua2SeDiMo.Tests.Studies;

public sealed class StudyKillTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("q2-kill-");

    private string FilePath => Path.Combine(folder.FullName, "study.db");

    [Fact]
    public async Task A_killed_process_loses_at_most_the_running_trial()
    {
        using (Process worker = Start(trialCount: 6, milliseconds: 50))
        {
            await ReadUntilAsync(worker, 3);
            worker.Kill();
            await worker.WaitForExitAsync();
        }
        var rest = new Recorder();
        IReadOnlyList<Trial> trials = Continue(6, rest);
        Assert.All(trials, trial => Assert.Equal(TrialState.Complete, trial.State));
        Assert.DoesNotContain(0, rest.Evaluated);
        Assert.DoesNotContain(1, rest.Evaluated);
        Assert.DoesNotContain(2, rest.Evaluated);
        Assert.Equal(rest.Evaluated.Count, rest.Evaluated.Distinct().Count());
        Assert.All(
            trials,
            trial =>
                Assert.Equal(
                    new RandomAllocationSampler(StudyWorkerProgram.Space, 42).Sample(trial.Number),
                    trial.Allocation
                )
        );
    }

    [Fact]
    public async Task A_trial_whose_process_was_killed_half_way_is_evaluated_again()
    {
        using (Process worker = Start(trialCount: 2, milliseconds: 60_000))
        {
            await ReadUntilAsync(worker, 0);
            worker.Kill();
            await worker.WaitForExitAsync();
        }
        var rest = new Recorder();
        IReadOnlyList<Trial> trials = Continue(2, rest);
        Assert.Equal([0, 1], rest.Evaluated);
        Assert.Equal(2, trials[0].Attempt);
    }

    [Fact]
    public async Task A_trial_whose_process_is_killed_three_times_is_set_aside_and_can_be_taken_up_again()
    {
        for (int kill = 0; kill < 3; kill++)
        {
            using Process worker = Start(trialCount: 2, milliseconds: 60_000);
            await ReadUntilAsync(worker, 0);
            worker.Kill();
            await worker.WaitForExitAsync();
        }
        var rest = new Recorder();
        IReadOnlyList<Trial> trials = Continue(2, rest);
        Assert.Equal([1], rest.Evaluated);
        Assert.Equal([TrialState.SetAside, TrialState.Complete], trials.Select(trial => trial.State));
        UnfinishedTrials open = UnfinishedTrials.Of(trials, 2);
        Assert.False(open.IsEmpty);
        Assert.Contains(
            "1 set aside: 'random-0' (number 0): its process ended 3 times in a row",
            open.ToString(),
            StringComparison.Ordinal
        );
        Assert.Contains("--retry-failed", open.ToString(), StringComparison.Ordinal);

        using (
            SqliteStudyStore store = SqliteStudyStore.OpenOrCreate(
                FilePath,
                StudyWorkerProgram.Settings,
                TimeProvider.System
            )
        )
        {
            store.RetryFailed();
        }
        trials = Continue(2, rest);
        Assert.Equal([1, 0], rest.Evaluated);
        Assert.True(UnfinishedTrials.Of(trials, 2).IsEmpty);
    }

    [Fact]
    public async Task A_process_that_is_stopped_keeps_its_trial_though_its_last_sign_of_life_is_long_ago()
    {
        using Process worker = Start(trialCount: 2, milliseconds: 60_000);
        await ReadUntilAsync(worker, 0);
        Signal(worker, "STOP");
        using SqliteStudyStore store = SqliteStudyStore.OpenOrCreate(
            FilePath,
            StudyWorkerProgram.Settings,
            new ManualClock()
        );
        Assert.Equal(1, store.LeaseNext(StudyWorker.ThisProcess(), 2)!.Number);
        Assert.Null(store.LeaseNext(StudyWorker.ThisProcess(), 2));
        worker.Kill();
        await worker.WaitForExitAsync();
        Assert.Equal(
            (0, 1),
            store.LeaseNext(StudyWorker.ThisProcess(), 2) is Trial taken ? (taken.Number, taken.Deaths) : default
        );
    }

    [Fact]
    public async Task Two_processes_share_the_trials_of_one_study()
    {
        using Process first = Start(trialCount: 12, milliseconds: 150),
            second = Start(trialCount: 12, milliseconds: 150);
        await Task.WhenAll(first.StandardOutput.ReadToEndAsync(), second.StandardOutput.ReadToEndAsync());
        await Task.WhenAll(first.WaitForExitAsync(), second.WaitForExitAsync());
        Assert.Equal((0, 0), (first.ExitCode, second.ExitCode));
        IReadOnlyList<Trial> trials = Continue(12, new Recorder());
        Assert.All(trials, trial => Assert.Equal((TrialState.Complete, 1), (trial.State, trial.Attempt)));
        Assert.All(trials, trial => Assert.Contains((int)trial.Metrics["process"], new[] { first.Id, second.Id }));
    }

    public void Dispose() => folder.Delete(recursive: true);

    private IReadOnlyList<Trial> Continue(int trialCount, Recorder objective)
    {
        using SqliteStudyStore store = SqliteStudyStore.OpenOrCreate(
            FilePath,
            StudyWorkerProgram.Settings,
            TimeProvider.System
        );
        return new StudyRunner(
            store,
            new RandomAllocationSampler(StudyWorkerProgram.Space, 42),
            objective,
            StudyWorker.ThisProcess(),
            TimeProvider.System
        ).Run(trialCount, seed: 42);
    }

    private Process Start(int trialCount, int milliseconds) =>
        Process.Start(
            new ProcessStartInfo(Environment.ProcessPath!)
            {
                ArgumentList =
                {
                    "exec",
                    typeof(StudyKillTests).Assembly.Location,
                    FilePath,
                    $"{trialCount}",
                    $"{milliseconds}",
                },
                RedirectStandardOutput = true,
            }
        )!;

    private static void Signal(Process process, string name)
    {
        using Process kill = Process.Start("kill", [$"-{name}", $"{process.Id}"]);
        kill.WaitForExit();
        Assert.Equal(0, kill.ExitCode);
    }

    private static async Task ReadUntilAsync(Process worker, int trialNumber)
    {
        while (await worker.StandardOutput.ReadLineAsync() is string line)
        {
            if (line == $"{trialNumber}")
                return;
        }
        Assert.Fail("The worker ended early.");
    }

    private sealed class Recorder : ITrialObjective
    {
        public List<int> Evaluated { get; } = [];

        public TrialResult Evaluate(
            int trialNumber,
            BitAllocation allocation,
            IProgress<TrialProgress>? progress,
            CancellationToken cancellationToken
        )
        {
            Evaluated.Add(trialNumber);
            return new TrialResult(new Dictionary<string, double> { ["process"] = 0 });
        }
    }
}
