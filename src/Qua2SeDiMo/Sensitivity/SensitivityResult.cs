using System.Text.Json.Serialization;

namespace Qua2SeDiMo.Sensitivity;

/// <summary>The scores of one weight under every option.</summary>
/// <param name="Name">Name of the weight.</param>
/// <param name="Scores">Score per option, larger is better: summed over folds (network; method.md, section 7) or in
/// label units (ridge regression).</param>
/// <param name="Deviations">Standard deviation of the score per option, over folds or bootstrap resamples.</param>
/// <param name="BestOption">Index of the highest score.</param>
/// <param name="Range">Highest minus lowest score.</param>
/// <param name="FewerBitsCost">Mean score of the options with the most bits minus that of the options with the fewest:
/// the cost of 3 bits instead of 4. Unlike the range, noise does not inflate it.</param>
/// <param name="FewerBitsDeviation">Standard deviation of <paramref name="FewerBitsCost"/> over folds or
/// resamples.</param>
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
/// <param name="Score">Score summed over folds; larger is better.</param>
/// <param name="Bytes">Bytes of the unit's weights under these options.</param>
public sealed record UnitChoice(IReadOnlyList<string> Options, double Score, long Bytes);

/// <summary>Summary of the scores of a unit over all its option combinations.</summary>
/// <param name="Name">Name of the unit.</param>
/// <param name="Kind">For instance <c>SelfAttention</c>.</param>
/// <param name="Hop">Hop whose embedding of the last node gives the score.</param>
/// <param name="Weights">Names of its weights.</param>
/// <param name="Combinations">Number of scored combinations.</param>
/// <param name="Best">Combinations with the highest scores, best first.</param>
/// <param name="Worst">Combination with the lowest score.</param>
/// <param name="Quantiles">Quantiles of the scores at 0, 5, 10 … 100 %; null in files of older versions.</param>
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

/// <summary>Sensitivity of weights and units by one model.</summary>
/// <param name="Model">A name of <see cref="Predictors.Evaluation.ModelNames"/>.</param>
/// <param name="Options">Names of the options, in the order of every score list.</param>
/// <param name="Weights">Scores of every weight.</param>
/// <param name="Units">Scores of every unit; empty for ridge regression.</param>
/// <param name="SampleCount">Number of folds or resamples behind the deviations.</param>
/// <param name="SampleAgreement">Mean Kendall τ-b between samples, over the order of weights by
/// <see cref="WeightScores.FewerBitsCost"/>; null with fewer than two samples.</param>
/// <param name="ErrorAgreement">Kendall τ-b between the orders of weights by <see cref="WeightScores.FewerBitsCost"/>
/// and by the weight error that fewer bits add; null if undefined.</param>
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
    /// <summary>Spread of the scores for each kind of resampling; the first one is that of the deviations in
    /// <see cref="Weights"/>.</summary>
    public IReadOnlyList<ScoreSpread> Spreads { get; init; } = [];

    /// <summary>Samples behind the spreads; empty when the result was read from a file.</summary>
    internal IReadOnlyList<DropSamples> DropSamples { get; init; } = [];

    /// <summary>
    /// Probability that fewer bits cost more in one weight than in another. It comes from differences within each
    /// sample, or, for a result read from a file, from both costs as independent normal variables. 0.5 if the costs are
    /// equal and have no deviation.
    /// </summary>
    public double ProbabilityMoreSensitive(int weight, int other)
    {
        // Differences within each sample, where samples are known: errors common to both weights cancel.
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
