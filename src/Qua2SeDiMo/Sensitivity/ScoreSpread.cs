using System.Text.Json.Serialization;
using MathNet.Numerics.Distributions;
using MathNet.Numerics.Statistics;

namespace Qua2SeDiMo.Sensitivity;

/// <summary>Variation of scores that are computed from different subsets or resamples of the trials.</summary>
/// <param name="Kind"><see cref="Folds"/> or <see cref="Bootstrap"/>.</param>
/// <param name="SampleCount">Number of folds or resamples.</param>
/// <param name="Deviations">Standard deviation of the score, [weight][option].</param>
/// <param name="FewerBitsDeviations">Standard deviation of each weight's cost of fewer bits.</param>
/// <param name="Agreement">Mean Kendall τ-b between samples, over the order of weights by the cost of fewer bits; null
/// with fewer than two samples.</param>
public sealed record ScoreSpread(
    string Kind,
    int SampleCount,
    IReadOnlyList<IReadOnlyList<double>> Deviations,
    [property: JsonPropertyName("bitDropDeviations")] IReadOnlyList<double> FewerBitsDeviations,
    double? Agreement
)
{
    /// <summary>The training sets of cross-validation. They share most trials, so their spread is smaller than that of
    /// independent sets of trials.</summary>
    public const string Folds = "folds";

    /// <summary>Bootstrap: trials drawn with replacement.</summary>
    public const string Bootstrap = "bootstrap";
}

/// <summary>The costs of fewer bits in the samples behind a spread.</summary>
/// <param name="Kind">As in <see cref="ScoreSpread"/>.</param>
/// <param name="Drops">Cost of fewer bits, [sample][weight].</param>
/// <param name="Scale">Factor from the deviation of a sample to that of the reported score, for instance √n if the
/// score is the sum of n samples.</param>
internal sealed record DropSamples(string Kind, double[][] Drops, double Scale)
{
    /// <summary>Standard deviation of a linear combination of the costs, for the reported score.</summary>
    public double Deviation(IReadOnlyList<double> contrast) =>
        Drops.Length > 1 ? Scale * Drops.Select(sample => Dot(sample, contrast)).StandardDeviation() : 0;

    /// <summary>Share of the samples in which the combination is positive; zero counts as half.</summary>
    public double ShareAbove(IReadOnlyList<double> contrast) =>
        Drops
            .Select(sample => Dot(sample, contrast))
            .Average(value =>
                value > 0 ? 1
                : value < 0 ? 0
                : 0.5
            );

    public static double Dot(IReadOnlyList<double> drops, IReadOnlyList<double> contrast)
    {
        double sum = 0;
        for (int w = 0; w < drops.Count; w++)
            sum += contrast[w] * drops[w];
        return sum;
    }
}

/// <summary>A named group of weights: a weight, a unit, an operator type, or a block.</summary>
/// <param name="Name">Display name.</param>
/// <param name="Kind"><c>weight</c>, <c>unit</c>, <c>type</c> or <c>block</c>.</param>
/// <param name="Weights">Indices of its weights.</param>
public sealed record WeightGroup(string Name, string Kind, IReadOnlyList<int> Weights)
{
    /// <summary>Contrast over weights: its dot product with the costs is the mean of this group minus the mean of the
    /// other.</summary>
    internal double[] Against(WeightGroup? other, int weightCount)
    {
        double[] contrast = new double[weightCount];
        foreach (int w in Weights)
            contrast[w] += 1.0 / Weights.Count;
        if (other is null)
            return contrast;
        foreach (int w in other.Weights)
            contrast[w] -= 1.0 / other.Weights.Count;
        return contrast;
    }
}

/// <summary>Comparison of the mean cost of fewer bits in two groups: is A more sensitive than B?</summary>
/// <param name="First">Group A.</param>
/// <param name="Second">Group B.</param>
/// <param name="Model">Model whose scores are compared.</param>
/// <param name="FirstDrop">Mean cost of fewer bits in A.</param>
/// <param name="SecondDrop">Mean cost of fewer bits in B.</param>
/// <param name="Spreads">The difference under each kind of resampling.</param>
public sealed record SensitivityComparison(
    WeightGroup First,
    WeightGroup Second,
    string Model,
    double FirstDrop,
    double SecondDrop,
    IReadOnlyList<ComparisonSpread> Spreads
)
{
    internal static SensitivityComparison Of(
        string model,
        IReadOnlyList<double> drops,
        IReadOnlyList<DropSamples> samples,
        WeightGroup first,
        WeightGroup second
    )
    {
        double[] contrast = first.Against(second, drops.Count);
        double difference = DropSamples.Dot(drops, contrast);
        return new SensitivityComparison(
            first,
            second,
            model,
            DropSamples.Dot(drops, first.Against(null, drops.Count)),
            DropSamples.Dot(drops, second.Against(null, drops.Count)),
            [
                .. samples
                    .Where(sample => sample.Drops.Length > 1)
                    .Select(sample => ComparisonSpread.Of(sample, contrast, difference)),
            ]
        );
    }
}

/// <summary>The difference A − B under one kind of resampling.</summary>
/// <param name="Kind">As in <see cref="ScoreSpread"/>.</param>
/// <param name="SampleCount">Number of folds or resamples.</param>
/// <param name="Difference">A − B.</param>
/// <param name="Deviation">Standard deviation of the difference, which is taken within each sample.</param>
/// <param name="Low">Lower end of the 95 % interval.</param>
/// <param name="High">Upper end of the 95 % interval.</param>
/// <param name="Probability">Probability that A is more sensitive: normal distribution for resamples, Student's t for
/// folds.</param>
/// <param name="ShareOfSamples">Share of the samples in which A is more sensitive.</param>
public sealed record ComparisonSpread(
    string Kind,
    int SampleCount,
    double Difference,
    double Deviation,
    double Low,
    double High,
    double Probability,
    double ShareOfSamples
)
{
    internal static ComparisonSpread Of(DropSamples samples, IReadOnlyList<double> contrast, double difference)
    {
        int count = samples.Drops.Length;
        double deviation = samples.Deviation(contrast);
        bool few = samples.Kind == ScoreSpread.Folds;
        double reach = deviation * (few ? StudentT.InvCDF(0, 1, count - 1, 0.975) : Normal.InvCDF(0, 1, 0.975));
        double probability =
            deviation > 0
                ? (
                    few
                        ? StudentT.CDF(0, 1, count - 1, difference / deviation)
                        : Normal.CDF(0, 1, difference / deviation)
                )
            : difference > 0 ? 1
            : difference < 0 ? 0
            : 0.5;
        return new ComparisonSpread(
            samples.Kind,
            count,
            difference,
            deviation,
            difference - reach,
            difference + reach,
            probability,
            samples.ShareAbove(contrast)
        );
    }
}

/// <summary>Agreement of different models on the order of weights and options, as Kendall τ-b.</summary>
/// <param name="Names">Names of the models: rows and columns of the tables.</param>
/// <param name="Weights">Over weights, by the cost of fewer bits, [row][column].</param>
/// <param name="Options">Over all options of all weights, each minus the mean of its weight, [row][column].</param>
/// <param name="Folds">Per model, mean over pairs of its folds, over weights; null without folds.</param>
/// <param name="Resamples">Per model, mean over pairs of bootstrap resamples, over weights; null without
/// resamples.</param>
public sealed record AgreementTable(
    IReadOnlyList<string> Names,
    IReadOnlyList<IReadOnlyList<double?>> Weights,
    IReadOnlyList<IReadOnlyList<double?>> Options,
    IReadOnlyList<double?> Folds,
    IReadOnlyList<double?> Resamples
);
