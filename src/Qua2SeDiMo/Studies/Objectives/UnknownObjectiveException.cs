namespace Qua2SeDiMo.Studies.Objectives;

/// <summary>An objective was asked for that does not exist, or that the trials do not have.</summary>
internal sealed class UnknownObjectiveException : Q2Exception
{
    private UnknownObjectiveException(string message)
        : base(message) { }

    /// <summary>No metric has this name.</summary>
    public static UnknownObjectiveException For(string name) =>
        new(
            $"'{name}' is no objective. Objectives are {string.Join(", ", StudyMetric.Quality.Select(metric => metric.Name))}."
        );

    /// <summary>A trial lacks the metric.</summary>
    public static UnknownObjectiveException For(string name, Trial trial) =>
        new(
            $"Trial {trial.Number} ('{trial.Name}') has no metric '{name}'; it has "
                + $"{string.Join(", ", StudyMetric.Quality.Select(metric => metric.Name).Where(trial.Metrics.ContainsKey))}. "
                + "Choose one of these, or begin a new study that records it."
        );

    /// <summary>Trials will not have the metric.</summary>
    /// <param name="name">What was asked for.</param>
    /// <param name="measured">Metrics that they will have.</param>
    public static UnknownObjectiveException For(string name, IEnumerable<StudyMetric> measured) =>
        new(
            $"No trial of this study measures '{name}'; they measure "
                + $"{string.Join(", ", measured.Select(metric => metric.Name))}. Choose one of these; a CLIP model "
                + "(--clip) adds "
                + "clip-cosine and clip-score, and features of real images (--reference) frechet and kid."
        );
}
