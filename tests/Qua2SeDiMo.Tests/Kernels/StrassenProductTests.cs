using Qua2SeDiMo.Kernels;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Kernels.Gemm;
using Qua2SeDiMo.Kernels.Layout;
using Qua2SeDiMo.Kernels.MicroKernels;
using Qua2SeDiMo.Kernels.Scheduling;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests.Kernels;

/// <summary>Compares large products by Strassen's algorithm (seven products of quarters) with sums in double
/// precision.</summary>
public sealed class StrassenProductTests(ITestOutputHelper output)
{
    // Sizes with incomplete groups and units of channels, an incomplete last panel, left-over tokens, two K blocks, and
    // halves that begin inside of blocks and vectors of codes.
    private static readonly (int Tokens, int OutChannels, int RowLength)[] Sizes =
    [
        (64, 256, 256),
        (128, 264, 330),
        (127, 301, 514),
        (192, 273, 1802),
        (269, 256, 258),
        (640, 257, 258),
    ];

    public static TheoryData<string> Variants => [.. KernelSelector.Supported.Where(name => name != "scalar")];

    [Theory]
    [MemberData(nameof(Variants))]
    public void Products_agree_with_sums_in_double_precision(string variant)
    {
        PaletteKernel kernel = KernelSelector.Choose(variant);
        double largest = 0;
        foreach ((int tokens, int outChannels, int rowLength) in Sizes)
        {
            float[] x = SampleWeights.Activations(tokens * rowLength),
                bias = SampleWeights.Activations(outChannels);
            foreach (QuantizerSpec spec in SampleWeights.AllSpecs.Where(spec => spec.Bits is >= 2 and <= 5))
            {
                QuantizedWeight weight = SampleWeights.Make(spec, outChannels, rowLength);
                float[] y = new float[tokens * outChannels];
                PaletteMatMul.MultiplyWith(kernel, x, tokens, PaletteMatrix.From(weight), bias, y, null);
                // Rounding errors spread over pairs of tokens and channels, so errors are relative to the largest sum
                // of magnitudes, not to that of the same value.
                (double[] sums, double[] sizes) = PaletteMatMulTests.Sums(weight, x, tokens, bias);
                double error = y.Zip(sums, (found, sum) => Math.Abs(found - sum)).Max() / sizes.Max();
                Assert.True(
                    error <= 2e-6,
                    $"{variant} {spec} {tokens}×{outChannels}×{rowLength}: off by {error:0.0e+0} of the largest sum of magnitudes."
                );
                largest = Math.Max(largest, error);
            }
        }
        output.WriteLine($"{variant}: off by at most {largest:0.0e+0} of the largest sum of magnitudes");
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Convolutions_agree_with_the_sum_written_out(string variant)
    {
        PaletteKernel kernel = KernelSelector.Choose(variant);
        foreach (
            ConvolutionShape shape in new ConvolutionShape[]
            {
                new(2, 256, 8, 8),
                new(1, 30, 31, 16)
                {
                    KernelHeight = 3,
                    KernelWidth = 3,
                    StrideHeight = 2,
                    StrideWidth = 2,
                    PadTop = 1,
                    PadLeft = 1,
                    PadBottom = 1,
                    PadRight = 1,
                },
            }
        )
        {
            QuantizedWeight weight = SampleWeights.Make(QuantizerSpec.PaperOptions[3], 260, shape.RowLength);
            float[] x = SampleWeights.Activations(shape.Batch * shape.InChannels * shape.Height * shape.Width),
                bias = SampleWeights.Activations(260);
            float[] y = new float[shape.Batch * 260 * shape.OutHeight * shape.OutWidth];
            PaletteConvolution.ConvolveWith(kernel, shape, x, PaletteMatrix.From(weight), bias, y, null);
            (double[] sums, double[] sizes) = PaletteConvolutionTests.Sums(shape, weight, x, bias);
            Assert.True(
                y.Zip(sums, (found, sum) => Math.Abs(found - sum)).Max() <= 2e-6 * sizes.Max(),
                $"{variant} {shape}"
            );
        }
    }

    [Fact]
    public unsafe void Sums_do_not_depend_on_how_the_work_is_cut()
    {
        const int tokens = 320,
            outChannels = 301,
            rowLength = 274;
        var weight = PaletteMatrix.From(SampleWeights.Make(QuantizerSpec.PaperOptions[0], outChannels, rowLength));
        foreach (MicroKernelSet instructions in Instructions())
        {
            float[] inputs = SampleWeights.Activations(tokens * rowLength);
            float[]? expected = null;
            foreach ((int pairs, int units) in new[] { (1, 1), (2, 5), (5, 100), (3, 4), (100, 7) })
            {
                float[] found = new float[tokens * outChannels];
                fixed (
                    float* x = inputs,
                        y = found
                )
                {
                    new StrassenProduct(
                        instructions,
                        new LinearProduct(instructions, x, tokens, weight, null, y),
                        weight,
                        tokens
                    ).Run(WorkRunners.Threads(3), pairs, units);
                }
                Assert.Equal(expected ??= found, found);
            }
        }
    }

    [Fact]
    public void Small_products_odd_lengths_and_tokens_that_leave_panels_empty_are_multiplied_directly()
    {
        foreach (MicroKernelSet instructions in Instructions())
        {
            int wide = instructions.WideTokens;
            foreach (
                (int tokens, int outChannels, int rowLength, int expected) in new[]
                {
                    (256, 256, 256, 256),
                    (256 - (wide / 4), 256, 256, 256 - (wide / 4)),
                    (256 + wide, 256, 256, 256),
                    (256 + 1, 256, 256, 256),
                    (192 + 1, 256, 256, 0),
                    (32, 256, 256, 0),
                    (256, 255, 256, 0),
                    (256, 256, 254, 0),
                    (256, 256, 257, 0),
                }
            )
            {
                var weight = PaletteMatrix.From(
                    SampleWeights.Make(QuantizerSpec.PaperOptions[1], outChannels, rowLength)
                );
                Assert.Equal(expected, StrassenProduct.TokensFor(instructions, weight, tokens));
            }
        }
    }

    private static IEnumerable<MicroKernelSet> Instructions()
    {
        if (KernelSelector.Supported.Contains("avx2"))
            yield return new Avx2MicroKernels();
        if (KernelSelector.Supported.Contains("avx512"))
            yield return new Avx512MicroKernels();
    }
}
