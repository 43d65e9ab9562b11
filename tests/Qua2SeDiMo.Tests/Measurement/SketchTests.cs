using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Measurement;
using Xunit;

namespace Qua2SeDiMo.Tests.Measurement;

public sealed class SketchTests
{
    private static readonly QuantizerSpec[] Options = [new(QuantizerMethod.UniformAffine, 3)];

    [Fact]
    public void Over_a_run_products_are_summed_over_steps_before_they_are_squared()
    {
        Sketch sketch = Filled(
            SketchTarget.Latents,
            [
                [3, -3],
                [1, 1],
            ]
        );

        Estimate damage = sketch.Damage(0, 0, 0);

        Assert.Equal((0 + 4) / 2.0, damage.Mean);
        Assert.Equal(2, damage.StandardError);
        Assert.Equal((9 + 1) / 2.0, sketch.DamageAt(0, 0, 0, 0).Mean);
    }

    [Fact]
    public void Single_calls_are_squared_and_averaged()
    {
        Sketch sketch = Filled(
            SketchTarget.Calls,
            [
                [3, -3],
                [1, 1],
            ]
        );

        Assert.Equal((9 + 1) / 2.0, sketch.Damage(0, 0, 0).Mean);
    }

    [Fact]
    public void One_value_has_no_standard_error() => Assert.True(double.IsNaN(Estimate.Of([4]).StandardError));

    [Fact]
    public void Parts_of_a_split_weight_change_together()
    {
        var sketch = new Sketch(SketchTarget.Latents, ["a", "b", "a#1"], Options, [0], 1, 1)
        {
            [0, 0, 0, 0, 0] = 2,
            [0, 0, 0, 1, 0] = 7,
            [0, 0, 0, 2, 0] = 3,
        };

        Sketch joined = sketch.Joined();

        Assert.Equal(["a", "b"], joined.Weights);
        Assert.Equal(25, joined.Damage(0, 0, 0).Mean);
        Assert.Equal(49, joined.Damage(0, 1, 0).Mean);
    }

    // By cotangent, then step.
    private static Sketch Filled(SketchTarget target, double[][] products)
    {
        var sketch = new Sketch(
            target,
            ["a"],
            Options,
            [.. Enumerable.Range(0, products[0].Length)],
            1,
            products.Length
        );
        for (int cotangent = 0; cotangent < products.Length; cotangent++)
        {
            for (int step = 0; step < products[cotangent].Length; step++)
                sketch[0, cotangent, step, 0, 0] = products[cotangent][step];
        }
        return sketch;
    }
}
