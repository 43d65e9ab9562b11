using Qua2SeDiMo.Images;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Runs;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>Replaced or damaged files of a run directory are reported with the command that recreates them.</summary>
[Collection(SmallStudy.Name)]
public sealed class DamagedRunTests(SmallStudy small)
{
    [Fact]
    public async Task A_picture_of_another_size_is_named_by_the_report()
    {
        RunDirectory run = small.NewRun();
        (await Q2.RunAsync(small.Plan(run))).Succeeded();
        string picture = Path.Combine(run.Images, "full-precision", "000.png");
        Assert.True(File.Exists(picture));
        File.WriteAllBytes(picture, PngFile.Encode(new float[24 * 8 * 3], 24, 8));

        Q2Result refused = await Q2.RunAsync("report", small.Model, "--run", run.DirectoryPath, "--quiet");
        refused.Refused(picture, "8 × 24 pixels", "16 × 16", "q2 plan");
    }

    [Fact]
    public async Task A_plan_with_weights_that_the_model_lacks_is_named_by_all_who_read_it()
    {
        RunDirectory run = small.NewRun();
        (await Q2.RunAsync(small.Plan(run))).Succeeded();
        string name = Plan(run).Entries[^1].Allocation.Specs.Keys.First();
        File.WriteAllText(run.Plan, File.ReadAllText(run.Plan).Replace($"\"{name}\"", $"\"{name}x\""));

        foreach (string verb in new[] { "report", "pack" })
        {
            Q2Result refused = await Q2.RunAsync(verb, small.Model, "--run", run.DirectoryPath, "--quiet");
            refused.Refused(run.Plan, $"'{name}x', which is no weight of this model", "q2 plan");
        }

        static Plan Plan(RunDirectory run) => OwnJson.Read<Plan>(run.Plan, Remedy.Plan);
    }

    [Theory]
    [InlineData("fit")]
    [InlineData("bank")]
    public async Task A_damaged_record_of_the_directory_names_a_way_on_that_works(string verb)
    {
        RunDirectory run = small.NewRun();
        File.WriteAllText(run.Identity, "{");
        Q2Result refused = await Q2.RunAsync(verb, small.Model, "--run", run.DirectoryPath, "--quiet");
        refused.Refused("run.json", "--run OTHER");
        Assert.DoesNotContain("make it again", refused.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_fit_with_too_few_trials_names_those_that_are_set_aside()
    {
        RunDirectory run = small.NewRun();
        SmallStudy.KillThirdTime(run, "number = 4");
        Assert.Equal(1, (await Q2.RunAsync(small.Study(run))).ExitCode);

        Q2Result refused = await Q2.RunAsync("fit", small.Model, "--run", run.DirectoryPath, "--quiet");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("9 complete trials", refused.Errors, StringComparison.Ordinal);
        Assert.Contains("'random-4'", refused.Errors, StringComparison.Ordinal);
        Assert.Contains("with --retry-failed", refused.Errors, StringComparison.Ordinal);
        Assert.Contains("Run `q2 study`.", refused.Errors, StringComparison.Ordinal);
    }
}
