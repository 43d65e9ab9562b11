using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Measurement;
using Xunit;

namespace Qua2SeDiMo.Tests.Measurement;

public sealed class EffectsTests
{
    private static readonly QuantizerSpec[] Options = [new(QuantizerMethod.UniformAffine, 3)];

    [Fact]
    public void Over_a_run_products_are_summed_over_steps_before_they_are_squared()
    {
        Effects effects = Filled(
            EffectKind.RunProducts,
            [
                [3, -3],
                [1, 1],
            ]
        );

        Estimate damage = effects.Damage(0, 0, 0);

        Assert.Equal((0 + 4) / 2.0, damage.Mean);
        Assert.Equal(2, damage.StandardError);
        Assert.Equal((9 + 1) / 2.0, effects.DamageOfStep(0, 0, 0, 0).Mean);
    }

    [Fact]
    public void Single_calls_are_squared_and_averaged()
    {
        Effects effects = Filled(
            EffectKind.CallProducts,
            [
                [3, -3],
                [1, 1],
            ]
        );

        Assert.Equal((9 + 1) / 2.0, effects.Damage(0, 0, 0).Mean);
    }

    [Theory]
    [InlineData(nameof(EffectKind.CallSquares))]
    [InlineData(nameof(EffectKind.Losses))]
    public void What_was_measured_itself_is_not_squared(string kind) =>
        Assert.Equal(
            -1,
            Filled(
                    Enum.Parse<EffectKind>(kind),
                    [
                        [3, -5],
                    ]
                )
                .Damage(0, 0, 0)
                .Mean
        );

    [Fact]
    public void One_value_has_no_standard_error() => Assert.True(double.IsNaN(Estimate.Of([4]).StandardError));

    [Fact]
    public void Parts_of_a_split_weight_change_together()
    {
        var effects = new Effects(EffectKind.RunProducts, ["a", "b", "a#1"], Options, [0], 1, 1)
        {
            [0, 0, 0, 0, 0] = 2,
            [0, 0, 0, 1, 0] = 7,
            [0, 0, 0, 2, 0] = 3,
        };

        Effects joined = effects.Merged(name => name.Split('#')[0]);

        Assert.Equal(["a", "b"], joined.Weights);
        Assert.Equal(25, joined.Damage(0, 0, 0).Mean);
        Assert.Equal(49, joined.Damage(0, 1, 0).Mean);
    }

    [Fact]
    public void Numbers_of_rounded_inputs_follow_those_of_options_and_go_the_same_ways()
    {
        var effects = new Effects(EffectKind.RunProducts, ["a", "a#1"], Options, [0], 2, 2, 8, 4);
        int four = effects.OfInput(1);
        for (int image = 0; image < 2; image++)
        {
            for (int cotangent = 0; cotangent < 2; cotangent++)
            {
                effects[image, cotangent, 0, 0, four] = 1 + cotangent;
                effects[image, cotangent, 0, 1, four] = 2;
            }
        }

        Effects joined = effects.Merged(name => name.Split('#')[0]);

        Assert.Equal([8, 4], joined.ActivationBits);
        Assert.Equal((9 + 16) / 2.0, joined.Damage(1, 0, four).Mean);
        Assert.Equal(0, joined.Damage(1, 0, joined.OfInput(0)).Mean);
        Assert.Equal(0, joined.Damage(1, 0, 0).Mean);
        (Effects first, Effects second) = joined.Halves()!.Value;
        Assert.Equal((9, 16), (first.Damage(0, 0, four).Mean, second.Damage(0, 0, four).Mean));
    }

    // Indexed by cotangent, then step.
    private static Effects Filled(EffectKind kind, double[][] products)
    {
        var effects = new Effects(
            kind,
            ["a"],
            Options,
            [.. Enumerable.Range(0, products[0].Length)],
            1,
            products.Length
        );
        for (int cotangent = 0; cotangent < products.Length; cotangent++)
        {
            for (int step = 0; step < products[cotangent].Length; step++)
                effects[0, cotangent, step, 0, 0] = products[cotangent][step];
        }
        return effects;
    }
}
