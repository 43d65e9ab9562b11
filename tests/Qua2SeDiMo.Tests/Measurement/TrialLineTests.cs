using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Measurement;
using Qua2SeDiMo.Measurement.Mixtures;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Quantizers;
using Xunit;

namespace Qua2SeDiMo.Tests.Measurement;

public sealed class TrialLineTests
{
    private const int Weights = 12;
    private static readonly QuantizerSpec[] Options =
    [
        new(QuantizerMethod.UniformAffine, 3),
        new(QuantizerMethod.UniformAffine, 4),
        new(QuantizerMethod.KMeansPerChannel, 3),
    ];
    private readonly Pcg32 random = new(7);
    private readonly MixtureDamage mixtures;
    private readonly double[] missed = new double[Weights * Options.Length];

    public TrialLineTests()
    {
        string[] names = [.. Enumerable.Range(0, Weights).Select(weight => $"w{weight}")];
        var effects = new Effects(EffectKind.CallSquares, names, Options, [0], 1, 1);
        for (int weight = 0; weight < Weights; weight++)
        {
            for (int option = 0; option < Options.Length; option++)
            {
                effects[0, 0, 0, weight, option] = Math.Exp(random.NextNormal());
                missed[(weight * Options.Length) + option] = 0.3 * random.NextNormal();
            }
        }
        mixtures = new MixtureDamage(effects, name => name);
    }

    [Fact]
    public void Trials_correct_what_the_measurement_misses_and_the_interval_is_that_of_mixtures_without_a_label()
    {
        TrialLine line = TrialLine.Of(mixtures, "ssim", Labelled(96, noise: 0.02, missing: 1))!;
        (BitAllocation Allocation, double Value)[] unseen = Labelled(200, noise: 0.02, missing: 1);

        Assert.NotNull(line.Correction);
        double plain = unseen.Average(one => Math.Abs(line.PredictPlainly(one.Allocation).Value - one.Value)),
            corrected = unseen.Average(one => Math.Abs(line.Predict(one.Allocation).Value - one.Value));
        Assert.True(corrected < 0.5 * plain, $"{corrected} against {plain}");
        int inside = unseen.Count(one =>
            line.Predict(one.Allocation) is var told && one.Value >= told.Low && one.Value <= told.High
        );
        Assert.InRange(inside, 180, 200);
    }

    [Theory]
    [InlineData(96, 0.5, 0.0)]
    [InlineData(TrialLine.MinCorrecting - 1, 0.02, 1.0)]
    public void Noise_and_few_trials_correct_nothing(int count, double noise, double missing)
    {
        TrialLine line = TrialLine.Of(mixtures, "ssim", Labelled(count, noise, missing))!;

        Assert.Null(line.Correction);
        BitAllocation any = Labelled(1, 0, 0)[0].Allocation;
        Assert.Equal(line.PredictPlainly(any), line.Predict(any));
    }

    [Fact]
    public void A_mixture_that_leaves_a_weight_as_it_is_is_predicted_by_the_line_alone()
    {
        TrialLine line = TrialLine.Of(mixtures, "ssim", Labelled(96, noise: 0.02, missing: 1))!;
        var partial = new BitAllocation([KeyValuePair.Create("w3", Options[1])]);

        Assert.Null(mixtures.Options(partial));
        Assert.Equal(line.Line.Predict(mixtures.Order(partial)), line.Predict(partial));
    }

    // Labels with logit(similarity) = 1 − 0.8 · (log damage + missing part) + noise.
    private (BitAllocation Allocation, double Value)[] Labelled(int count, double noise, double missing) =>
        [
            .. Enumerable
                .Range(0, count)
                .Select(_ =>
                {
                    int[] options = [.. Enumerable.Range(0, Weights).Select(_ => random.Next(Options.Length))];
                    var allocation = new BitAllocation(
                        options.Select((option, weight) => KeyValuePair.Create($"w{weight}", Options[option]))
                    );
                    double more = options.Select((option, weight) => missed[(weight * Options.Length) + option]).Sum();
                    double logit =
                        1 - (0.8 * (mixtures.Order(allocation) + (missing * more))) + (noise * random.NextNormal());
                    return (allocation, 1 / (1 + Math.Exp(-logit)));
                }),
        ];
}
