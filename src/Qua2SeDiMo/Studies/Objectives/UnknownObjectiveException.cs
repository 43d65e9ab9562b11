namespace Qua2SeDiMo.Studies.Objectives;

/// <summary>Thrown when an objective does not exist or was not measured.</summary>
internal sealed class UnknownObjectiveException : Q2Exception
{
    private UnknownObjectiveException(string message)
        : base(message) { }

    /// <summary>An exception for a name that is no metric.</summary>
    public static UnknownObjectiveException For(string name) =>
        new(
            $"'{name}' is no objective. Objectives are {string.Join(", ", StudyMetric.Quality.Select(metric => metric.Name))}."
        );

    /// <summary>An exception for a trial that lacks the metric.</summary>
    public static UnknownObjectiveException For(string name, Trial trial) =>
        new(
            $"Trial {trial.Number} ('{trial.Name}') has no metric '{name}'; it has "
                + $"{string.Join(", ", StudyMetric.Quality.Select(metric => metric.Name).Where(trial.Metrics.ContainsKey))}. "
                + "Choose one of these, or begin a new study that records it."
        );

    /// <summary>An exception for a study that will not measure the metric.</summary>
    /// <param name="name">The requested metric.</param>
    /// <param name="measured">Metrics that the study measures.</param>
    public static UnknownObjectiveException For(string name, IEnumerable<StudyMetric> measured) =>
        new(
            $"No trial of this study measures '{name}'; they measure "
                + $"{string.Join(", ", measured.Select(metric => metric.Name))}. Choose one of these; a CLIP model "
                + "(--clip) adds "
                + "clip-cosine and clip-score, and features of real images (--reference) frechet and kid."
        );
}
