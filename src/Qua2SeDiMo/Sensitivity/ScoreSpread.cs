using System.Text.Json.Serialization;
using MathNet.Numerics.Distributions;
using MathNet.Numerics.Statistics;

namespace Qua2SeDiMo.Sensitivity;

/// <summary>How scores vary when they are made again from other trials.</summary>
/// <param name="Kind"><see cref="Folds"/> or <see cref="Bootstrap"/>.</param>
/// <param name="SampleCount">How many folds or resamples.</param>
/// <param name="Deviations">[weight][option] standard deviation of the score.</param>
/// <param name="FewerBitsDeviations">[weight] standard deviation of what fewer bits cost.</param>
/// <param name="Agreement">Mean Kendall τ-b between the samples' orders of weights by what fewer bits cost; null below
/// two samples.</param>
public sealed record ScoreSpread(
    string Kind,
    int SampleCount,
    IReadOnlyList<IReadOnlyList<double>> Deviations,
    [property: JsonPropertyName("bitDropDeviations")] IReadOnlyList<double> FewerBitsDeviations,
    double? Agreement
)
{
    /// <summary>The training parts of cross validation, which share most of their trials: their spread is less than
    /// that of new trials.</summary>
    public const string Folds = "folds";

    /// <summary>Trials drawn with replacement.</summary>
    public const string Bootstrap = "bootstrap";
}

/// <summary>The samples behind a spread.</summary>
/// <param name="Kind">As in <see cref="ScoreSpread"/>.</param>
/// <param name="Drops">[sample][weight] what fewer bits cost.</param>
/// <param name="Scale">Deviation of the reported score per deviation of a sample: √n where the score is the sum of n of
/// them.</param>
internal sealed record DropSamples(string Kind, double[][] Drops, double Scale)
{
    /// <summary>Standard deviation of a linear combination of drops.</summary>
    public double Deviation(IReadOnlyList<double> contrast) =>
        Drops.Length > 1 ? Scale * Drops.Select(sample => Dot(sample, contrast)).StandardDeviation() : 0;

    /// <summary>Share of the samples in which the combination is above zero; ties count half.</summary>
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

/// <summary>A group of weights under one name: a weight, a unit, an operator type, a block.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Kind"><c>weight</c>, <c>unit</c>, <c>type</c> or <c>block</c>.</param>
/// <param name="Weights">Indices of its weights.</param>
public sealed record WeightGroup(string Name, string Kind, IReadOnlyList<int> Weights)
{
    /// <summary>[weight] contrast whose product with the drops is this group's mean less the other's.</summary>
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

/// <summary>Is A more sensitive than B? By what fewer bits cost, mean over the weights of each.</summary>
/// <param name="First">A.</param>
/// <param name="Second">B.</param>
/// <param name="Model">Whose scores.</param>
/// <param name="FirstDrop">Cost of A.</param>
/// <param name="SecondDrop">Cost of B.</param>
/// <param name="Spreads">The answer by each kind of resampling there is.</param>
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
/// <param name="SampleCount">Folds or resamples.</param>
/// <param name="Difference">A − B.</param>
/// <param name="Deviation">Its standard deviation; differences are taken within each sample.</param>
/// <param name="Low">Lower end of its 95 % interval.</param>
/// <param name="High">Upper end.</param>
/// <param name="Probability">That A is more sensitive: normal for resamples, Student's t for the few folds.</param>
/// <param name="ShareOfSamples">Share of the samples in which it is.</param>
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

/// <summary>How different ways of scoring order the same weights, as Kendall τ-b.</summary>
/// <param name="Names">The ways.</param>
/// <param name="Weights">[row][column] over weights, by what fewer bits cost.</param>
/// <param name="Options">[row][column] over all options of all weights, each less the mean of its weight.</param>
/// <param name="Folds">Per way, between its folds, over weights; null where there are none.</param>
/// <param name="Resamples">Per way, between bootstrap resamples of trials, over weights; null where there are
/// none.</param>
public sealed record AgreementTable(
    IReadOnlyList<string> Names,
    IReadOnlyList<IReadOnlyList<double?>> Weights,
    IReadOnlyList<IReadOnlyList<double?>> Options,
    IReadOnlyList<double?> Folds,
    IReadOnlyList<double?> Resamples
);
