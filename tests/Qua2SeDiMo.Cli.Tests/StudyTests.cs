using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Studies;
using Qua2SeDiMo.Studies.Objectives;
using Qua2SeDiMo.Studies.Sampling;
using Qua2SeDiMo.Studies.Storage;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests;

/// <summary>Studies on the bundled model: labels, interruptions, and several workers.</summary>
[Collection(BankedRun.Name)]
public sealed class StudyTests(BankedRun banked)
{
    // More trials than a process can finish between the second trial and the signal.
    private const int Wanted = 16;

    [Fact]
    public void Bank_states_the_size_of_every_option() =>
        Assert.Equal(6, banked.BankResult.Json.GetProperty("options").GetArrayLength());

    [Fact]
    public async Task A_study_labels_as_many_trials_as_asked_for()
    {
        RunDirectory run = banked.NewRun();

        Q2Result result = (await Q2.RunAsync([.. Study(run, 2), "--json"])).Succeeded();

        Assert.Equal(2, result.Json.GetProperty("complete").GetInt32());
        IReadOnlyList<Trial> trials = Trials(run);
        Assert.All(trials, trial => Assert.Equal(TrialState.Complete, trial.State));
        Assert.All(
            trials,
            trial =>
                Assert.True(
                    trial.Metrics.ContainsKey(StudyMetric.Psnr.Name)
                        && trial.Metrics.ContainsKey(StudyMetric.ClipScore.Name)
                )
        );
        CheckAllocations(trials);
    }

    /// <summary>Signals that end a program; without HUP when the tests run under nohup.</summary>
    public static TheoryData<string> Signals => SeesHangups() ? ["INT", "HUP", "KILL"] : ["INT", "KILL"];

    private static bool SeesHangups()
    {
        string ignored = File.ReadLines("/proc/self/status")
            .First(line => line.StartsWith("SigIgn:", StringComparison.Ordinal));
        return (Convert.ToUInt64(ignored["SigIgn:".Length..].Trim(), 16) & 1) == 0;
    }

    [Theory]
    [MemberData(nameof(Signals))]
    public async Task A_study_that_was_stopped_goes_on_with_the_same_command(string signal)
    {
        bool killed = signal == "KILL";
        RunDirectory run = banked.NewRun();
        IReadOnlyList<Trial> before;
        using (Q2 program = Q2.Start(Study(run, Wanted)))
        {
            await FinishedTrialsAsync(run, program, 2);
            program.Send(signal);
            Q2Result stopped = await program.EndAsync();
            before = [.. Trials(run).Where(trial => trial.State == TrialState.Complete)];
            if (!killed)
            {
                Assert.Equal(130, stopped.ExitCode);
                Assert.Contains("Stopped", stopped.Errors, StringComparison.Ordinal);
                Assert.DoesNotContain("   at ", stopped.Errors, StringComparison.Ordinal);
            }
        }
        Assert.InRange(before.Count, 2, Wanted - 1);

        (await Q2.RunAsync(Study(run, Wanted))).Succeeded();

        IReadOnlyList<Trial> after = Trials(run);
        Assert.Equal(Enumerable.Range(0, Wanted), after.Select(trial => trial.Number));
        Assert.All(after, trial => Assert.Equal(TrialState.Complete, trial.State));
        foreach (Trial trial in before)
        {
            Assert.Equal(trial.Attempt, after[trial.Number].Attempt);
            Assert.Equal(trial.Metrics, after[trial.Number].Metrics);
        }
        CheckAllocations(after);
    }

    [Fact]
    public async Task Two_processes_share_one_study()
    {
        RunDirectory run = banked.NewRun();
        using Q2 first = Q2.Start(Study(run, 8)),
            second = Q2.Start(Study(run, 8));

        foreach (Q2Result result in await Task.WhenAll(first.EndAsync(), second.EndAsync()))
            result.Succeeded();

        IReadOnlyList<Trial> trials = Trials(run);
        Assert.Equal(8, trials.Count);
        Assert.All(trials, trial => Assert.Equal((TrialState.Complete, 1), (trial.State, trial.Attempt)));
        CheckAllocations(trials);
    }

    [Fact]
    public async Task A_study_near_the_front_proposes_the_same_trials_when_it_is_shared_or_cut_short()
    {
        RunDirectory whole = banked.NewRun(),
            parts = banked.NewRun();
        (await Q2.RunAsync(Front(whole, 41))).Succeeded();
        (await Q2.RunAsync(Front(parts, 33))).Succeeded();
        using (
            Q2 first = Q2.Start(Front(parts, 41)),
                second = Q2.Start(Front(parts, 41))
        )
        {
            foreach (Q2Result result in await Task.WhenAll(first.EndAsync(), second.EndAsync()))
                result.Succeeded();
        }

        IReadOnlyList<Trial> trials = Trials(whole);
        Assert.Equal(trials.Select(trial => trial.Allocation), Trials(parts).Select(trial => trial.Allocation));
        Assert.Equal(41, trials.Count);
        Assert.Equal("front-40", trials[40].Name);
        CheckAllocations([.. trials.Take(FrontAllocationSampler.FirstCount)]);
        Assert.Equal(41, trials.Select(trial => trial.Allocation.ToJson()).Distinct().Count());

        static string[] Front(RunDirectory run, int trials) =>
            [
                "study",
                BankedRun.Model,
                "--run",
                run.DirectoryPath,
                "--sampler",
                "front",
                "--trials",
                $"{trials}",
                "--images",
                "1",
                "--steps",
                "1",
                "--clip",
                "none",
                "--quiet",
            ];
    }

    [Fact]
    public async Task Other_settings_in_the_same_run_are_refused()
    {
        RunDirectory run = banked.NewRun();
        (await Q2.RunAsync(Study(run, 1))).Succeeded();
        (await Q2.RunAsync([.. Study(run, 1), "--guidance", "5"])).Refused("guidance");
    }

    internal static string[] Study(RunDirectory run, int trials) =>
        [
            "study",
            BankedRun.Model,
            "--run",
            run.DirectoryPath,
            "--trials",
            $"{trials}",
            "--images",
            "4",
            "--steps",
            "2",
            "--quiet",
        ];

    private void CheckAllocations(IReadOnlyList<Trial> trials)
    {
        var sampler = new RandomAllocationSampler(
            new AllocationSpace(banked.Loaded.Weights, banked.Loaded.OriginalBits),
            2025
        );
        Assert.All(trials, trial => Assert.Equal(sampler.Sample(trial.Number), trial.Allocation));
    }

    private static async Task FinishedTrialsAsync(RunDirectory run, Q2 program, int count)
    {
        while (CompleteCount(run) < count)
        {
            Assert.False(program.HasExited, "The program ended early.");
            await Task.Delay(100);
        }
    }

    // The file, or the study in it, may not exist yet.
    private static int CompleteCount(RunDirectory run)
    {
        try
        {
            return Trials(run).Count(trial => trial.State == TrialState.Complete);
        }
        catch (StudyFileException)
        {
            return 0;
        }
    }

    private static IReadOnlyList<Trial> Trials(RunDirectory run)
    {
        using SqliteStudyStore store = SqliteStudyStore.Open(run.StudyDatabase, TimeProvider.System);
        return store.List();
    }
}
