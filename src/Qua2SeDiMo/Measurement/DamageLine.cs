using MathNet.Numerics.Distributions;

namespace Qua2SeDiMo.Measurement;

/// <summary>A predicted value of a metric with its interval.</summary>
/// <param name="Metric">Name of the metric.</param>
/// <param name="Value">Predicted value.</param>
/// <param name="Low">Lower end of the 95 % prediction interval of a single mixture.</param>
/// <param name="High">Upper end of the interval.</param>
internal sealed record DamagePrediction(string Metric, double Value, double Low, double High);

/// <summary>
/// The line from damage to a similarity between 0 and 1: logit(similarity) = α − β · mean log damage, by least squares
/// over labelled mixtures. A line in the similarity itself would predict too high values outside the range of these
/// mixtures.
/// </summary>
/// <param name="Metric">Name of the similarity.</param>
/// <param name="Intercept">α.</param>
/// <param name="Slope">−β; negative if damage lowers the similarity.</param>
/// <param name="Count">Number of labelled mixtures.</param>
/// <param name="MeanOrder">Mean over mixtures of the log damage.</param>
/// <param name="Spread">Sum of squared deviations of the log damage from its mean.</param>
/// <param name="ResidualDeviation">Standard deviation of the residuals, in logits.</param>
/// <param name="Coverage">
/// Share of the mixtures whose label lies in the 95 % interval of the line through all others: a check of the interval.
/// NaN if not computed.
/// </param>
internal sealed record DamageLine(
    string Metric,
    double Intercept,
    double Slope,
    int Count,
    double MeanOrder,
    double Spread,
    double ResidualDeviation,
    double Coverage
)
{
    /// <summary>Smallest number of labelled mixtures for a line.</summary>
    public const int MinMixtures = 8;

    private const double Certainty = 0.95,
        Nearest = 1e-6;

    /// <summary>Fits a line.</summary>
    /// <param name="metric">Name of the similarity.</param>
    /// <param name="points">Order (<see cref="MixtureDamage.Order"/>) and similarity of each mixture.</param>
    /// <returns>The line; null if there are too few mixtures, or all have the same damage.</returns>
    public static DamageLine? Of(string metric, IReadOnlyList<(double Order, double Value)> points)
    {
        (double Order, double Value)[] known =
        [
            .. points.Where(point => double.IsFinite(point.Order) && double.IsFinite(point.Value)),
        ];
        if (known.Length < MinMixtures || Through(metric, known) is not { } line)
            return null;
        int inside = 0;
        for (int i = 0; i < known.Length; i++)
        {
            (double order, double value) = known[i];
            if (Through(metric, [.. known.Where((_, other) => other != i)])?.Predict(order) is not { } without)
                return null;
            if (value >= without.Low && value <= without.High)
                inside++;
        }
        return line with { Coverage = (double)inside / known.Length };
    }

    /// <summary>Predicts the similarity of a mixture.</summary>
    /// <param name="order">Mean over images of the logarithm of its damage; negative infinity if nothing is
    /// quantized.</param>
    public DamagePrediction Predict(double order)
    {
        if (double.IsNegativeInfinity(order))
            return new DamagePrediction(Metric, 1, 1, 1);
        double centre = Intercept + (Slope * order),
            off = order - MeanOrder;
        double reach =
            StudentT.InvCDF(0, 1, Count - 2, (1 + Certainty) / 2)
            * ResidualDeviation
            * Math.Sqrt(1 + (1.0 / Count) + (off * off / Spread));
        return new DamagePrediction(Metric, Inverse(centre), Inverse(centre - reach), Inverse(centre + reach));
    }

    /// <summary>Residual of a mixture's similarity, in logits.</summary>
    internal double Residual(double order, double value) => Logit(value) - Intercept - (Slope * order);

    /// <summary>Fits the least-squares line without its coverage.</summary>
    /// <returns>The line; null if all points have the same order.</returns>
    internal static DamageLine? Through(string metric, (double Order, double Value)[] points)
    {
        double meanOrder = points.Average(point => point.Order),
            meanLogit = points.Average(point => Logit(point.Value));
        double spread = points.Sum(point => (point.Order - meanOrder) * (point.Order - meanOrder));
        if (!(spread > 0))
            return null;
        double slope = points.Sum(point => (point.Order - meanOrder) * Logit(point.Value)) / spread,
            intercept = meanLogit - (slope * meanOrder);
        double left = points.Sum(point => Math.Pow(Logit(point.Value) - intercept - (slope * point.Order), 2));
        double deviation = Math.Sqrt(left / (points.Length - 2));
        return new DamageLine(metric, intercept, slope, points.Length, meanOrder, spread, deviation, double.NaN);
    }

    private static double Logit(double value)
    {
        double inside = Math.Clamp(value, Nearest, 1 - Nearest);
        return Math.Log(inside / (1 - inside));
    }

    private static double Inverse(double logit) => 1 / (1 + Math.Exp(-logit));
}
