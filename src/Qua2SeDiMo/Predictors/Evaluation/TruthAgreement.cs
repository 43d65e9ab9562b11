namespace Qua2SeDiMo.Predictors.Evaluation;

/// <summary>Agreement of one model's scores with true sensitivities, all as Kendall τ-b.</summary>
/// <param name="Model">A name of <see cref="ModelNames"/>, or <c>network-LOSS</c> for other losses.</param>
/// <param name="Against"><c>sensitivity</c>, or <c>target</c> for the effect on the label with its size term.</param>
/// <param name="OptionsOfAWeight">Over the options of a weight; mean over weights.</param>
/// <param name="Weights">Over weights, by the loss that fewer bits cause.</param>
/// <param name="AllScores">Over all options of all weights together, each minus the mean of its weight.</param>
/// <param name="CombinationsOfAUnit">
/// Over the option combinations of a unit; mean over units of two or more weights; null without units.
/// </param>
/// <param name="Units">Over units, by the loss from the highest bits everywhere to the lowest; null without
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
/// <param name="UnitCount">Number of compared units of two or more weights.</param>
/// <param name="Rows">One row per model and truth.</param>
public sealed record TruthAgreement(int UnitCount, IReadOnlyList<TruthRow> Rows);
