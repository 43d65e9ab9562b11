using System.Text.Json;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Studies;
using Qua2SeDiMo.Studies.Storage;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>Trials whose process was killed repeatedly are set aside and reported, also by the exit code; an option
/// retries them.</summary>
[Collection(SmallStudy.Name)]
public sealed class InnocentTrialTests(SmallStudy small)
{
    [Fact]
    public async Task A_study_with_a_trial_that_was_killed_three_times_is_not_done_until_it_is_taken_up_again()
    {
        RunDirectory run = small.NewRun();
        string before = Metrics(run, 4);
        SmallStudy.KillThirdTime(run, "number = 4");

        Q2Result open = await Q2.RunAsync(small.Study(run));
        Assert.Equal(1, open.ExitCode);
        Assert.Contains("9 trials complete, 0 failed, 1 set aside", open.Output, StringComparison.Ordinal);
        Assert.Contains(
            "1 of 10 trials have no label. 1 set aside: 'random-4' (number 4): its process ended 3 times in a row",
            open.Errors,
            StringComparison.Ordinal
        );
        Assert.Contains("--retry-failed", open.Errors, StringComparison.Ordinal);
        Q2Result json = await Q2.RunAsync([.. small.Study(run), "--json"]);
        Assert.Equal((1, 1), (json.ExitCode, json.Json.GetProperty("setAside").GetInt32()));
        (await Q2.RunAsync(small.Study(run, trials: 4))).Succeeded();

        (await Q2.RunAsync([.. small.Study(run), "--retry-failed"])).Succeeded();
        Assert.Equal(before, Metrics(run, 4));
    }

    [Fact]
    public async Task A_plan_with_a_verification_that_was_killed_three_times_goes_on_without_it_and_is_whole_once_it_is_taken_up_again()
    {
        RunDirectory run = small.NewRun();
        (await Q2.RunAsync(small.Plan(run))).Succeeded();
        string whole = File.ReadAllText(run.Plan);
        SmallStudy.KillThirdTime(run, "name = 'uniform-uaq-4'");

        Q2Result open = await Q2.RunAsync(small.Plan(run));
        Assert.Equal(1, open.ExitCode);
        Assert.Contains("'uniform-uaq-4'", open.Errors, StringComparison.Ordinal);
        Assert.Contains("--retry-failed", open.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("uaq-4 everywhere", open.Output, StringComparison.Ordinal);
        using (JsonDocument plan = JsonDocument.Parse(File.ReadAllText(run.Plan)))
            Assert.NotEqual(0, plan.RootElement.GetProperty("unverified").GetArrayLength());

        (await Q2.RunAsync([.. small.Plan(run), "--retry-failed"])).Succeeded();
        Assert.Equal(whole, File.ReadAllText(run.Plan));
    }

    [Fact]
    public async Task A_size_whose_only_proposal_was_killed_three_times_has_no_plan_and_keeps_the_old_one()
    {
        RunDirectory run = small.NewRun();
        (await Q2.RunAsync(small.Plan(run))).Succeeded();
        string whole = File.ReadAllText(run.Plan);
        SmallStudy.KillThirdTime(run, "name like 'ridge%3.5' or name like 'plan%3.5' or name like '%op-3.5'");

        Q2Result open = await Q2.RunAsync(small.Plan(run));
        Assert.Equal(1, open.ExitCode);
        Assert.Contains("There is no plan of 3.5 bits", open.Errors, StringComparison.Ordinal);
        Assert.Equal(whole, File.ReadAllText(run.Plan));

        (await Q2.RunAsync([.. small.Plan(run), "--retry-failed"])).Succeeded();
        Assert.Equal(whole, File.ReadAllText(run.Plan));
    }

    [Fact]
    public async Task A_list_of_allocations_with_a_trial_that_was_killed_three_times_is_not_done_until_it_is_taken_up_again()
    {
        RunDirectory run = small.NewRun();
        string list = Path.Combine(run.DirectoryPath, "list.json");
        File.WriteAllText(
            list,
            """[{"name": "first", "allocation": null}, {"name": "second", "allocation": {}}, {"name": "[bold", "allocation": null}]"""
        );
        string[] whole = small.Study(run);
        // The list of allocations determines the number of trials.
        int trials = Array.IndexOf(whole, "--trials");
        string[] command = [.. whole[..trials], .. whole[(trials + 2)..], "--allocations", list];
        (await Q2.RunAsync(command)).Succeeded();
        SmallStudy.KillThirdTime(run, "name = 'second'");

        Q2Result open = await Q2.RunAsync(command);
        Assert.Equal(1, open.ExitCode);
        Assert.Contains("1 set aside: 'second' (number 1)", open.Errors, StringComparison.Ordinal);
        (await Q2.RunAsync([.. command, "--retry-failed"])).Succeeded();
    }

    [Fact]
    public async Task A_run_directory_that_is_moved_away_stops_the_study_with_the_file_and_fails_no_trial()
    {
        RunDirectory run = small.NewRun();
        const int Wanted = 400;
        using Q2 program = Q2.Start(small.Study(run, Wanted));
        while (Complete(run) <= SmallStudy.TrialCount)
            Assert.False(program.HasExited);
        string away = run.DirectoryPath + "-away";
        Directory.Move(run.DirectoryPath, away);
        Q2Result stopped = await program.EndAsync();
        Assert.Equal(2, stopped.ExitCode);
        Assert.Contains(run.DirectoryPath, stopped.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("defect", stopped.Errors, StringComparison.Ordinal);
        using SqliteStudyStore store = SqliteStudyStore.Open(new RunDirectory(away).StudyDatabase, TimeProvider.System);
        Assert.DoesNotContain(store.List(), trial => trial.State is TrialState.Failed or TrialState.SetAside);
    }

    [Fact]
    public async Task A_picture_that_cannot_be_written_stops_the_plan_with_its_path_and_fails_no_trial()
    {
        RunDirectory run = small.NewRun();
        // A file has the path of the folder of images.
        File.WriteAllText(run.Images, "");
        Q2Result stopped = await Q2.RunAsync(small.Plan(run));
        Assert.Equal(2, stopped.ExitCode);
        Assert.Contains(run.Images, stopped.Errors, StringComparison.Ordinal);
        File.Delete(run.Images);
        (await Q2.RunAsync(small.Plan(run))).Succeeded();
    }

    [Fact]
    public async Task Timings_that_cannot_be_kept_or_read_are_no_error()
    {
        RunDirectory run = small.NewRun();
        File.WriteAllText(run.Timings, "{");
        (await Q2.RunAsync(small.Study(run))).Succeeded();
        File.Delete(run.Timings);
        Directory.CreateDirectory(Path.Combine(run.Timings, "in-the-way"));
        (await Q2.RunAsync(small.Study(run))).Succeeded();
    }

    private static string Metrics(RunDirectory run, int number)
    {
        using SqliteStudyStore store = SqliteStudyStore.Open(run.StudyDatabase, TimeProvider.System);
        return JsonSerializer.Serialize(
            store.List()[number].Metrics.OrderBy(metric => metric.Key, StringComparer.Ordinal)
        );
    }

    private static int Complete(RunDirectory run)
    {
        using SqliteStudyStore store = SqliteStudyStore.Open(run.StudyDatabase, TimeProvider.System);
        return store.List().Count(trial => trial.State == TrialState.Complete);
    }
}
