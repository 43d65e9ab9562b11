using System.Text.Json;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>Fit, explanation, plan, packed model and report are valid only for the current study.</summary>
[Trait("Speed", "Slow")]
public sealed class StaleResultsTests : IDisposable
{
    private readonly ModelCopy model = new();
    private readonly string run;

    public StaleResultsTests()
    {
        run = model.Beside("r");
        File.WriteAllText(model.Beside("prompts.txt"), "a red apple\na green leaf\na blue door\na grey stone\n");
    }

    public void Dispose() => model.Dispose();

    [Fact]
    public async Task What_was_made_from_other_trials_is_refused_until_it_is_made_again()
    {
        (await StudyAsync(10)).Succeeded();
        foreach (string verb in new[] { "fit", "explain", "plan", "pack", "report" })
            (await RunAsync(verb)).Succeeded();
        string plan = File.ReadAllText(Path.Combine(run, "plan.json"));

        // A copy at another path, with other file times and without the prompts, works for every later stage.
        string copy = model.Beside("copy");
        ModelCopy.CopyFolder(run, copy);
        File.WriteAllText(model.Beside("prompts.txt"), "something else\n");
        foreach (string verb in new[] { "explain", "plan", "report" })
            (await RunAsync(verb, copy)).Succeeded();
        Assert.Equal(Measured(plan), Measured(File.ReadAllText(Path.Combine(copy, "plan.json"))));
        using (JsonDocument report = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(copy, "report.json"))))
        {
            Assert.Contains("a red apple", report.RootElement.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain("something else", report.RootElement.ToString(), StringComparison.Ordinal);
        }
        File.WriteAllText(model.Beside("prompts.txt"), "a red apple\na green leaf\na blue door\na grey stone\n");

        (await StudyAsync(11)).Succeeded();
        IReadOnlyDictionary<string, string> before = FolderBytes.Of(run);
        (await RunAsync("explain")).Refused("other trials", "q2 fit");
        (await RunAsync("plan")).Refused("other trials", "q2 fit");
        (await RunAsync("pack")).Refused("10 trials", "11", "q2 plan");
        (await RunAsync("report")).Refused("other trials", "q2 fit");
        Assert.Equal(before, FolderBytes.Of(run));

        (await RunAsync("fit")).Succeeded();
        (await RunAsync("plan")).Refused("other trials", "q2 explain");
        (await RunAsync("explain")).Succeeded();
        (await RunAsync("report")).Refused("10 trials", "q2 plan");
        (await RunAsync("fit", null, "--predictor-seed", "7")).Succeeded();
        (await RunAsync("plan")).Refused("another fit", "q2 explain");
        foreach (string verb in new[] { "explain", "plan", "pack", "report" })
            (await RunAsync(verb)).Succeeded();
    }

    [Fact]
    public async Task Files_of_other_runs_are_not_taken_for_those_of_this_one()
    {
        string other = model.Beside("other");
        (await StudyAsync(10)).Succeeded();
        (await StudyAsync(10, other, "--sampler-seed", "3")).Succeeded();
        foreach (string directory in new[] { run, other })
        {
            foreach (string verb in new[] { "fit", "explain", "plan" })
                (await RunAsync(verb, directory)).Succeeded();
        }
        foreach (
            (string file, string verb, string said) in new[]
            {
                ("plan.json", "pack", "plan.json"),
                ("sensitivity.json", "plan", "sensitivity.json"),
                ("predictor.json", "explain", "predictor.json"),
                ("predictor.safetensors", "explain", "predictor.safetensors"),
                ("study.json", "plan", "study.json"),
            }
        )
        {
            byte[] own = File.ReadAllBytes(Path.Combine(run, file));
            File.Copy(Path.Combine(other, file), Path.Combine(run, file), overwrite: true);
            (await RunAsync(verb)).Refused(said);
            File.WriteAllBytes(Path.Combine(run, file), own);
        }
        (await RunAsync("report")).Succeeded();
    }

    private Task<Q2Result> StudyAsync(int trials, string? directory = null, params string[] more) =>
        Q2.RunAsync([
            "study",
            model.Path,
            "--run",
            directory ?? run,
            "--prompts",
            model.Beside("prompts.txt"),
            "--trials",
            $"{trials}",
            "--images",
            "2",
            "--steps",
            "1",
            "--quiet",
            .. more,
        ]);

    private Task<Q2Result> RunAsync(string verb, string? directory = null, params string[] more)
    {
        string[] own = verb switch
        {
            "fit" => ["--epochs", "2"],
            "plan" => ["--size", "4"],
            _ => [],
        };
        return Q2.RunAsync([verb, model.Path, "--run", directory ?? run, "--quiet", .. own, .. more]);
    }

    private static string Measured(string plan)
    {
        using JsonDocument document = JsonDocument.Parse(plan);
        return document.RootElement.GetProperty("entries").ToString();
    }
}
