namespace Qua2SeDiMo.Measurement;

/// <summary>A mean with its standard error.</summary>
/// <param name="Mean">The mean.</param>
/// <param name="StandardError">Standard error of the mean; NaN for a single value.</param>
internal readonly record struct Estimate(double Mean, double StandardError)
{
    /// <summary>Number of standard errors that a value must exceed to count as different from zero.</summary>
    internal const double Certain = 2;

    /// <summary>The standard error; null for a single value.</summary>
    public double? KnownError => double.IsFinite(StandardError) ? StandardError : null;

    /// <summary>Whether the mean exceeds zero by more than <see cref="Certain"/> standard errors; false for a single
    /// value.</summary>
    public bool IsCertain => Mean > Certain * StandardError;

    /// <summary>The estimate from independent values.</summary>
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
