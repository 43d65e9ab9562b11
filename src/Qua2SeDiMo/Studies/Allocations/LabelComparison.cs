using Qua2SeDiMo.Studies.Objectives;

namespace Qua2SeDiMo.Studies.Allocations;

/// <summary>A reference label of an allocation and the label of the same allocation in this study.</summary>
/// <param name="Trial">Name of the allocation.</param>
/// <param name="Metric">Name of the metric.</param>
/// <param name="Expected">Reference label.</param>
/// <param name="Actual">Label in this study; NaN if the trial is missing, unfinished or lacks the metric.</param>
/// <param name="Tolerance">Largest absolute difference that counts as agreement, in the unit of the metric.</param>
internal sealed record LabelDifference(string Trial, string Metric, double Expected, double Actual, double Tolerance)
{
    /// <summary>|actual − expected|; NaN when <see cref="Actual"/> is NaN.</summary>
    public double Difference => Math.Abs(Actual - Expected);

    /// <summary>Whether the difference is within the tolerance; false for NaN.</summary>
    public bool Agrees => Difference <= Tolerance;
}

/// <summary>Compares labels of the same allocations from two sources.</summary>
internal static class LabelComparison
{
    // Bounds of agreement between two fp32 implementations of one model: cosines 0.005 (a CLIP score is 100 cosines),
    // PSNR 0.3 dB, Fréchet 1 %.
    private const double CosineTolerance = 0.005;
    private const double SsimTolerance = 0.01;
    private const double PsnrTolerance = 0.3;
    private const double FrechetTolerance = 0.01;

    // Sizes follow from the allocation alone, so only rounding in the last digits is tolerated.
    private const double SizeTolerance = 1e-12;

    /// <summary>Compares every reference label for which a tolerance is known, in the order of the reference.</summary>
    /// <param name="reference">Allocations with labels.</param>
    /// <param name="trials">Trials of this study, matched by name.</param>
    /// <param name="sizesOnly">Whether to leave out labels of images, because the images were made under different
    /// conditions.</param>
    public static IReadOnlyList<LabelDifference> Compare(
        IReadOnlyList<LabelledAllocation> reference,
        IReadOnlyList<Trial> trials,
        bool sizesOnly = false
    )
    {
        ArgumentNullException.ThrowIfNull(reference);
        Dictionary<string, Trial> byName = trials.ToDictionary(trial => trial.Name, StringComparer.Ordinal);
        var differences = new List<LabelDifference>();
        foreach (LabelledAllocation entry in reference)
        {
            Trial? trial = byName.GetValueOrDefault(entry.Name);
            foreach ((string metric, double expected) in entry.Metrics)
            {
                if (ToleranceOf(metric, expected) is not double tolerance || (sizesOnly && !IsSize(metric)))
                    continue;
                double actual =
                    trial is not null && trial.Metrics.TryGetValue(metric, out double value) ? value : double.NaN;
                differences.Add(new LabelDifference(entry.Name, metric, expected, actual, tolerance));
            }
        }
        return differences;
    }

    private static bool IsSize(string metric) =>
        metric == StudyMetric.AverageBits.Name || metric == StudyMetric.SizeBytes.Name;

    // Null when no tolerance is known for the metric.
    private static double? ToleranceOf(string metric, double expected) =>
        metric == StudyMetric.ClipCosine.Name ? CosineTolerance
        : metric == StudyMetric.ClipScore.Name ? 100 * CosineTolerance
        : metric == StudyMetric.Ssim.Name ? SsimTolerance
        : metric == StudyMetric.Psnr.Name ? PsnrTolerance
        : metric == StudyMetric.Frechet.Name ? FrechetTolerance * Math.Abs(expected)
        : IsSize(metric) ? SizeTolerance * Math.Abs(expected)
        : null;
}
