namespace Qua2SeDiMo.Studies.Objectives;

/// <summary>
/// The number that a study optimises; larger is better: ±metric − SizeWeight · AverageBits (method.md, section 4; the
/// paper's target is −FID − λ·AverageBits).
/// </summary>
/// <param name="Metric">Metric of image quality.</param>
/// <param name="SizeWeight">λ, metric units per average bit; 0 to optimise quality alone.</param>
internal sealed record Objective(StudyMetric Metric, double SizeWeight = 0)
{
    // Smaller differences of reliability are noise of the random splits; then the order of StudyMetric.Quality decides.
    private const double EqualReliability = 0.01;

    /// <summary>λ, metric units per average bit; at least 0.</summary>
    public double SizeWeight { get; } =
        SizeWeight >= 0 && double.IsFinite(SizeWeight)
            ? SizeWeight
            : throw new ArgumentOutOfRangeException(
                nameof(SizeWeight),
                SizeWeight,
                "The weight of the size is a number of 0 or more."
            );

    /// <summary>Value of the objective for a complete trial; larger is better.</summary>
    /// <exception cref="UnknownObjectiveException">The trial does not have the metric.</exception>
    public double Of(Trial trial)
    {
        ArgumentNullException.ThrowIfNull(trial);
        double quality =
            Metric.Direction == StudyDirection.Maximize ? Value(trial, Metric.Name) : -Value(trial, Metric.Name);
        return SizeWeight == 0 ? quality : quality - (SizeWeight * Value(trial, StudyMetric.AverageBits.Name));
    }

    /// <summary>
    /// An objective of the most reliable quality metric. Among metrics whose reliabilities differ only by noise, paired
    /// ones are preferred.
    /// </summary>
    /// <param name="reliabilities">Reliability of at least one metric in <see cref="StudyMetric.Quality"/>.</param>
    public static Objective MostReliable(IReadOnlyCollection<ObjectiveReliability> reliabilities)
    {
        double best = reliabilities.Max(reliability => reliability.Reliability);
        return new Objective(
            StudyMetric.Quality.First(metric =>
                reliabilities.Any(reliability =>
                    reliability.Metric == metric.Name && reliability.Reliability >= best - EqualReliability
                )
            )
        );
    }

    /// <summary>Parses the result of <see cref="ToString"/>.</summary>
    /// <exception cref="UnknownObjectiveException">The metric is unknown.</exception>
    /// <exception cref="FormatException">The size weight is not a number.</exception>
    public static Objective Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] parts = text.Split(" - ", 2);
        double weight =
            parts.Length == 1
                ? 0
                : double.Parse(parts[1].Split('·')[0], System.Globalization.CultureInfo.InvariantCulture);
        return new Objective(StudyMetric.OfQuality(parts[0].TrimStart('-')), weight);
    }

    /// <summary>For instance <c>-frechet - 150·average-bits</c>.</summary>
    public override string ToString() =>
        (Metric.Direction == StudyDirection.Maximize ? "" : "-")
        + Metric.Name
        + (SizeWeight == 0 ? "" : FormattableString.Invariant($" - {SizeWeight}·{StudyMetric.AverageBits.Name}"));

    private static double Value(Trial trial, string name) =>
        trial.Metrics.TryGetValue(name, out double value) ? value : throw UnknownObjectiveException.For(name, trial);
}
