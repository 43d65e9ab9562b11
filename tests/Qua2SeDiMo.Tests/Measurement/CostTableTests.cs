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
