using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Reports.Words;

namespace Qua2SeDiMo.Reports.Charts;

/// <summary>Data of a plot of quality against size, for one metric.</summary>
/// <param name="Metric">The metric.</param>
/// <param name="Trials">The random trials.</param>
/// <param name="Marks">Plans, candidates and baselines, which get a label.</param>
/// <param name="FullPrecision">Value of the full-precision model; null if that is the reference of the metric.</param>
internal sealed record ParetoData(
    ShownMetric Metric,
    IReadOnlyList<ParetoPoint> Trials,
    IReadOnlyList<ParetoPoint> Marks,
    Measured? FullPrecision
)
{
    public static ParetoData Collect(ReportData report, ShownMetric metric) =>
        new(
            metric,
            [
                .. report
                    .Trials.Where(trial =>
                        trial.Metrics.TryGetValue(metric.Key, out double value) && double.IsFinite(value)
                    )
                    .Select(trial => new ParetoPoint(
                        $"trial {trial.Number}",
                        null,
                        trial.AverageBits,
                        new Measured(trial.Metrics[metric.Key])
                    )),
            ],
            [
                .. report
                    .Entries.Where(entry => entry.Kind is not (PlanKind.FullPrecision or PlanKind.QuantizedActivations))
                    .Where(entry => entry.Value(metric) is not null)
                    .Select(entry => new ParetoPoint(
                        entry.ShortName(),
                        entry.Kind,
                        entry.AverageBits,
                        entry.Value(metric)!
                    )),
            ],
            report.Entries.FirstOrDefault(entry => entry.Kind == PlanKind.FullPrecision)?.Value(metric)
        );

    /// <summary>Marks that are better than every mark of equal or smaller size, by size.</summary>
    public IReadOnlyList<ParetoPoint> Frontier()
    {
        var frontier = new List<ParetoPoint>();
        foreach (
            ParetoPoint point in Marks
                .OrderBy(mark => mark.AverageBits)
                .ThenByDescending(mark => Metric.Advantage(mark.Measured.Value, 0))
        )
        {
            if (frontier.Count == 0 || Metric.Advantage(point.Measured.Value, frontier[^1].Measured.Value) > 0)
                frontier.Add(point);
        }
        return frontier;
    }

    public TableData ToTable() =>
        new(
            [
                new("Allocation"),
                new("AverageBits", true),
                new(Metric.LabelWithUnit, true),
                new("low", true),
                new("high", true),
            ],
            [
                .. Marks
                    .Concat(Trials)
                    .Select(
                        IReadOnlyList<TableCell> (point) =>
                            [
                                point.Label,
                                TableCell.Number(point.AverageBits, 3),
                                TableCell.Number(point.Measured.Value, Metric.Decimals),
                                TableCell.Number(point.Measured.Low, Metric.Decimals),
                                TableCell.Number(point.Measured.High, Metric.Decimals),
                            ]
                    ),
            ]
        );
}

/// <summary>One allocation of the plot; the kind of a random trial is null.</summary>
internal sealed record ParetoPoint(string Label, PlanKind? Kind, double AverageBits, Measured Measured);
