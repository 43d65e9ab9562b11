using Qua2SeDiMo.Graphs.Operations;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Sensitivity;
using Spectre.Console;

namespace Qua2SeDiMo.Cli;

/// <summary>Shows an explanation as tables on the terminal.</summary>
internal static class ExplainTables
{
    // The others appear only in --json and in the report.
    private const int ShownClaims = 3;

    internal static void Show(SensitivityRecord record, int count, IAnsiConsole output)
    {
        SensitivityResult scores = record.By(record.Decides);
        output.WriteLine(
            "Scores by "
                + $"{(scores.Model == ModelNames.Network ? $"the network ({record.Loss})" : "ridge regression")}, the "
                + $"{Math.Min(count, scores.Weights.Count)} weights that lose most by fewer bits; ± {Meaning(scores)}"
        );
        Table table = new Table()
            .Border(TableBorder.Simple)
            .AddColumns([
                "weight",
                "block",
                "type",
                "4 to 3 bits costs",
                .. scores.Spreads.Skip(1).Select(spread => $"± over {spread.Kind}"),
                .. scores.Options,
            ]);
        foreach (
            (WeightPosition place, WeightScores weight, int w) in record
                .Weights.Zip(scores.Weights, Enumerable.Range(0, scores.Weights.Count))
                .OrderByDescending(row => row.Second.FewerBitsCost)
                .Take(count)
        )
        {
            table.AddRow([
                place.Name,
                place.Block,
                place.LayerType,
                $"{weight.FewerBitsCost:0.0000} ± {weight.FewerBitsDeviation:0.0000}",
                .. scores.Spreads.Skip(1).Select(spread => $"{spread.FewerBitsDeviations[w]:0.0000}"),
                .. weight.Scores.Zip(
                    weight.Deviations,
                    (score, deviation) => $"{score:+0.0000;-0.0000} ± {deviation:0.0000}"
                ),
            ]);
        }
        output.Write(table);
        ShowUnits(record, count, output);
        if (record.Comparisons.Count > 0)
            ShowComparisons(record.Comparisons, output);
        if (record.Agreement is { } agreement)
            ShowAgreement(agreement, output);
        foreach (ClaimSupport claim in record.Claims.Take(ShownClaims))
            ShowSupport(claim, output);
        if (record.Truth is { } truth)
            FitTables.Show(truth, output);
        foreach (string sentence in record.Sentences)
            output.WriteLine(sentence);
    }

    private static string Meaning(SensitivityResult scores) =>
        scores.Spreads.Count == 0
            ? "standard deviation"
            : $"standard deviation over {scores.Spreads[0].SampleCount} "
                + $"{(scores.Spreads[0].Kind == ScoreSpread.Folds ? "folds" : "resamples of the trials")}";

    private static void ShowUnits(SensitivityRecord record, int count, IAnsiConsole output)
    {
        if (record.Network is not { Units.Count: > 0 } network)
            return;
        UnitSensitivity[] units =
        [
            .. network
                .Units.Where(unit => unit.Weights.Count > 1)
                .OrderByDescending(unit => unit.Best[0].Score - unit.Worst.Score)
                .Take(count),
        ];
        if (units.Length == 0)
            return;
        output.WriteLine("Units by the network, those first whose combinations differ most:");
        Table table = new Table()
            .Border(TableBorder.Simple)
            .AddColumns("unit", "kind", "hop", "combinations", "best", "score", "worst");
        foreach (UnitSensitivity unit in units)
        {
            table.AddRow(
                unit.Name.EscapeMarkup(),
                unit.Kind,
                $"{unit.Hop}",
                $"{unit.Combinations:#,0}",
                string.Join(' ', unit.Best[0].Options),
                $"{unit.Best[0].Score:0.000}",
                $"{unit.Worst.Score:0.000}"
            );
        }
        output.Write(table);
    }

    private static void ShowComparisons(IReadOnlyList<SensitivityComparison> comparisons, IAnsiConsole output)
    {
        output.WriteLine("Is A more sensitive than B? (what 4 to 3 bits costs, mean over the weights of each)");
        Table table = new Table()
            .Border(TableBorder.Simple)
            .AddColumns("A", "B", "model", "A costs", "B costs", "A - B, 95 %", "resampling", "probability");
        foreach (SensitivityComparison row in comparisons)
        {
            foreach (ComparisonSpread spread in row.Spreads)
            {
                table.AddRow(
                    row.First.Name.EscapeMarkup(),
                    row.Second.Name.EscapeMarkup(),
                    ModelLabels.Scorer(row.Model),
                    $"{row.FirstDrop:0.0000}",
                    $"{row.SecondDrop:0.0000}",
                    $"{spread.Difference:0.0000} ({spread.Low:0.0000} … {spread.High:0.0000})",
                    $"{spread.SampleCount} {spread.Kind}",
                    $"{spread.Probability:0.00}"
                );
            }
        }
        output.Write(table);
    }

    private static void ShowAgreement(AgreementTable agreement, IAnsiConsole output)
    {
        output.WriteLine(
            "Agreement on the order of weights by what fewer bits cost (Kendall τ-b; above the diagonal over all "
                + "options, each less its weight's mean)"
        );
        Table table = new Table()
            .Border(TableBorder.Simple)
            .AddColumns([
                "",
                .. Enumerable.Range(1, agreement.Names.Count).Select(i => $"{i}"),
                "between folds",
                "between resamples",
            ]);
        for (int i = 0; i < agreement.Names.Count; i++)
        {
            table.AddRow([
                $"{i + 1} {agreement.Names[i]}",
                .. Enumerable
                    .Range(0, agreement.Names.Count)
                    .Select(j =>
                        i == j ? "" : FitTables.Tau(j < i ? agreement.Weights[i][j] : agreement.Options[i][j])
                    ),
                FitTables.Tau(agreement.Folds[i]),
                FitTables.Tau(agreement.Resamples[i]),
            ]);
        }
        output.Write(table);
    }

    private static void ShowSupport(ClaimSupport claim, IAnsiConsole output)
    {
        output.WriteLine($"\"{claim.Claim}\": {claim.Value:0.0000} by ridge regression; influence of single trials");
        Table table = new Table()
            .Border(TableBorder.Simple)
            .AddColumns("trial", "influence", "label", "average bits", "share at 3 bits", "images");
        foreach (SupportingTrial trial in claim.Supporting.Concat(claim.Opposing))
        {
            table.AddRow(
                trial.Name.EscapeMarkup(),
                $"{trial.Influence:+0.0000;-0.0000}",
                $"{trial.Label:0.0000}",
                $"{trial.AverageBits:0.000}",
                trial.Second is { } second ? $"{trial.First:P0} of A, {second:P0} of B" : $"{trial.First:P0}",
                (trial.Images ?? "").EscapeMarkup()
            );
        }
        output.Write(table);
        foreach (SupportingImage image in claim.SupportingImages)
            output.WriteLine(
                $"  image {image.Image} (seed {image.Seed}): {image.Value:+0.0000;-0.0000}  {image.Prompt}"
            );
    }
}
