namespace Qua2SeDiMo.Measurement;

/// <summary>A mean and how well it is known.</summary>
/// <param name="Mean">The mean.</param>
/// <param name="StandardError">Of the mean; NaN where there is one value only.</param>
internal readonly record struct Estimate(double Mean, double StandardError)
{
    /// <summary>How many standard errors something must exceed to count.</summary>
    internal const double Certain = 2;

    /// <summary>The standard error; null where there is one value only.</summary>
    public double? KnownError => double.IsFinite(StandardError) ? StandardError : null;

    /// <summary>Whether the mean exceeds zero by more than its error explains.</summary>
    public bool IsCertain => Mean > Certain * StandardError;

    /// <summary>Of independent values.</summary>
    public static Estimate Of(IReadOnlyList<double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        double mean = values.Average();
        if (values.Count < 2)
            return new Estimate(mean, double.NaN);
        double variance = values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1);
        return new Estimate(mean, Math.Sqrt(variance / values.Count));
    }
}
