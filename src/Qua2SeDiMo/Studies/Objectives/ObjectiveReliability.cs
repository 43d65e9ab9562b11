namespace Qua2SeDiMo.Studies.Objectives;

/// <summary>How well a metric reproduces its ranking of the trials when measured on other prompts.</summary>
/// <param name="Metric">Name of the metric.</param>
/// <param name="TrialCount">Number of ranked trials.</param>
/// <param name="ImageCount">Number of images per trial; each half has half of them.</param>
/// <param name="HalfCorrelations">Per split, the Spearman correlation between the trials' values on two disjoint
/// halves.</param>
/// <param name="HalfCorrelationsAtEqualSize">Per split, the same correlation given average bits (partial rank
/// correlation).</param>
public sealed record ObjectiveReliability(
    string Metric,
    int TrialCount,
    int ImageCount,
    IReadOnlyList<double> HalfCorrelations,
    IReadOnlyList<double> HalfCorrelationsAtEqualSize
)
{
    /// <summary>Expected rank correlation between all images and as many other images: Spearman–Brown, 2r/(1 + r), mean
    /// over splits.</summary>
    public double Reliability { get; } = HalfCorrelations.Average(SpearmanBrown);

    /// <summary>Standard deviation of <see cref="Reliability"/> over splits.</summary>
    public double Spread { get; } = Deviation(HalfCorrelations);

    /// <summary><see cref="Reliability"/> of the ranking among trials of equal average bits.</summary>
    public double ReliabilityAtEqualSize { get; } = HalfCorrelationsAtEqualSize.Average(SpearmanBrown);

    /// <summary>Standard deviation of <see cref="ReliabilityAtEqualSize"/> over splits.</summary>
    public double SpreadAtEqualSize { get; } = Deviation(HalfCorrelationsAtEqualSize);

    // A correlation of 0 or less is returned unchanged: the formula would inflate a negative one.
    private static double SpearmanBrown(double halfCorrelation) =>
        halfCorrelation <= 0 ? halfCorrelation : 2 * halfCorrelation / (1 + halfCorrelation);

    private static double Deviation(IReadOnlyList<double> correlations)
    {
        double mean = correlations.Average(SpearmanBrown);
        return Math.Sqrt(correlations.Average(value => (SpearmanBrown(value) - mean) * (SpearmanBrown(value) - mean)));
    }
}
