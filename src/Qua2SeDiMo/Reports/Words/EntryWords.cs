using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Plans;

namespace Qua2SeDiMo.Reports.Words;

/// <summary>Names and values of plan entries as a report displays them.</summary>
internal static class EntryWords
{
    /// <summary>A short name for marks of a chart.</summary>
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
    /// The entry's value of a metric; null if it was not measured, and for paired metrics of full precision, which
    /// would compare images with themselves.
    /// </summary>
    public static Measured? Value(this PlanEntry entry, ShownMetric metric)
    {
        if (entry.Kind == PlanKind.FullPrecision && metric.IsPaired)
            return null;
        return entry.Metrics.TryGetValue(metric.Key, out Measured? measured) && double.IsFinite(measured.Value)
            ? measured
            : null;
    }

    /// <summary>Index in <paramref name="options"/> of the option that the entry chose for a weight; −1 for full
    /// precision or an option that is not listed.</summary>
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
