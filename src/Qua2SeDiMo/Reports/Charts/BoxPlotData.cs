using Qua2SeDiMo.Reports.Words;

namespace Qua2SeDiMo.Reports.Charts;

/// <summary>Data of box plots, one per group.</summary>
/// <param name="Unit">Quantity and unit of the axis.</param>
/// <param name="Boxes">The boxes, in drawing order.</param>
/// <param name="Members">Plural noun for the members of a group.</param>
internal sealed record BoxPlotData(string Unit, IReadOnlyList<BoxData> Boxes, string Members = "weights")
{
    /// <summary>Scores of all options of all weights, by group; groups in order of first appearance, those outside
    /// blocks last.</summary>
    public static BoxPlotData Scores(ReportData report, Func<ScoredWeight, string> group) =>
        new(
            "score of one option of one weight, in standard deviations",
            [
                .. ScoredWeight
                    .All(report)
                    .Where(weight => weight.Scores is not null)
                    .GroupBy(group)
                    .OrderBy(weights => weights.All(weight => weight.IsOutside))
                    .Select(weights =>
                        BoxData.Of(
                            weights.Key,
                            weights.Count(),
                            [.. weights.SelectMany(weight => weight.Scores!.Select(score => score.Mean))]
                        )
                    ),
            ]
        );

    public TableData ToTable() =>
        new(
            [
                new("Group"),
                new(char.ToUpperInvariant(Members[0]) + Members[1..], true),
                new("Scores", true),
                new("Lowest", true),
                new("Quartile 1", true),
                new("Median", true),
                new("Quartile 3", true),
                new("Highest", true),
                new("Range", true),
            ],
            [
                .. Boxes.Select(
                    IReadOnlyList<TableCell> (box) =>
                        [
                            box.Label,
                            TableCell.Number(box.WeightCount, 0),
                            TableCell.Number(box.ValueCount, 0),
                            TableCell.Number(box.Min, 2),
                            TableCell.Number(box.Quartile1, 2),
                            TableCell.Number(box.Median, 2),
                            TableCell.Number(box.Quartile3, 2),
                            TableCell.Number(box.Max, 2),
                            TableCell.Number(box.Max - box.Min, 2),
                        ]
                ),
            ]
        );
}

/// <summary>One box: quartiles by linear interpolation, whiskers to the last value within 1.5 interquartile
/// ranges.</summary>
internal sealed record BoxData(
    string Label,
    int WeightCount,
    int ValueCount,
    double Min,
    double WhiskerLow,
    double Quartile1,
    double Median,
    double Quartile3,
    double WhiskerHigh,
    double Max,
    IReadOnlyList<double> Outliers
)
{
    public static BoxData Of(string label, int weightCount, IReadOnlyList<double> values)
    {
        double[] sorted = [.. values.Where(double.IsFinite).Order()];
        if (sorted.Length == 0)
            return new BoxData(label, weightCount, 0, 0, 0, 0, 0, 0, 0, 0, []);
        (double q1, double q3) = (Quantile(sorted, 0.25), Quantile(sorted, 0.75));
        double reach = 1.5 * (q3 - q1);
        double low = sorted.First(value => value >= q1 - reach);
        double high = sorted.Last(value => value <= q3 + reach);
        return new BoxData(
            label,
            weightCount,
            sorted.Length,
            sorted[0],
            low,
            q1,
            Quantile(sorted, 0.5),
            q3,
            high,
            sorted[^1],
            [.. sorted.Where(value => value < low || value > high)]
        );
    }

    private static double Quantile(double[] sorted, double share)
    {
        double at = share * (sorted.Length - 1);
        int below = (int)at;
        int above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + ((at - below) * (sorted[above] - sorted[below]));
    }
}
