using Qua2SeDiMo.Predictors.Data;

namespace Qua2SeDiMo.Plans;

/// <summary>Weights that are chosen together: one weight at op level, the weights of a unit at block level.</summary>
/// <param name="Weights">Indices of the weights.</param>
/// <param name="Choices">What may be chosen.</param>
internal sealed record ScoredGroup(IReadOnlyList<int> Weights, IReadOnlyList<ScoredChoice> Choices)
{
    /// <summary>One group per weight.</summary>
    /// <param name="features">Sizes.</param>
    /// <param name="score">Score of an option of a weight, larger is better.</param>
    public static IReadOnlyList<ScoredGroup> PerWeight(OptionFeatures features, Func<int, int, double> score)
    {
        ArgumentNullException.ThrowIfNull(features);
        ArgumentNullException.ThrowIfNull(score);
        return
        [
            .. Enumerable
                .Range(0, features.WeightCount)
                .Select(w => new ScoredGroup(
                    [w],
                    [
                        .. Enumerable
                            .Range(0, features.OptionCount)
                            .Select(o => new ScoredChoice(o, features.QuantizedBytes(w, o), score(w, o))),
                    ]
                )),
        ];
    }

    /// <summary>Writes the options of a choice to their weights.</summary>
    /// <param name="combination">A combination of this group.</param>
    /// <param name="optionCount">Options of every weight.</param>
    /// <param name="options">Option of every weight of the model.</param>
    public void Apply(int combination, int optionCount, Span<int> options)
    {
        for (int i = Weights.Count - 1; i >= 0; i--, combination /= optionCount)
            options[Weights[i]] = combination % optionCount;
    }
}

/// <summary>One option for each weight of a group.</summary>
/// <param name="Combination">The options as digits of a number, the first weight's being the slowest.</param>
/// <param name="SizeBytes">Summed bytes.</param>
/// <param name="Score">Larger is better; scores of groups add up.</param>
internal readonly record struct ScoredChoice(int Combination, long SizeBytes, double Score);
