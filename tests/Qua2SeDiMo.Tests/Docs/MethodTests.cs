using System.Text;
using System.Text.Json;
using Xunit;

namespace Qua2SeDiMo.Tests.Docs;

/// <summary>The comparisons of measured sensitivity with the published method come from
/// benchmarks/results/measured.</summary>
public sealed class MethodTests
{
    private const string Results = "docs/results.md",
        Sensitivity = "docs/sensitivity.md";
    private static readonly double[] Sizes = [3.25, 3.5, 3.75, 4];
    private static readonly (string Name, string Label)[] Rankers =
    [
        ("measured", "measurement"),
        ("measured+pairs", "measurement with interactions"),
        ("measured+trials", "measurement corrected by trials"),
        ("network", "GATv2 network"),
        ("ridge", "ridge regression"),
    ];

    [Theory]
    [InlineData("emoji-pixart")]
    public void How_both_methods_rank_is_that_of_the_committed_results(string model)
    {
        List<Figure> figures = Figures(model);
        var text = new StringBuilder();
        text.AppendLine("| | τ against probes | τ above error | trials, SRCC | trials, given average bits |")
            .AppendLine("| --- | ---: | ---: | ---: | ---: |");
        foreach ((string name, string label) in Rankers)
        {
            text.AppendLine(
                $"| {label} | {Of("probes")} | {Of("probes-above-error")} | {Of("trials")} | {Of("trials-at-equal-bits")} |"
            );

            string Of(string question) => Value(figures, question, name, null);
        }
        GeneratedBlock.Check(Results, $"ranks-{model}", text.ToString());
    }

    [Theory]
    [InlineData("emoji-pixart")]
    public void The_plans_of_both_methods_are_those_of_the_committed_results(string model)
    {
        List<Figure> figures = Figures(model);
        var text = new StringBuilder();
        text.AppendLine(
                $"| SSIM, study's prompts / fresh | {string.Join(" | ", Sizes.Select(size => $"{size:0.##} bits"))} |"
            )
            .AppendLine($"| --- | {string.Join(" | ", Sizes.Select(_ => "---:"))} |");
        foreach (
            (string method, string label) in new[]
            {
                ("measured", "by measurement"),
                ("paper", "by the published method"),
            }
        )
        {
            text.AppendLine($"| {label} | {string.Join(" | ", Sizes.Select(size => Both("plan", method, size)))} |");
        }
        text.AppendLine(
            $"| promised by measurement | {string.Join(" | ", Sizes.Select(size => Value(figures, "promise", "measured", size)))} |"
        );
        GeneratedBlock.Check(Results, $"plans-{model}", text.ToString());

        string Both(string question, string method, double size) =>
            $"{Value(figures, $"{question}-seen", method, size)} / {Value(figures, $"{question}-fresh", method, size)}";
    }

    [Theory]
    [InlineData("emoji-pixart")]
    public void What_interactions_gain_is_that_of_the_committed_results(string model)
    {
        List<Figure> figures = Figures(model);
        var text = new StringBuilder();
        text.AppendLine(
                $"| candidate, SSIM seen / fresh | {string.Join(" | ", Sizes.Select(size => $"{size:0.##} bits"))} |"
            )
            .AppendLine($"| --- | {string.Join(" | ", Sizes.Select(_ => "---:"))} |");
        foreach (
            (string source, string label) in new[]
            {
                ("measured", "summed damages"),
                ("measured-whole", "with interactions"),
            }
        )
        {
            text.AppendLine($"| {label} | {string.Join(" | ", Sizes.Select(size => Cell(source, size)))} |");
        }
        text.AppendLine()
            .AppendLine(
                $"Share of the correlations that is signal: {Value(figures, "interaction-share", "measured+pairs", null)}."
            );
        GeneratedBlock.Check(Sensitivity, $"interactions-{model}", text.ToString());

        string Cell(string source, double size) =>
            $"{Value(figures, "candidate-seen", source, size)} / {Value(figures, "candidate-fresh", source, size)}";
    }

    [Theory]
    [InlineData("emoji-pixart")]
    public void What_weights_by_step_gain_is_that_of_the_committed_results(string model)
    {
        var text = new StringBuilder();
        text.AppendLine(
                "| average bits | one plan, predicted SSIM | best border | two plans, predicted SSIM | weights stored twice |"
            )
            .AppendLine("| ---: | ---: | ---: | ---: | ---: |");
        foreach (
            IGrouping<double, JsonElement> size in Rows($"step-groups-{model}").GroupBy(row => Number(row, "bits"))
        )
        {
            JsonElement best = size.MinBy(row => Number(row, "log_damage_of_two"));
            text.AppendLine(
                $"| {size.Key:0.00} | {Number(best, "predicted_of_one"):0.000} | {Number(best, "border"):0} | "
                    + $"{Number(best, "predicted_of_two"):0.000} | {Number(best, "weights_with_two_options"):0.0} |"
            );
        }
        GeneratedBlock.Check(Sensitivity, $"step-groups-{model}", text.ToString());
    }

    private static string Value(List<Figure> figures, string question, string method, double? bits) =>
        figures.Find(figure => figure.Question == question && figure.Method == method && figure.Bits == bits)
            is { } found
            ? $"{found.Value:0.000}"
            : "";

    private static List<Figure> Figures(string model) =>
        [
            .. Rows($"methods-{model}")
                .Select(row => new Figure(
                    row.GetProperty("question").GetString()!,
                    row.GetProperty("method").GetString()!,
                    row.GetProperty("bits").ValueKind == JsonValueKind.Null ? null : Number(row, "bits"),
                    Number(row, "value")
                )),
        ];

    private static double Number(JsonElement row, string name) => row.GetProperty(name).GetDouble();

    private static List<JsonElement> Rows(string name)
    {
        using var file = JsonDocument.Parse(
            File.ReadAllBytes(Path.Combine(RepositoryFiles.Root, "benchmarks/results/measured", $"{name}.json"))
        );
        return [.. file.RootElement.GetProperty("rows").EnumerateArray().Select(row => row.Clone())];
    }

    private sealed record Figure(string Question, string Method, double? Bits, double Value);
}
