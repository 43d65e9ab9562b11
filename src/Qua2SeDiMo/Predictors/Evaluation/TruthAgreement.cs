namespace Qua2SeDiMo.Predictors.Evaluation;

/// <summary>How one model's scores agree with the truth, all as Kendall τ-b.</summary>
/// <param name="Model">Whose scores.</param>
/// <param name="Against"><c>sensitivity</c>, or <c>target</c> for the effect on the label with its size term.</param>
/// <param name="OptionsOfAWeight">Over the options of a weight, mean over weights.</param>
/// <param name="Weights">Over weights, by what fewer bits cost.</param>
/// <param name="AllScores">Over all options of all weights together, each less the mean of its weight.</param>
/// <param name="CombinationsOfAUnit">
/// Over the option combinations of a unit, mean over units of two weights and more; null without units.
/// </param>
/// <param name="Units">Over units, by what the lowest bits everywhere cost against the highest; null without
/// units.</param>
public sealed record TruthRow(
    string Model,
    string Against,
    double? OptionsOfAWeight,
    double? Weights,
    double? AllScores,
    double? CombinationsOfAUnit,
    double? Units
);

/// <summary>Agreement of op- and block-level scores with true sensitivities.</summary>
/// <param name="UnitCount">Units of two weights and more that were compared.</param>
/// <param name="Rows">Model by model.</param>
public sealed record TruthAgreement(int UnitCount, IReadOnlyList<TruthRow> Rows);
