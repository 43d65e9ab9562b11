using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Measurement;
using Qua2SeDiMo.Numerics;
using Xunit;

namespace Qua2SeDiMo.Tests.Measurement;

public sealed class InteractionsTests
{
    private const int Images = 6,
        Cotangents = 16,
        Weights = 12;

    private static readonly QuantizerSpec[] Options =
    [
        new(QuantizerMethod.UniformAffine, 3),
        new(QuantizerMethod.UniformAffine, 4),
    ];

    [Fact]
    public void Weights_that_do_not_act_together_are_added_as_if_there_were_no_pairs()
    {
        Effects effects = Sketch(shared: 0);
        Interactions interactions = Interactions.Of(effects)!;

        Assert.InRange(interactions.Share, 0, 0.1);
        int[] mixture = new int[Weights];
        Assert.Equal(SumOfDamages(effects, mixture), interactions.Orders([mixture])[0], 0.05);
    }

    [Fact]
    public void Weights_that_act_alike_do_more_together_than_their_sum()
    {
        Effects effects = Sketch(shared: 0.9);
        Interactions interactions = Interactions.Of(effects)!;

        Assert.InRange(interactions.Share, 0.7, 1);
        // Pairs with a correlation of 0.81 among twelve weights: near to nine times the sum.
        int[] mixture = new int[Weights];
        double times = Math.Exp(interactions.Orders([mixture])[0] - SumOfDamages(effects, mixture));
        Assert.InRange(times, 5, 12);
    }

    [Fact]
    public void Mixtures_in_a_row_have_the_orders_that_each_has_alone()
    {
        Interactions interactions = Interactions.Of(Sketch(shared: 0.5))!;
        var random = new Pcg32(4);
        int[][] mixtures =
        [
            .. Enumerable
                .Range(0, 40)
                .Select(_ => Enumerable.Range(0, Weights).Select(_ => (int)random.Next(2)).ToArray()),
        ];

        IReadOnlyList<double> together = interactions.Orders(mixtures);

        Assert.Equal(40, together.Count);
        Assert.All(
            mixtures.Zip(together),
            pair => Assert.Equal(interactions.Orders([pair.First])[0], pair.Second, 1e-9)
        );
    }

    [Fact]
    public void Without_two_cotangents_nothing_is_known_of_pairs()
    {
        Assert.Null(Interactions.Of(new Effects(EffectKind.RunProducts, ["a"], Options, [0], 3, 1)));
        Assert.Null(Interactions.Of(new Effects(EffectKind.CallSquares, ["a"], Options, [0], 3, 1)));
    }

    private static double SumOfDamages(Effects effects, int[] mixture) =>
        Enumerable
            .Range(0, Images)
            .Average(image =>
                Math.Log(mixture.Select((option, weight) => effects.Damage(image, weight, option).Mean).Sum())
            );

    // Products of two steps; a share of each is common to all weights.
    private static Effects Sketch(double shared)
    {
        string[] names = [.. Enumerable.Range(0, Weights).Select(weight => $"w{weight}")];
        var effects = new Effects(EffectKind.RunProducts, names, Options, [0, 1], Images, Cotangents);
        var random = new Pcg32(7);
        for (int image = 0; image < Images; image++)
        {
            for (int cotangent = 0; cotangent < Cotangents; cotangent++)
            {
                double common = random.NextNormal();
                for (int place = 0; place < Weights * Options.Length; place++)
                {
                    double product =
                        (1 + image) * ((shared * common) + (Math.Sqrt(1 - (shared * shared)) * random.NextNormal()));
                    effects[image, cotangent, 0, place / 2, place % 2] = 0.25 * product;
                    effects[image, cotangent, 1, place / 2, place % 2] = 0.75 * product;
                }
            }
        }
        return effects;
    }
}
