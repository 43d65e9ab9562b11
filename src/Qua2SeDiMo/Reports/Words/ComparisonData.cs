using Qua2SeDiMo.Plans;

namespace Qua2SeDiMo.Reports.Words;

/// <summary>Comparison of a plan with the best baseline that is no larger.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="Metric">The compared metric.</param>
/// <param name="Baseline">Best baseline of at most the plan's bytes; null if there is none.</param>
/// <param name="Advantage">Difference in units of the metric; negative if the baseline is better.</param>
/// <param name="IsWithinIntervals">Whether the two intervals overlap; null without intervals.</param>
internal sealed record ComparisonData(
    PlanEntry Plan,
    ShownMetric Metric,
    PlanEntry? Baseline,
    double Advantage,
    bool? IsWithinIntervals
)
{
    /// <summary>Compares a plan with the baselines; null if the plan has no value of the metric.</summary>
    public static ComparisonData? Of(ReportData report, PlanEntry plan, ShownMetric metric)
    {
        if (plan.Value(metric) is not { } own)
            return null;
        PlanEntry? baseline = report
            .Entries.Where(entry =>
                IsBaseline(entry) && entry.SizeBytes <= plan.SizeBytes && entry.Value(metric) is not null
            )
            .MaxBy(entry => metric.Advantage(entry.Value(metric)!.Value, 0));
        if (baseline is null)
            return new ComparisonData(plan, metric, null, 0, null);
        Measured other = baseline.Value(metric)!;
        bool? overlap =
            own is { Low: { } low, High: { } high } && other is { Low: { } otherLow, High: { } otherHigh }
                ? low <= otherHigh && otherLow <= high
                : null;
        return new ComparisonData(plan, metric, baseline, metric.Advantage(own.Value, other.Value), overlap);
    }

    /// <summary>Whether no other quantized entry with at most the same bytes has a better value.</summary>
    public static bool IsBestOfItsSize(ReportData report, PlanEntry entry, ShownMetric metric) =>
        IsQuantizedAlone(entry)
        && entry.Value(metric) is { } own
        && !report.Entries.Any(other =>
            IsQuantizedAlone(other)
            && other.SizeBytes <= entry.SizeBytes
            && other.Value(metric) is { } value
            && metric.Advantage(value.Value, own.Value) > 0
        );

    // Rows with quantized activations have the size of their plan, so they would only compete with it.
    private static bool IsQuantizedAlone(PlanEntry entry) =>
        entry.Kind is not (PlanKind.FullPrecision or PlanKind.QuantizedActivations);

    private static bool IsBaseline(PlanEntry entry) =>
        entry.Kind is PlanKind.Uniform or PlanKind.WeightError or PlanKind.BestRandom;
}
