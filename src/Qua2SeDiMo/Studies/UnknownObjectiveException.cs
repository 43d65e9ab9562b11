namespace Qua2SeDiMo.Studies;

/// <summary>An objective was asked for that does not exist, or that the trials do not have.</summary>
public sealed class UnknownObjectiveException : Q2Exception
{
    private UnknownObjectiveException(string message) : base(message) { }

    /// <summary>No metric has this name.</summary>
    public static UnknownObjectiveException For(string name) => new(
        $"'{name}' is no objective. Objectives are {string.Join(", ", StudyMetric.Quality.Select(metric => metric.Name))}.");

    /// <summary>A trial lacks the metric.</summary>
    public static UnknownObjectiveException For(string name, Trial trial) => new(
        $"Trial {trial.Number} ('{trial.Name}') has no metric '{name}'; it has {string.Join(", ", trial.Metrics.Keys.Order(StringComparer.Ordinal))}. "
        + "Choose one of these, or begin a new study that records it.");
}
