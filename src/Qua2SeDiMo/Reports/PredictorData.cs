namespace Qua2SeDiMo.Reports;

/// <summary>How well each method predicts trials that it did not see.</summary>
/// <param name="FoldCount">Folds; all methods share them.</param>
/// <param name="Methods">The methods, the deciding one among them.</param>
/// <param name="DecidingKey">Key of the method whose scores the plans follow.</param>
/// <param name="Reason">Why that method, or null to let the report say what the figures say.</param>
/// <param name="Unit">What is predicted, with its unit; null for the objective metric, negated where lower is better.</param>
public sealed record PredictorData(
    int FoldCount, IReadOnlyList<PredictorMethodData> Methods, string DecidingKey, string? Reason = null,
    string? Unit = null);

/// <summary>One method of prediction.</summary>
/// <param name="Key">Unique identifier.</param>
/// <param name="Label">Name for people, for instance "GATv2 network".</param>
/// <param name="Srcc">Spearman rank correlation of predicted and measured objective on held-out trials.</param>
/// <param name="PartialSrcc">The same with the influence of average bits removed: ranking at equal size.</param>
/// <param name="Ndcg">NDCG over all held-out trials.</param>
/// <param name="MeanAbsoluteError">In units of the objective.</param>
/// <param name="FoldSrcc">Srcc of each fold, or empty.</param>
/// <param name="FoldPartialSrcc">PartialSrcc of each fold, or empty.</param>
/// <param name="HeldOut">Each trial as predicted by the fold that did not see it, or empty.</param>
public sealed record PredictorMethodData(
    string Key, string Label, double? Srcc, double? PartialSrcc, double? Ndcg, double? MeanAbsoluteError,
    IReadOnlyList<double> FoldSrcc, IReadOnlyList<double> FoldPartialSrcc, IReadOnlyList<HeldOutData> HeldOut);

/// <summary>A held-out trial.</summary>
/// <param name="TrialNumber">Number of the trial.</param>
/// <param name="Measured">Measured objective.</param>
/// <param name="Predicted">Predicted objective, in the same unit.</param>
/// <param name="AverageBits">AverageBits of its allocation.</param>
public sealed record HeldOutData(int TrialNumber, double Measured, double Predicted, double AverageBits);
