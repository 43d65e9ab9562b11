using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Quantizers.Kernels;
using Xunit;

namespace Qua2SeDiMo.Tests.Quantizers.Kernels;

/// <summary>Every variant against sums in double precision, and the integer products against the exact integer sum.</summary>
public sealed class PaletteMatMulTests
{
    public static TheoryData<string> Variants => [.. KernelSelector.Supported];

    [Theory]
    [MemberData(nameof(Variants))]
    public void Products_are_right_for_every_option_and_odd_sizes(string variant)
    {
        PaletteKernel kernel = KernelSelector.Choose(variant);
        foreach (QuantizerSpec spec in SampleWeights.AllSpecs)
        {
            foreach ((int tokens, int outChannels, int rowLength) in new[] { (1, 1, 1), (1, 17, 33), (2, 13, 160), (5, 5, 130), (7, 31, 47), (33, 29, 65), (70, 26, 161), (97, 50, 40) })
            {
                QuantizedWeight weight = SampleWeights.Make(spec, outChannels, rowLength);
                float[] x = SampleWeights.Activations(tokens * rowLength), bias = SampleWeights.Activations(outChannels), y = new float[tokens * outChannels];
                PaletteMatMul.MultiplyWith(kernel, x, tokens, PaletteMatrix.From(weight), bias, y, null);
                Check(weight, x, tokens, bias, y, $"{variant} {spec} {tokens}×{outChannels}×{rowLength}");
            }
        }
    }

    private static void Check(QuantizedWeight weight, float[] x, int tokens, float[] bias, float[] y, string what)
    {
        float[] dense = new float[weight.Count];
        weight.Dequantize(dense);
        for (int token = 0; token < tokens; token++)
        {
            for (int channel = 0; channel < weight.OutChannels; channel++)
            {
                double sum = bias[channel], size = Math.Abs(sum);
                for (int k = 0; k < weight.RowLength; k++)
                {
                    double term = (double)dense[(channel * weight.RowLength) + k] * x[(token * weight.RowLength) + k];
                    sum += term;
                    size += Math.Abs(term);
                }
                float found = y[(token * weight.OutChannels) + channel];
                Assert.True(Math.Abs(found - sum) <= 1e-6 * (size + 1e-6), $"{what}, token {token}, channel {channel}: {found} instead of {sum}.");
            }
        }
    }
}
