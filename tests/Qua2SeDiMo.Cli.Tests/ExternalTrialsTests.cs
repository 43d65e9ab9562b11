using System.Text.Json;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests;

/// <summary>fit, explain and plan on imported labelled trials: a part of the simulated study, with few
/// epochs.</summary>
[Trait("Speed", "Slow")]
public sealed class ExternalTrialsTests : IDisposable
{
    private static readonly string Study = Path.Combine(RepositoryFiles.Root, "tests", "golden", "predictor", "study");
    private static readonly string Dag = Path.Combine(Study, "dag.json");
    private static readonly string Truth = Path.Combine(Study, "truth.json");
    private readonly string folder = Directory.CreateTempSubdirectory("q2-external-").FullName;

    private string Trials => Path.Combine(folder, "trials.csv");

    private string Run => Path.Combine(folder, "run");

    public ExternalTrialsTests() =>
        File.WriteAllLines(Trials, File.ReadLines(Path.Combine(Study, "trials.csv")).Take(41));

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Trials_without_a_model_are_fitted_explained_and_planned_for()
    {
        JsonElement fit = (
            await Q2.RunAsync(
                "fit",
                "--trials",
                Trials,
                "--dag",
                Dag,
                "--own-folds",
                "--run",
                Run,
                "--epochs",
                "1",
                "--truth",
                Truth,
                "--json",
                "--quiet"
            )
        )
            .Succeeded()
            .Json;
        Assert.Equal(
            ["network", "ridge", "ridge-trends", "ridge-pairs", "marginal-means", "average-bits", "error-sum", "mean"],
            fit.GetProperty("result")
                .GetProperty("models")
                .EnumerateArray()
                .Select(model => model.GetProperty("model").GetString()!)
                .Where(name => !name.Contains('+'))
        );
        Assert.Equal(40, fit.GetProperty("trainedOn").GetProperty("trialCount").GetInt32());
        Assert.Equal(49, fit.GetProperty("truth").GetProperty("unitCount").GetInt32());
        Assert.Equal(5, fit.GetProperty("result").GetProperty("hops").GetArrayLength());
        byte[] weights = File.ReadAllBytes(Path.Combine(Run, "predictor.safetensors"));
        Assert.Contains(
            "trained_on",
            System.Text.Encoding.UTF8.GetString(weights.AsSpan(0, 20_000)),
            StringComparison.Ordinal
        );

        (
            await Q2.RunAsync(
                "fit",
                "--trials",
                Trials,
                "--dag",
                Dag,
                "--own-folds",
                "--run",
                Run,
                "--epochs",
                "1",
                "--loss",
                "ndcg",
                "--json",
                "--quiet"
            )
        ).Succeeded();
        Assert.Equal(weights, File.ReadAllBytes(Path.Combine(Run, "predictor.safetensors")));
        Assert.True(File.Exists(Path.Combine(Run, "predictor-ndcg.json")));

        string figures = Path.Combine(folder, "figures");
        JsonElement explained = (
            await Q2.RunAsync(
                "explain",
                "--run",
                Run,
                "--loss",
                "srcc",
                "--compare",
                "block00.q",
                "block 3",
                "q",
                "ff1",
                "--bootstrap",
                "2",
                "--bootstrap-epochs",
                "1",
                "--svg",
                figures,
                "--json",
                "--quiet"
            )
        )
            .Succeeded()
            .Json;
        Assert.Equal("srcc", explained.GetProperty("loss").GetString());
        Assert.Equal("ndcg", explained.GetProperty("otherLosses")[0].GetProperty("loss").GetString());
        Assert.Equal(
            ["folds", "bootstrap"],
            explained
                .GetProperty("network")
                .GetProperty("spreads")
                .EnumerateArray()
                .Select(spread => spread.GetProperty("kind").GetString()!)
        );
        Assert.InRange(
            explained.GetProperty("comparisons")[0].GetProperty("spreads")[0].GetProperty("probability").GetDouble(),
            0,
            1
        );
        Assert.Equal(6, explained.GetProperty("agreement").GetProperty("names").GetArrayLength());
        Assert.NotEmpty(explained.GetProperty("claims")[0].GetProperty("supporting").EnumerateArray());
        Assert.True(File.Exists(Path.Combine(figures, "network-ndcg-block-choices-by-operator.svg")));
        Assert.True(File.Exists(Path.Combine(figures, "agreement.svg")));

        (await Q2.RunAsync("plan", "--run", Run, "--size", "18MB", "--quiet")).Refused("no allocation fits");
        JsonElement plan = (await Q2.RunAsync("plan", "--run", Run, "--size", "3.6", "35MB", "--json", "--quiet"))
            .Succeeded()
            .Json;
        Assert.Contains("Nothing was verified", plan.GetProperty("notes")[0].GetString(), StringComparison.Ordinal);
        Assert.All(
            plan.GetProperty("entries").EnumerateArray(),
            entry => Assert.True(double.IsFinite(entry.GetProperty("predictedObjective").GetDouble()))
        );
        Assert.All(
            plan.GetProperty("entries")
                .EnumerateArray()
                .Where(entry =>
                    entry.TryGetProperty("budgetBytes", out JsonElement bytes)
                    && bytes.ValueKind == JsonValueKind.Number
                ),
            entry =>
                Assert.True(entry.GetProperty("sizeBytes").GetInt64() <= entry.GetProperty("budgetBytes").GetInt64())
        );
        Assert.NotEmpty(plan.GetProperty("fronts")[0].GetProperty("points").EnumerateArray());

        // With another label the trials are different, so the fit is stale.
        File.AppendAllText(Trials, $"x,1,3.5,1,1,-300,{new string('0', 149)}\n");
        (await Q2.RunAsync("explain", "--run", Run, "--quiet")).Refused("other trials", "q2 fit");
    }

    [Fact]
    public async Task What_does_not_fit_together_is_refused_in_words()
    {
        (await Q2.RunAsync("fit", "--quiet")).Refused("FOLDER", "--trials");
        (await Q2.RunAsync("fit", "model", "--trials", Trials, "--quiet")).Refused("not both");
        (
            await Q2.RunAsync(
                "fit",
                "--trials",
                Trials,
                "--dag",
                Path.Combine(folder, "none.json"),
                "--run",
                Run,
                "--quiet"
            )
        ).Refused("none.json", "no such file");
        (await Q2.RunAsync("fit", "--trials", Trials, "--dag", Dag, "--run", Run, "--quiet")).Refused(
            "folds",
            "--own-folds"
        );
        (
            await Q2.RunAsync("fit", "--trials", Trials, "--dag", Dag, "--target", "clip", "--run", Run, "--quiet")
        ).Refused("no column 'clip'", "fid");
        (
            await Q2.RunAsync("fit", "--trials", Trials, "--dag", Dag, "--objective", "ssim", "--run", Run, "--quiet")
        ).Refused("--target");
        (await Q2.RunAsync("explain", "--trials", Trials, "--dag", Dag, "--run", Run, "--quiet")).Refused("q2 fit");
        (
            await Q2.RunAsync("explain", "--trials", Trials, "--dag", Dag, "--run", Run, "--compare", "a", "--quiet")
        ).Refused("pairs");
    }
}
