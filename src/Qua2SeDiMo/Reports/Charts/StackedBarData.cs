using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Reports.Words;

namespace Qua2SeDiMo.Reports.Charts;

/// <summary>Data of stacked bars: number of weights per chosen option, by group of weights.</summary>
/// <param name="Series">Styles of the options, full precision last if it occurs.</param>
/// <param name="Bars">The bars, one per group.</param>
internal sealed record StackedBarData(IReadOnlyList<ChartSeries> Series, IReadOnlyList<StackedBar> Bars)
{
    /// <summary>Counts the options of a plan entry; the weights outside blocks form the last group.</summary>
    public static StackedBarData Choices(ReportData report, PlanEntry entry, Func<ScoredWeight, string> groupOf)
    {
        IReadOnlyList<QuantizerSpec> options = QuantizerSpec.PaperOptions;
        var weights = ScoredWeight
            .All(report)
            .Select(weight => (Weight: weight, Option: entry.Choice(options, weight)))
            .ToList();
        int[] counted =
        [
            .. Enumerable.Range(0, options.Count),
            .. weights.Exists(pair => pair.Option < 0) ? [-1] : Array.Empty<int>(),
        ];
        return new StackedBarData(
            [.. counted.Select(option => option < 0 ? ChartSeries.FullPrecision : ChartSeries.OfPaper[option])],
            [
                .. weights
                    .GroupBy(pair => pair.Weight.IsOutside ? "outside blocks" : groupOf(pair.Weight))
                    .OrderBy(group => group.First().Weight.IsOutside)
                    .Select(group => new StackedBar(
                        group.Key,
                        [.. counted.Select(option => group.Count(pair => pair.Option == option))]
                    )),
            ]
        );
    }

    public TableData ToTable() =>
        new(
            [new("Group"), .. Series.Select(series => new TableColumn(series.Label, true))],
            [
                .. Bars.Select(
                    IReadOnlyList<TableCell> (bar) =>
                        [bar.Label, .. bar.Counts.Select(count => TableCell.Number(count, 0))]
                ),
            ]
        );
}

/// <summary>One bar, with a count per series.</summary>
internal sealed record StackedBar(string Label, IReadOnlyList<int> Counts);
