using MathNet.Numerics.Statistics;

namespace Qua2SeDiMo.Predictors.Training;

/// <summary>Linear scaling between labels and the network's targets (method.md, section 6).</summary>
/// <param name="Lower">Subtracted from a label.</param>
/// <param name="Unit">Labels per unit of the scaled target.</param>
/// <param name="Clipped">Whether scaled targets are clamped to 0 … 50 (relevances).</param>
internal sealed record TargetScale(double Lower, double Unit, bool Clipped)
{
    /// <summary>The largest relevance.</summary>
    public const double MaximumRelevance = 50;

    private const double LowerQuantile = 0.2;

    /// <summary>A scale to zero mean and unit variance over the training labels.</summary>
    public static TargetScale Standard(IReadOnlyList<double> labels)
    {
        double deviation = labels.Count > 1 ? labels.StandardDeviation() : 0;
        return new TargetScale(labels.Average(), deviation > 0 ? deviation : 1, Clipped: false);
    }

    /// <summary>A scale to relevances, clamp((y − q20)/(max − q20), 0, 1)·50, with q20 the 20 % quantile of the
    /// training labels.</summary>
    public static TargetScale Relevance(IReadOnlyList<double> labels)
    {
        double[] sorted = [.. labels.Order()];
        double position = LowerQuantile * (sorted.Length - 1);
        int below = (int)position;
        double lower = sorted[below];
        if (below + 1 < sorted.Length)
            lower += (position - below) * (sorted[below + 1] - sorted[below]);
        double range = sorted[^1] - lower;
        return new TargetScale(lower, range > 0 ? range / MaximumRelevance : 1, Clipped: true);
    }

    /// <summary>Converts a label to a scaled target.</summary>
    public double Apply(double label)
    {
        double scaled = (label - Lower) / Unit;
        return Clipped ? Math.Clamp(scaled, 0, MaximumRelevance) : scaled;
    }

    /// <summary>Converts a scaled target to a label.</summary>
    public double Invert(double scaled) => (scaled * Unit) + Lower;
}
