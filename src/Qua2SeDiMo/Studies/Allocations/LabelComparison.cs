using Qua2SeDiMo.Studies.Objectives;

namespace Qua2SeDiMo.Studies.Allocations;

/// <summary>One label of one allocation beside ours.</summary>
/// <param name="Trial">Name of the allocation.</param>
/// <param name="Metric">Name of the metric.</param>
/// <param name="Expected">Reference label.</param>
/// <param name="Actual">Our label; NaN if the trial is missing, unfinished or lacks the metric.</param>
/// <param name="Tolerance">Largest absolute difference that agrees, in the unit of the metric.</param>
internal sealed record LabelDifference(string Trial, string Metric, double Expected, double Actual, double Tolerance)
{
    /// <summary>|actual − expected|; NaN if there is no label of ours.</summary>
    public double Difference => Math.Abs(Actual - Expected);

    /// <summary>Whether the labels agree.</summary>
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

    // Sizes follow from the allocation alone: equal but for the last digits of a quotient.
    private const double SizeTolerance = 1e-12;

    /// <summary>Every reference label that can be compared, trial by trial in the order of the reference.</summary>
    /// <param name="reference">Allocations with labels.</param>
    /// <param name="trials">Our trials, found by name.</param>
    /// <param name="sizesOnly">Leaves out labels of images, which say nothing where the images were made
    /// otherwise.</param>
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

    // Null: no bound is known for the metric.
    private static double? ToleranceOf(string metric, double expected) =>
        metric == StudyMetric.ClipCosine.Name ? CosineTolerance
        : metric == StudyMetric.ClipScore.Name ? 100 * CosineTolerance
        : metric == StudyMetric.Ssim.Name ? SsimTolerance
        : metric == StudyMetric.Psnr.Name ? PsnrTolerance
        : metric == StudyMetric.Frechet.Name ? FrechetTolerance * Math.Abs(expected)
        : IsSize(metric) ? SizeTolerance * Math.Abs(expected)
        : null;
}
