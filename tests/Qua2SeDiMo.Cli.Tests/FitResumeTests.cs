using Xunit;

namespace Qua2SeDiMo.Cli.Tests;

/// <summary><c>q2 fit</c> on imported labelled trials, killed during training and resumed.</summary>
public sealed class FitResumeTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("q2-fit").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task A_fit_that_was_killed_goes_on_and_ends_with_the_same_bytes()
    {
        string study = RepositoryFiles.Golden("predictor/study"),
            trials = Path.Combine(folder, "trials.csv");
        await File.WriteAllLinesAsync(trials, File.ReadLines(Path.Combine(study, "trials.csv")).Take(16));
        string whole = Path.Combine(folder, "whole"),
            killed = Path.Combine(folder, "killed"),
            states = Path.Combine(killed, "predictor-srcc-training");
        string[] Command(string run) =>
            [
                "fit",
                "--trials",
                trials,
                "--dag",
                Path.Combine(study, "dag.json"),
                "--own-folds",
                "--epochs",
                "30",
                "--run",
                run,
                "--json",
            ];
        (await Q2.RunAsync(Command(whole))).Succeeded();

        using (Q2 program = Q2.Start(Command(killed)))
        {
            while (!program.HasExited && !File.Exists(Path.Combine(states, "fold1.safetensors")))
                await Task.Delay(10);
            program.Send("KILL");
            await program.EndAsync();
        }
        Assert.True(Directory.Exists(states), "The program ended before it could be killed.");
        (await Q2.RunAsync(Command(killed))).Succeeded();

        foreach (string file in new[] { "predictor.safetensors", "predictor.json" })
        {
            Assert.Equal(
                await File.ReadAllBytesAsync(Path.Combine(whole, file)),
                await File.ReadAllBytesAsync(Path.Combine(killed, file))
            );
        }
        Assert.False(Directory.Exists(states));
    }

    [Fact]
    public async Task The_published_training_is_one_switch_of_fit_and_run()
    {
        Assert.Contains(
            "--faithful ",
            (await Q2.RunAsync("fit", "--help")).Succeeded().Output,
            StringComparison.Ordinal
        );
        string run = (await Q2.RunAsync("run", "--help")).Succeeded().Output;
        Assert.Equal(2, run.Split("--faithful").Length);
        Assert.Contains("--early-stopping", run, StringComparison.Ordinal);
    }
}
