using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Reports.Words;

namespace Qua2SeDiMo.Reports.Charts;

/// <summary>Data of a bar chart: named values, each with an interval or single observations if it has any.</summary>
/// <param name="Unit">Quantity and unit of the axis.</param>
/// <param name="Decimals">Number of decimals of the figures.</param>
/// <param name="Bars">The bars, in drawing order.</param>
/// <param name="Max">Value that the axis must reach, for instance 1 for correlations; null for none.</param>
internal sealed record BarChartData(string Unit, int Decimals, IReadOnlyList<BarData> Bars, double? Max = null)
{
    /// <summary>Split-half rank reliability of each metric that has one.</summary>
    public static BarChartData Reliability(ReportData report) =>
        new(
            "rank correlation between two halves of the prompts",
            2,
            [
                .. report
                    .Metrics.Where(metric => metric.Reliability is not null)
                    .OrderByDescending(metric => metric.Reliability!.Value)
                    .Select(metric => new BarData(metric.Label, metric.Reliability!, [], report.IsObjective(metric))),
            ],
            1
        );

    /// <summary>Rank correlation of each predictor, with a dot per fold.</summary>
    public static BarChartData Predictors(FitResult fit, string deciding, bool isPartial)
    {
        FoldSummary Summary(ModelScores scores) => isPartial ? scores.PartialSrcc : scores.Srcc;
        double Figure(FoldMetrics fold) => isPartial ? fold.PartialSrcc : fold.Srcc;
        BarData Bar(ModelScores scores) =>
            new(scores.Label(), new Measured(Summary(scores).Mean), scores.Defined(Figure), scores.Model == deciding);
        return new BarChartData(
            isPartial ? "partial rank correlation, average bits removed" : "rank correlation on held-out trials",
            2,
            [.. fit.Models.Where(scores => Summary(scores).Defined() is not null).Select(Bar)],
            1
        );
    }

    public TableData ToTable() =>
        new(
            [new("Name"), new("Value", true), new("low", true), new("high", true), new("single values")],
            [
                .. Bars.Select(
                    IReadOnlyList<TableCell> (bar) =>
                        [
                            bar.Label,
                            TableCell.Number(bar.Measured.Value, Decimals),
                            TableCell.Number(bar.Measured.Low, Decimals),
                            TableCell.Number(bar.Measured.High, Decimals),
                            string.Join(", ", bar.Observations.Select(value => FigureText.Fixed(value, Decimals))),
                        ]
                ),
            ]
        );
}

/// <summary>One bar; a marked one is emphasised.</summary>
internal sealed record BarData(string Label, Measured Measured, IReadOnlyList<double> Observations, bool IsMarked);
