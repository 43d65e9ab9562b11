using CsCheck;
using Qua2SeDiMo.Kernels;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Kernels.Layout;
using Qua2SeDiMo.Kernels.Scheduling;
using Xunit;

namespace Qua2SeDiMo.Tests.Kernels;

/// <summary>For every variant that this machine supports: compares products with sums in double precision, and integer
/// products with the plain loops bit for bit.</summary>
public sealed class PaletteMatMulTests
{
    private static readonly (int Tokens, int OutChannels, int RowLength)[] OddSizes =
    [
        (1, 1, 1),
        (1, 17, 33),
        (2, 13, 160),
        (3, 25, 129),
        (5, 5, 130),
        (7, 31, 47),
        (16, 24, 320),
        (17, 24, 16),
        (33, 29, 65),
        (70, 26, 161),
        (97, 50, 40),
    ];

    public static TheoryData<string> Variants => [.. KernelSelector.Supported];

    [Theory]
    [MemberData(nameof(Variants))]
    public void Products_are_right_for_every_option_and_odd_sizes(string variant)
    {
        PaletteKernel kernel = KernelSelector.Choose(variant);
        foreach (QuantizerSpec spec in SampleWeights.AllSpecs)
        {
            foreach ((int tokens, int outChannels, int rowLength) in OddSizes)
            {
                QuantizedWeight weight = SampleWeights.Make(spec, outChannels, rowLength);
                float[] x = SampleWeights.Activations(tokens * rowLength),
                    bias = SampleWeights.Activations(outChannels),
                    y = new float[tokens * outChannels];
                PaletteMatMul.MultiplyWith(kernel, x, tokens, PaletteMatrix.From(weight), bias, y, null);
                Check(weight, x, tokens, bias, y, $"{variant} {spec} {tokens}×{outChannels}×{rowLength}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Long_rows_and_many_tokens_are_cut_into_stretches_and_blocks(string variant)
    {
        PaletteKernel kernel = KernelSelector.Choose(variant);
        foreach (
            (int bits, int tokens, int outChannels, int rowLength) in new[]
            {
                (4, 40, 30, 2600),
                (3, 700, 7, 1300),
                (4, 1, 9, 5200),
                (3, 18, 9, 5200),
                (5, 33, 3, 1400),
            }
        )
        {
            QuantizedWeight weight = SampleWeights.Make(
                new QuantizerSpec(QuantizerMethod.KMeansPerChannel, bits),
                outChannels,
                rowLength
            );
            float[] x = SampleWeights.Activations(tokens * rowLength),
                y = new float[tokens * outChannels];
            PaletteMatMul.MultiplyWith(kernel, x, tokens, PaletteMatrix.From(weight), [], y, null);
            Check(weight, x, tokens, new float[outChannels], y, $"{variant} {tokens}×{outChannels}×{rowLength}");
            float[] expected = new float[y.Length];
            PaletteMatMul.MultiplyQuantizedWith(
                new ScalarKernel(),
                x,
                tokens,
                PaletteMatrix.From(weight),
                [],
                8,
                expected,
                null
            );
            PaletteMatMul.MultiplyQuantizedWith(kernel, x, tokens, PaletteMatrix.From(weight), [], 8, y, null);
            Assert.Equal(expected, y);
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Integer_products_have_the_same_bits_in_every_variant(string variant)
    {
        PaletteKernel kernel = KernelSelector.Choose(variant);
        foreach (QuantizerSpec spec in SampleWeights.AllSpecs)
        {
            foreach ((int tokens, int outChannels, int rowLength) in OddSizes)
            {
                PaletteMatrix weight = PaletteMatrix.From(SampleWeights.Make(spec, outChannels, rowLength));
                float[] x = SampleWeights.Activations(tokens * rowLength),
                    bias = SampleWeights.Activations(outChannels);
                float[] expected = new float[tokens * outChannels],
                    found = new float[tokens * outChannels];
                int bits = (tokens % 2) == 0 ? 6 : 8;
                PaletteMatMul.MultiplyQuantizedWith(new ScalarKernel(), x, tokens, weight, bias, bits, expected, null);
                PaletteMatMul.MultiplyQuantizedWith(kernel, x, tokens, weight, bias, bits, found, null);
                Assert.Equal(expected, found);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Results_have_the_same_bits_on_one_two_and_three_threads(string variant)
    {
        PaletteKernel kernel = KernelSelector.Choose(variant);
        PaletteMatrix weight = PaletteMatrix.From(
            SampleWeights.Make(new QuantizerSpec(QuantizerMethod.KMeansPerChannel, 4), 150, 300)
        );
        foreach (int tokens in new[] { 1, 4, 13, 75, 600 })
        {
            float[] x = SampleWeights.Activations(tokens * 300);
            float[][] results =
            [
                .. Enumerable.Range(1, 3).Select(threads => Floats(threads)),
                .. Enumerable.Range(1, 3).Select(threads => Integers(threads)),
            ];
            Assert.Equal(results[0], results[1]);
            Assert.Equal(results[0], results[2]);
            Assert.Equal(results[3], results[4]);
            Assert.Equal(results[3], results[5]);

            float[] Floats(int threads)
            {
                float[] y = new float[tokens * 150];
                PaletteMatMul.MultiplyWith(kernel, x, tokens, weight, [], y, WorkRunners.Threads(threads));
                return y;
            }

            float[] Integers(int threads)
            {
                float[] y = new float[tokens * 150];
                PaletteMatMul.MultiplyQuantizedWith(kernel, x, tokens, weight, [], 8, y, WorkRunners.Threads(threads));
                return y;
            }
        }
    }

    [Fact]
    public void Integer_products_are_as_close_as_the_rounding_of_palettes_allows() =>
        Gen.Select(Gen.Int[1, 20], Gen.Int[1, 30], Gen.Int[1, 200], Gen.Int[0, 5])
            .Sample(
                (tokens, outChannels, rowLength, option) =>
                {
                    QuantizedWeight weight = SampleWeights.Make(
                        QuantizerSpec.PaperOptions[option],
                        outChannels,
                        rowLength
                    );
                    float[] x = SampleWeights.Activations(tokens * rowLength, (ulong)rowLength),
                        rounded = new float[x.Length],
                        y = new float[tokens * outChannels],
                        row = new float[rowLength];
                    PaletteMatMul.MultiplyQuantized(x, tokens, PaletteMatrix.From(weight), [], 8, y);
                    ActivationQuantizer.Quantize(x, rowLength, 8, rounded);
                    for (int channel = 0; channel < outChannels; channel++)
                    {
                        weight.DequantizeRow(channel, row);
                        float largest = 0f;
                        foreach (float entry in weight.Palette(channel))
                            largest = Math.Max(largest, Math.Abs(entry));
                        for (int token = 0; token < tokens; token++)
                        {
                            double exact = 0,
                                size = 0;
                            for (int k = 0; k < rowLength; k++)
                            {
                                exact += (double)row[k] * rounded[(token * rowLength) + k];
                                size += Math.Abs(rounded[(token * rowLength) + k]);
                            }
                            if (
                                Math.Abs(y[(token * outChannels) + channel] - exact)
                                > (size * largest / 254 * 1.0001) + 1e-5
                            )
                                return false;
                        }
                    }
                    return true;
                },
                iter: 300
            );

    [Theory]
    [MemberData(nameof(Variants))]
    public void Constant_tokens_are_exact_and_values_that_are_no_numbers_stay_visible(string variant)
    {
        PaletteKernel kernel = KernelSelector.Choose(variant);
        PaletteMatrix weight = PaletteMatrix.From(
            SampleWeights.Make(new QuantizerSpec(QuantizerMethod.UniformAffine, 4), 20, 50)
        );
        float[] x = new float[4 * 50],
            y = new float[4 * 20],
            expected = new float[4 * 20];
        x.AsSpan(50, 50).Fill(0.7f);
        x.AsSpan(100).Fill(0.25f);
        x[120] = float.NaN;
        x[170] = float.PositiveInfinity;
        PaletteMatMul.MultiplyQuantizedWith(kernel, x, 4, weight, [], 8, y, null);
        PaletteMatMul.MultiplyQuantizedWith(new ScalarKernel(), x, 4, weight, [], 8, expected, null);
        Assert.Equal(expected, y);
        Assert.All(y[..20], value => Assert.Equal(0f, value));
        Assert.All(y[20..40], value => Assert.True(float.IsFinite(value)));
        Assert.All(y[40..], value => Assert.True(float.IsNaN(value)));
    }

    [Fact]
    public void Lengths_that_do_not_fit_are_refused()
    {
        PaletteMatrix weight = PaletteMatrix.From(
            SampleWeights.Make(new QuantizerSpec(QuantizerMethod.UniformAffine, 4), 3, 5)
        );
        Assert.Throws<ArgumentException>(() => PaletteMatMul.Multiply(new float[9], 2, weight, [], new float[6]));
        Assert.Throws<ArgumentException>(() => PaletteMatMul.Multiply(new float[10], 2, weight, [], new float[5]));
        Assert.Throws<ArgumentException>(() =>
            PaletteMatMul.Multiply(new float[10], 2, weight, new float[2], new float[6])
        );
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            PaletteMatMul.MultiplyQuantized(new float[10], 2, weight, [], 9, new float[6])
        );
        PaletteMatMul.Multiply([], 0, weight, [], []);
    }

    private static void Check(QuantizedWeight weight, float[] x, int tokens, float[] bias, float[] y, string what)
    {
        (double[] sums, double[] sizes) = Sums(weight, x, tokens, bias);
        for (int i = 0; i < y.Length; i++)
        {
            Assert.True(
                Math.Abs(y[i] - sums[i]) <= 2e-6 * (sizes[i] + 1e-6),
                $"{what}, token {i / weight.OutChannels}, channel {i % weight.OutChannels}: {y[i]} instead of {sums[i]}."
            );
        }
    }

    /// <summary>All values in double precision, and the sum of the magnitudes of the terms of each.</summary>
    internal static (double[] Sums, double[] Sizes) Sums(QuantizedWeight weight, float[] x, int tokens, float[] bias)
    {
        float[] row = new float[weight.RowLength];
        double[] sums = new double[tokens * weight.OutChannels],
            sizes = new double[sums.Length];
        for (int channel = 0; channel < weight.OutChannels; channel++)
        {
            weight.DequantizeRow(channel, row);
            for (int token = 0; token < tokens; token++)
            {
                double sum = bias[channel],
                    size = Math.Abs(sum);
                for (int k = 0; k < row.Length; k++)
                {
                    double term = (double)row[k] * x[(token * row.Length) + k];
                    sum += term;
                    size += Math.Abs(term);
                }
                int at = (token * weight.OutChannels) + channel;
                (sums[at], sizes[at]) = (sum, size);
            }
        }
        return (sums, sizes);
    }
}
