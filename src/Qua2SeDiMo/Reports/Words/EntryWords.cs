using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Plans;

namespace Qua2SeDiMo.Reports.Words;

/// <summary>What a report says of an entry of the plan.</summary>
internal static class EntryWords
{
    /// <summary>A name that fits beside the marks of a chart.</summary>
    public static string ShortName(this PlanEntry entry) =>
        entry.Kind switch
        {
            PlanKind.Uniform when entry.UniformOption is { } option => option.ToString(),
            PlanKind.Candidate when entry.Scores is { } scores => $"{scores.Name} {entry.RequestedBits:0.##}",
            PlanKind.WeightError => $"least error {entry.RequestedBits:0.##}",
            PlanKind.BestRandom => $"best random {entry.RequestedBits:0.##}",
            _ => entry.Label,
        };

    /// <summary>
    /// Its value of a metric; null where none was measured. The full-precision images against themselves say nothing.
    /// </summary>
    public static Measured? Value(this PlanEntry entry, ShownMetric metric)
    {
        if (entry.Kind == PlanKind.FullPrecision && metric.IsPaired)
            return null;
        return entry.Metrics.TryGetValue(metric.Key, out Measured? measured) && double.IsFinite(measured.Value)
            ? measured
            : null;
    }

    /// <summary>Index in a list of options of what it chose for a weight; −1 for full precision.</summary>
    public static int Choice(this PlanEntry entry, IReadOnlyList<QuantizerSpec> options, ScoredWeight weight)
    {
        if (entry.Allocation[weight.Name] is not { } chosen)
            return -1;
        for (int i = 0; i < options.Count; i++)
        {
            if (options[i] == chosen)
                return i;
        }
        return -1;
    }
}
