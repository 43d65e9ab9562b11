namespace Qua2SeDiMo.Studies.Objectives;

/// <summary>How well a metric ranks the trials again when it is measured on other prompts.</summary>
/// <param name="Metric">Name of the metric.</param>
/// <param name="TrialCount">Trials ranked.</param>
/// <param name="ImageCount">Images per trial; each half has half of them.</param>
/// <param name="HalfCorrelations">Spearman correlation between the trials' values on two disjoint halves, for each
/// split.</param>
/// <param name="HalfCorrelationsAtEqualSize">The same with the part explained by average bits taken out (partial rank
/// correlation).</param>
public sealed record ObjectiveReliability(
    string Metric,
    int TrialCount,
    int ImageCount,
    IReadOnlyList<double> HalfCorrelations,
    IReadOnlyList<double> HalfCorrelationsAtEqualSize
)
{
    /// <summary>Expected rank correlation of all images with as many others: Spearman–Brown, 2r/(1 + r), mean over
    /// splits.</summary>
    public double Reliability { get; } = HalfCorrelations.Average(SpearmanBrown);

    /// <summary>Standard deviation of <see cref="Reliability"/> over splits.</summary>
    public double Spread { get; } = Deviation(HalfCorrelations);

    /// <summary>Reliability of the ranking among trials of equal average bits.</summary>
    public double ReliabilityAtEqualSize { get; } = HalfCorrelationsAtEqualSize.Average(SpearmanBrown);

    /// <summary>Standard deviation of <see cref="ReliabilityAtEqualSize"/> over splits.</summary>
    public double SpreadAtEqualSize { get; } = Deviation(HalfCorrelationsAtEqualSize);

    // A negative correlation is none; the formula would blow it up.
    private static double SpearmanBrown(double halfCorrelation) =>
        halfCorrelation <= 0 ? halfCorrelation : 2 * halfCorrelation / (1 + halfCorrelation);

    private static double Deviation(IReadOnlyList<double> correlations)
    {
        double mean = correlations.Average(SpearmanBrown);
        return Math.Sqrt(correlations.Average(value => (SpearmanBrown(value) - mean) * (SpearmanBrown(value) - mean)));
    }
}
