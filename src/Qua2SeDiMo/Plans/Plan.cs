using Qua2SeDiMo.Predictors.Import;

namespace Qua2SeDiMo.Plans;

/// <summary>The allocations that are proposed for some sizes, and the baselines beside them.</summary>
/// <param name="Objective">What was optimised.</param>
/// <param name="Predictor">Model that decided.</param>
/// <param name="Reason">Why that one.</param>
/// <param name="Entries">All of them, full precision first.</param>
public sealed record Plan(string Objective, string Predictor, string Reason, IReadOnlyList<PlanEntry> Entries)
{
    /// <summary>Fingerprint of the model; null for trials from outside, and in files of older versions.</summary>
    public string? Model { get; init; }

    /// <summary>Which trials; null in files of older versions.</summary>
    public TrainedOn? TrainedOn { get; init; }

    /// <summary>The best summed score by size, of every source that adds up scores.</summary>
    public IReadOnlyList<ScoreFront> Fronts { get; init; } = [];

    /// <summary>
    /// What could not be verified, in words: those allocations are not among the entries, or lack a metric. Empty when
    /// all is complete.
    /// </summary>
    public IReadOnlyList<string> Unverified { get; init; } = [];

    /// <summary>What a reader should know of the plan.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}
