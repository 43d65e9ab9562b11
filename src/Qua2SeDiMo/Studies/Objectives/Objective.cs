namespace Qua2SeDiMo.Studies.Objectives;

/// <summary>
/// The number that the study optimises, larger being better: ±metric − SizeWeight · AverageBits (method.md, section 4:
/// the paper's target is −FID − λ·AverageBits).
/// </summary>
/// <param name="Metric">Image quality.</param>
/// <param name="SizeWeight">λ, metric units per average bit; 0 for pure quality.</param>
internal sealed record Objective(StudyMetric Metric, double SizeWeight = 0)
{
    // Differences of reliability below this are noise of the splits: the order of StudyMetric.Quality decides.
    private const double EqualReliability = 0.01;

    /// <summary>λ.</summary>
    public double SizeWeight { get; } =
        SizeWeight >= 0 && double.IsFinite(SizeWeight)
            ? SizeWeight
            : throw new ArgumentOutOfRangeException(
                nameof(SizeWeight),
                SizeWeight,
                "The weight of the size is a number of 0 or more."
            );

    /// <summary>The objective's value of a finished trial; larger is better.</summary>
    /// <exception cref="UnknownObjectiveException">The trial does not have the metric.</exception>
    public double Of(Trial trial)
    {
        ArgumentNullException.ThrowIfNull(trial);
        double quality =
            Metric.Direction == StudyDirection.Maximize ? Value(trial, Metric.Name) : -Value(trial, Metric.Name);
        return SizeWeight == 0 ? quality : quality - (SizeWeight * Value(trial, StudyMetric.AverageBits.Name));
    }

    /// <summary>
    /// The most reliable metric of quality. Of metrics that are as reliable within the noise of the splits, paired
    /// fidelity comes first.
    /// </summary>
    /// <param name="reliabilities">At least one, of metrics in <see cref="StudyMetric.Quality"/>.</param>
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

    /// <summary>Reads the form of <see cref="ToString"/>.</summary>
    /// <exception cref="UnknownObjectiveException">The metric is unknown.</exception>
    /// <exception cref="FormatException">The weight of the size is not a number.</exception>
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
