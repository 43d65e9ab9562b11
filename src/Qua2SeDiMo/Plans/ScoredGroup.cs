using Qua2SeDiMo.Predictors.Data;

namespace Qua2SeDiMo.Plans;

/// <summary>Weights whose options are chosen together: one weight at op level, a unit's weights at block
/// level.</summary>
/// <param name="Weights">Indices of the weights.</param>
/// <param name="Choices">The choices with sizes and scores.</param>
internal sealed record ScoredGroup(IReadOnlyList<int> Weights, IReadOnlyList<ScoredChoice> Choices)
{
    /// <summary>One group per weight.</summary>
    /// <param name="features">Sizes of every weight under every option.</param>
    /// <param name="score">Score of an option of a weight; larger is better.</param>
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

    /// <summary>Writes the options of a combination to the positions of the group's weights.</summary>
    /// <param name="combination">A combination of this group.</param>
    /// <param name="optionCount">Number of options of every weight.</param>
    /// <param name="options">Option of every weight of the model; entries of this group are overwritten.</param>
    public void Apply(int combination, int optionCount, Span<int> options)
    {
        for (int i = Weights.Count - 1; i >= 0; i--, combination /= optionCount)
            options[Weights[i]] = combination % optionCount;
    }
}

/// <summary>One option for each weight of a group.</summary>
/// <param name="Combination">The options as digits of a number, the first weight's the most significant.</param>
/// <param name="SizeBytes">Summed bytes.</param>
/// <param name="Score">Score; larger is better. The score of a plan is the sum over groups.</param>
internal readonly record struct ScoredChoice(int Combination, long SizeBytes, double Score);
