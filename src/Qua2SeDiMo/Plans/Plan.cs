using Qua2SeDiMo.Predictors.Import;

namespace Qua2SeDiMo.Plans;

/// <summary>The plans for some budgets, with candidates and baselines.</summary>
/// <param name="Objective">Name of the objective.</param>
/// <param name="Predictor">Name of the model whose scores made the largest plan, or that decided.</param>
/// <param name="Reason">Sentence on the choice of that model.</param>
/// <param name="Entries">All rows of the table, for a model with full precision first.</param>
public sealed record Plan(string Objective, string Predictor, string Reason, IReadOnlyList<PlanEntry> Entries)
{
    /// <summary>Fingerprint of the model; null for an external study, and in files of older versions.</summary>
    public string? Model { get; init; }

    /// <summary>The trials that the plans were made from; null in files of older versions.</summary>
    public TrainedOn? TrainedOn { get; init; }

    /// <summary>Fronts of summed score against size, of every source that sums scores.</summary>
    public IReadOnlyList<ScoreFront> Fronts { get; init; } = [];

    /// <summary>
    /// Descriptions of allocations that could not be verified: they are missing from the entries, or lack a metric.
    /// Empty if everything was verified.
    /// </summary>
    public IReadOnlyList<string> Unverified { get; init; } = [];

    /// <summary>Remarks on the plan for the reader.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}
