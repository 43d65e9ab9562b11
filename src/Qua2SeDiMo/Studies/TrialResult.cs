using Qua2SeDiMo.Studies.Objectives;

namespace Qua2SeDiMo.Studies;

/// <summary>Result of the evaluation of one allocation.</summary>
/// <param name="Metrics">Value by metric name (<see cref="StudyMetric"/>); finite numbers.</param>
internal sealed record TrialResult(IReadOnlyDictionary<string, double> Metrics)
{
    /// <summary>Value by metric name.</summary>
    /// <exception cref="ArgumentException">A value is not finite, so it cannot be a label.</exception>
    public IReadOnlyDictionary<string, double> Metrics { get; } =
        Metrics.FirstOrDefault(metric => !double.IsFinite(metric.Value)) is { Key: { } name, Value: var value }
            ? throw new ArgumentException($"Metric '{name}' is {value}, no finite number.", nameof(Metrics))
            : Metrics;

    /// <summary>Per-image values, for split-half reliability and later analyses.</summary>
    public IReadOnlyList<TrialArray> Arrays { get; init; } = [];

    /// <summary>Time by stage of the evaluation, for instance <c>generate</c> and <c>score</c>.</summary>
    public IReadOnlyDictionary<string, TimeSpan> Durations { get; init; } = new Dictionary<string, TimeSpan>();
}
