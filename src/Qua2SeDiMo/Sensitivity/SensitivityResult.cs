using System.Text.Json.Serialization;

namespace Qua2SeDiMo.Sensitivity;

/// <summary>The scores of one weight under every option.</summary>
/// <param name="Name">The weight.</param>
/// <param name="Scores">Per option, larger is better: summed over folds (network, method.md section 7) or in label
/// units (ridge).</param>
/// <param name="Deviations">Per option, standard deviation of the score over folds or bootstrap resamples.</param>
/// <param name="BestOption">Index of the highest score.</param>
/// <param name="Range">Highest minus lowest score: how much the choice matters.</param>
/// <param name="FewerBitsCost">Mean score of the options with more bits minus that of the options with fewer: what 3 bits
/// cost. Unlike the range it is not made larger by noise.</param>
/// <param name="FewerBitsDeviation">Its standard deviation over folds or resamples.</param>
public sealed record WeightScores(
    string Name,
    IReadOnlyList<double> Scores,
    IReadOnlyList<double> Deviations,
    int BestOption,
    double Range,
    [property: JsonPropertyName("bitDrop")] double FewerBitsCost,
    [property: JsonPropertyName("bitDropDeviation")] double FewerBitsDeviation
);

/// <summary>One option combination of a unit.</summary>
/// <param name="Options">Option names, in the order of the unit's weights.</param>
/// <param name="Score">Summed over folds, larger is better.</param>
/// <param name="Bytes">Bytes of the unit's weights.</param>
public sealed record UnitChoice(IReadOnlyList<string> Options, double Score, long Bytes);

/// <summary>The scores of a subgraph over all its option combinations.</summary>
/// <param name="Name">The unit.</param>
/// <param name="Kind">For instance <c>SelfAttention</c>.</param>
/// <param name="Hop">Hop at which its last node was scored.</param>
/// <param name="Weights">Its weights.</param>
/// <param name="Combinations">How many combinations were scored.</param>
/// <param name="Best">The highest scores, best first.</param>
/// <param name="Worst">The lowest score.</param>
/// <param name="Quantiles">Scores at 0, 5, 10 … 100 % of all combinations; null in files of older versions.</param>
public sealed record UnitSensitivity(
    string Name,
    string Kind,
    int Hop,
    IReadOnlyList<string> Weights,
    int Combinations,
    IReadOnlyList<UnitChoice> Best,
    UnitChoice Worst,
    IReadOnlyList<double>? Quantiles = null
);

/// <summary>What one model says of the sensitivity of weights and units.</summary>
/// <param name="Model">Who says it: a name of <see cref="Predictors.Evaluation.ModelNames"/>.</param>
/// <param name="Options">Options, in the order of every score list.</param>
/// <param name="Weights">Every weight.</param>
/// <param name="Units">Every unit; empty for ridge regression.</param>
/// <param name="SampleCount">Folds or resamples behind the deviations.</param>
/// <param name="SampleAgreement">Mean Kendall τ-b between the samples' orders of weights by
/// <see cref="WeightScores.FewerBitsCost"/>; null below two samples.</param>
/// <param name="ErrorAgreement">Kendall τ-b between the order by <see cref="WeightScores.FewerBitsCost"/> and by what fewer
/// bits add to the weight error.</param>
public sealed record SensitivityResult(
    string Model,
    IReadOnlyList<string> Options,
    IReadOnlyList<WeightScores> Weights,
    IReadOnlyList<UnitSensitivity> Units,
    int SampleCount,
    double? SampleAgreement,
    double? ErrorAgreement
)
{
    /// <summary>Spread of the scores by each kind of resampling, that of the deviations of <see cref="Weights"/>
    /// first.</summary>
    public IReadOnlyList<ScoreSpread> Spreads { get; init; } = [];

    /// <summary>The samples behind the spreads; none when read from a file.</summary>
    internal IReadOnlyList<DropSamples> DropSamples { get; init; } = [];

    /// <summary>
    /// The probability that one weight loses more by fewer bits than another, from differences within each sample, or,
    /// when read from a file, from both means and deviations as independent normals.
    /// 0.5 where neither is known to vary and both are equal.
    /// </summary>
    public double ProbabilityMoreSensitive(int weight, int other)
    {
        // Within each sample where the samples are known: errors that two weights share then cancel.
        if (DropSamples.Count > 0 && DropSamples[0].Drops.Length > 1)
        {
            return SensitivityComparison
                .Of(
                    Model,
                    [.. Weights.Select(scores => scores.FewerBitsCost)],
                    [DropSamples[0]],
                    Single(weight),
                    Single(other)
                )
                .Spreads[0]
                .Probability;
        }
        WeightScores a = Weights[weight],
            b = Weights[other];
        double difference = a.FewerBitsCost - b.FewerBitsCost;
        double deviation = Math.Sqrt(
            (a.FewerBitsDeviation * a.FewerBitsDeviation) + (b.FewerBitsDeviation * b.FewerBitsDeviation)
        );
        if (deviation > 0)
            return MathNet.Numerics.Distributions.Normal.CDF(0, 1, difference / deviation);
        return difference > 0 ? 1
            : difference < 0 ? 0
            : 0.5;
    }

    private WeightGroup Single(int weight) => new(Weights[weight].Name, "weight", [weight]);
}
