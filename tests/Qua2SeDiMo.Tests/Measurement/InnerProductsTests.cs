using Qua2SeDiMo.Measurement;
using Qua2SeDiMo.Numerics;
using Xunit;

namespace Qua2SeDiMo.Tests.Measurement;

public sealed class InnerProductsTests
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(10_001, 3, 2)]
    [InlineData(4096, 2, 6)]
    public void Every_gradient_meets_every_change(int length, int items, int options)
    {
        var random = new Pcg32(3);
        float[] gradients = Normal(random, length * items);
        float[][] changes = [.. Enumerable.Range(0, options).Select(_ => Normal(random, length))];
        double[] sums = new double[items * options];
        sums[0] = 5;

        InnerProducts.Add(gradients, changes, sums);

        for (int i = 0; i < sums.Length; i++)
        {
            double expected = i == 0 ? 5 : 0;
            for (int k = 0; k < length; k++)
                expected += (double)gradients[(i / options * length) + k] * changes[i % options][k];
            Assert.Equal(expected, sums[i], 1e-4 * Math.Sqrt(length));
        }
    }

    private static float[] Normal(Pcg32 random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => (float)random.NextNormal())];
}
