using Qua2SeDiMo.Plans;

namespace Qua2SeDiMo.Reports.Words;

/// <summary>A plan beside the best baseline that is no larger.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="Metric">The metric that is compared.</param>
/// <param name="Baseline">Best baseline of at most the plan's bytes; null if there is none.</param>
/// <param name="Advantage">How much better the plan is, in units of the metric; negative where the baseline
/// wins.</param>
/// <param name="IsWithinIntervals">Whether the two intervals overlap; null without intervals.</param>
internal sealed record ComparisonData(
    PlanEntry Plan,
    ShownMetric Metric,
    PlanEntry? Baseline,
    double Advantage,
    bool? IsWithinIntervals
)
{
    /// <summary>Compares a plan; null if it has no value of the metric.</summary>
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

    /// <summary>Whether no other quantized entry of at most the same bytes has a better value.</summary>
    public static bool IsBestOfItsSize(ReportData report, PlanEntry entry, ShownMetric metric) =>
        IsQuantizedAlone(entry)
        && entry.Value(metric) is { } own
        && !report.Entries.Any(other =>
            IsQuantizedAlone(other)
            && other.SizeBytes <= entry.SizeBytes
            && other.Value(metric) is { } value
            && metric.Advantage(value.Value, own.Value) > 0
        );

    // Rows with rounded activations are of the size of their plan, which they cannot be better than.
    private static bool IsQuantizedAlone(PlanEntry entry) =>
        entry.Kind is not (PlanKind.FullPrecision or PlanKind.RoundedActivations);

    private static bool IsBaseline(PlanEntry entry) =>
        entry.Kind is PlanKind.Uniform or PlanKind.WeightError or PlanKind.BestRandom;
}
