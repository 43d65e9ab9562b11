using System.Text;
using System.Text.Json;
using MathNet.Numerics.Statistics;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Studies.Objectives;
using Xunit;

namespace Qua2SeDiMo.Tests.Docs;

/// <summary>The tables of docs/fewer-trials.md come from benchmarks/results/fewer-trials.</summary>
public sealed class FewerTrialsTests
{
    private const string Page = "docs/fewer-trials.md";
    private static readonly string[] Models =
    [
        ModelNames.Network,
        ModelNames.Ridge,
        ModelNames.RidgeTrends,
        ModelNames.Ensemble,
        ModelNames.AverageBits,
        ModelNames.ErrorSum,
    ];

    [Theory]
    [InlineData("learning-curve-simulated")]
    [InlineData("learning-curve-emoji-pixart")]
    public void The_learning_curves_are_those_of_the_committed_results(string name)
    {
        var text = new StringBuilder();
        text.AppendLine($"| trials | {string.Join(" | ", Models.Select(ModelLabels.Of))} |")
            .AppendLine($"| ---: | {string.Join(" | ", Models.Select(_ => "---:"))} |");
        foreach (IGrouping<int, JsonElement> size in Rows(name).GroupBy(row => row.GetProperty("trials").GetInt32()))
        {
            Dictionary<string, JsonElement> byModel = size.ToDictionary(row => row.GetProperty("model").GetString()!);
            text.AppendLine(
                $"| {size.Key} | {string.Join(" | ", Models.Select(model => Cell(byModel[model], model)))} |"
            );
        }
        GeneratedBlock.Check(Page, name, text.ToString());

        static string Cell(JsonElement row, string model) =>
            $"{row.GetProperty("srcc").GetDouble():0.000} ± {row.GetProperty("srcc_deviation").GetDouble():0.000}"
            + (model == ModelNames.AverageBits ? "" : $" ({row.GetProperty("partial_srcc").GetDouble():0.00})");
    }

    [Theory]
    [InlineData("samplers-simulated")]
    [InlineData("samplers-emoji-pixart")]
    public void The_comparisons_of_samplers_are_those_of_the_committed_results(string name)
    {
        List<JsonElement> rows = Rows(name);
        bool knowsPlans = rows[0].GetProperty("plan_volume").ValueKind == JsonValueKind.Number;
        var text = new StringBuilder();
        text.AppendLine(
                "| trials | sampler | hypervolume of the trials |"
                    + (knowsPlans ? " hypervolume of plans made from them |" : "")
            )
            .AppendLine("| ---: | --- | ---: |" + (knowsPlans ? " ---: |" : ""));
        foreach (
            var group in rows.GroupBy(row =>
                (Trials: row.GetProperty("trials").GetInt32(), Sampler: row.GetProperty("sampler").GetString()!)
            )
        )
        {
            text.AppendLine(
                $"| {group.Key.Trials} | {group.Key.Sampler} | {Of("trial_volume")} |"
                    + (knowsPlans ? $" {Of("plan_volume")} |" : "")
            );

            string Of(string field) =>
                group.Select(row => row.GetProperty(field).GetDouble()).ToArray() is var values
                    ? $"{values.Average():0.000} ± {values.StandardDeviation():0.000}"
                    : "";
        }
        GeneratedBlock.Check(Page, name, text.ToString());
    }

    [Fact]
    public void The_plans_after_either_sampler_are_those_of_the_committed_runs()
    {
        PlanEntry[] random = Plans("demo/plan.json"),
            front = Plans("fewer-trials/plan-front.json");
        var text = new StringBuilder(
            "| size | SSIM, random | fresh prompts | SSIM, front | fresh prompts |\n| ---: | ---: | ---: | ---: | ---: |\n"
        );
        foreach ((PlanEntry a, PlanEntry b) in random.Zip(front))
        {
            Assert.Equal(a.BudgetBytes, b.BudgetBytes);
            string fresh = PlanEntry.FreshSuffix;
            text.AppendLine(
                $"| {a.RequestedBits:0.00} bits | {Ssim(a, "")} | {Ssim(a, fresh)} | {Ssim(b, "")} | {Ssim(b, fresh)} |"
            );
        }
        GeneratedBlock.Check(Page, "plans-emoji-pixart", text.ToString());

        static string PathOf(string file) => Path.Combine(RepositoryFiles.Root, "benchmarks", "results", file);
        static PlanEntry[] Plans(string file) =>
            [
                .. RunFile
                    .Read<Plan>(PathOf(file), Remedy.Plan)
                    .Entries.Where(entry => entry.Kind == PlanKind.Plan)
                    .OrderBy(entry => entry.RequestedBits),
            ];
        static string Ssim(PlanEntry entry, string suffix) =>
            $"{entry.Metrics[StudyMetric.Ssim.Name + suffix].Value:0.000}";
    }

    private static List<JsonElement> Rows(string name) =>
        [
            .. JsonDocument
                .Parse(
                    File.ReadAllBytes(
                        Path.Combine(RepositoryFiles.Root, "benchmarks", "results", "fewer-trials", $"{name}.json")
                    )
                )
                .RootElement.GetProperty("rows")
                .EnumerateArray(),
        ];
}
