using Qua2SeDiMo.Graphs.Operations;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Measurement;
using Xunit;

namespace Qua2SeDiMo.Tests.Measurement;

public sealed class CostTableTests
{
    private static readonly QuantizerSpec Three = new(QuantizerMethod.UniformAffine, 3),
        Four = new(QuantizerMethod.UniformAffine, 4);

    [Fact]
    public void Weights_that_differ_by_less_than_their_errors_share_a_place()
    {
        // Damages at three bits, one row per weight, one column per image; at four bits they are zero.
        MeasuredSensitivity found = Tabulate([
            [100, 100, 100, 100],
            [9, 1, 4, 16],
            [1, 9, 16, 4],
            [0, 0, 0, 0],
        ]);

        Assert.Equal([1, 2, 2, 4], found.Weights.Select(weight => weight.Place));
        Assert.Equal([10, 2.5, 2.5, 0], found.Weights.Select(weight => weight.Cost));
        Assert.Equal(0, found.Weights[0].StandardError);
    }

    [Fact]
    public void Groups_add_damages_before_the_root()
    {
        MeasuredSensitivity found = Tabulate([
            [9, 9],
            [16, 16],
        ]);

        MeasuredGroup block = Assert.Single(found.Blocks);
        Assert.Equal((5.0, 2), (block.Cost, block.Weights));
        Assert.Equal(["t1", "t0"], found.Types.Select(type => type.Name));
    }

    [Fact]
    public void One_image_has_no_error_and_no_order()
    {
        MeasuredSensitivity found = Tabulate([
            [9],
            [16],
        ]);

        Assert.All(found.Weights, weight => Assert.Null(weight.StandardError));
        Assert.All(found.Weights, weight => Assert.Equal(1, weight.Place));
    }

    [Fact]
    public void Inputs_tolerate_the_fewest_bits_that_change_no_more_than_four_bits_of_the_weight()
    {
        string[] names = ["a", "b", "c"];
        var effects = new Effects(EffectKind.CallSquares, names, [Three, Four], [0], 2, 1, 8, 6, 4);
        double[][] rounded =
        [
            [1, 4, 9],
            [1, 25, 9],
            [16.5, 1, 1],
        ];
        for (int image = 0; image < 2; image++)
        {
            for (int weight = 0; weight < 3; weight++)
            {
                effects[image, 0, 0, weight, 1] = 16;
                for (int bits = 0; bits < 3; bits++)
                    effects[image, 0, 0, weight, effects.OfInput(bits)] = rounded[weight][bits];
            }
        }

        var found = MeasuredActivations.Of(
            effects,
            names.ToDictionary(name => name, name => new WeightPosition(name, "0", "t", 10))
        )!;

        Assert.Equal([4, 8, null], found.Inputs.Select(input => input.ToleratedBits));
        Assert.Equal([1, 2, 3], found.Inputs[0].Roundings.Select(rounding => rounding.Size));
        Assert.Equal([18.5, 30, 19], found.Everywhere.Select(rounding => rounding.Damage));
        Assert.Equal(Math.Sqrt(48), found.WeightSize);
    }

    [Fact]
    public void Without_rounded_inputs_nothing_is_said_of_them() =>
        Assert.Null(
            Tabulate([
                [9],
            ]).Activations
        );

    // Indexed by weight, then image.
    private static MeasuredSensitivity Tabulate(double[][] damages)
    {
        string[] names = [.. Enumerable.Range(0, damages.Length).Select(weight => $"w{weight}")];
        var effects = new Effects(EffectKind.CallSquares, names, [Three, Four], [0], damages[0].Length, 1);
        for (int weight = 0; weight < damages.Length; weight++)
        {
            for (int image = 0; image < damages[weight].Length; image++)
                effects[image, 0, 0, weight, 0] = damages[weight][image];
        }
        return new CostTable(effects).Tabulate(
            names.ToDictionary(name => name, name => new WeightPosition(name, "0", $"t{name[1..]}", 10))
        );
    }
}
