namespace Qua2SeDiMo.Reports;

/// <summary>Everything that the explanation of scores shows, computed elsewhere.</summary>
/// <param name="Options">The options of a weight, in score order.</param>
/// <param name="Models">Each model that gives scores; the one that decides first.</param>
/// <param name="Agreement">How they order the same weights; null to leave it out.</param>
/// <param name="Comparisons">"Is A more sensitive than B?"</param>
/// <param name="Claims">What claims rest on.</param>
/// <param name="Truth">Agreement with true sensitivities; empty where none are known.</param>
/// <param name="Sentences">What the numbers say.</param>
public sealed record ExplanationData(
    IReadOnlyList<OptionData> Options, IReadOnlyList<ExplanationModelData> Models, ExplanationAgreementData? Agreement, IReadOnlyList<ExplanationComparisonData> Comparisons,
    IReadOnlyList<ExplanationClaimData> Claims, IReadOnlyList<ExplanationTruthData> Truth, IReadOnlyList<string> Sentences);

/// <summary>The scores of one model.</summary>
/// <param name="Key">Unique; used in file names.</param>
/// <param name="Label">For people.</param>
/// <param name="Unit">Of its scores.</param>
/// <param name="Weights">Every weight.</param>
/// <param name="Units">Every scored subgraph of two weights and more; empty at op level only.</param>
/// <param name="MainSpread">What <see cref="ExplanationWeightData.Deviation"/> is over, for instance "5 folds".</param>
/// <param name="OtherSpread">What the other deviation is over; null where there is none.</param>
public sealed record ExplanationModelData(
    string Key, string Label, string Unit, IReadOnlyList<ExplanationWeightData> Weights, IReadOnlyList<ExplanationUnitData> Units, string MainSpread, string? OtherSpread);

/// <summary>The scores of one weight.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Block">Block, or "outside".</param>
/// <param name="Type">Operator type.</param>
/// <param name="Scores">Per option.</param>
/// <param name="Deviations">Per option, over the main spread.</param>
/// <param name="OtherDeviations">Per option, over the other spread; null where there is none.</param>
/// <param name="BitDrop">What 4 to 3 bits costs.</param>
/// <param name="Deviation">Its standard deviation over the main spread.</param>
/// <param name="OtherDeviation">The same over the other spread.</param>
/// <param name="BestOption">Index of the highest score.</param>
/// <param name="UnitOption">Index of its option in the best combination of its unit; null at op level only.</param>
public sealed record ExplanationWeightData(
    string Name, string Block, string Type, IReadOnlyList<double> Scores, IReadOnlyList<double> Deviations, IReadOnlyList<double>? OtherDeviations, double BitDrop,
    double Deviation, double? OtherDeviation, int BestOption, int? UnitOption);

/// <summary>The scores of one subgraph.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">For instance <c>SelfAttention</c>.</param>
/// <param name="Block">Block of its last weight.</param>
/// <param name="Combinations">How many there are.</param>
/// <param name="Quantiles">Scores at equally spaced shares of the combinations, from lowest to highest.</param>
public sealed record ExplanationUnitData(string Name, string Kind, string Block, int Combinations, IReadOnlyList<double> Quantiles);

/// <summary>Kendall τ between ways of scoring.</summary>
/// <param name="Names">The ways.</param>
/// <param name="Weights">[row][column] over weights, by what fewer bits cost.</param>
/// <param name="Folds">Within each way, between folds.</param>
/// <param name="Resamples">Within each way, between resamples of trials.</param>
public sealed record ExplanationAgreementData(
    IReadOnlyList<string> Names, IReadOnlyList<IReadOnlyList<double?>> Weights, IReadOnlyList<double?> Folds, IReadOnlyList<double?> Resamples);

/// <summary>One answer to "is A more sensitive than B?".</summary>
public sealed record ExplanationComparisonData(string First, string Second, string Model, string Resampling, double Difference, double Low, double High, double Probability);

/// <summary>A claim with the trials and images behind it.</summary>
/// <param name="Claim">In words.</param>
/// <param name="Value">Above zero it holds.</param>
/// <param name="Verdict">How firmly, in a phrase.</param>
/// <param name="Trials">The trials that speak most for and against it.</param>
/// <param name="Images">The images (prompts) by which it holds most, as text; may be none.</param>
public sealed record ExplanationClaimData(string Claim, double Value, string Verdict, IReadOnlyList<ExplanationTrialData> Trials, IReadOnlyList<string> Images);

/// <summary>A trial's part in a claim.</summary>
public sealed record ExplanationTrialData(string Name, double Influence, double Label, double AverageBits, string ShareAtFewBits, string Images);

/// <summary>Agreement of one model with the truth, Kendall τ.</summary>
public sealed record ExplanationTruthData(string Model, string Against, double? OptionsOfAWeight, double? Weights, double? Combinations, double? Units);
