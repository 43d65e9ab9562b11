namespace Qua2SeDiMo.Studies;

/// <summary>What the evaluation of one allocation found.</summary>
/// <param name="Metrics">Value by metric name (<see cref="StudyMetric"/>).</param>
public sealed record TrialResult(IReadOnlyDictionary<string, double> Metrics)
{
    /// <summary>Values per image, for split-half reliability and later analyses.</summary>
    public IReadOnlyList<TrialArray> Arrays { get; init; } = [];

    /// <summary>Time by stage of the evaluation, for instance <c>generate</c> and <c>score</c>.</summary>
    public IReadOnlyDictionary<string, TimeSpan> Durations { get; init; } = new Dictionary<string, TimeSpan>();

    /// <summary>Whether the objective gave up early.</summary>
    public bool IsPruned { get; init; }
}
