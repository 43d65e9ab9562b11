using Qua2SeDiMo.Kernels;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Kernels.Layout;
using Qua2SeDiMo.Kernels.Scheduling;
using Xunit;

namespace Qua2SeDiMo.Tests.Kernels;

public sealed class PaletteConvolutionTests
{
    private static readonly ConvolutionShape[] Shapes =
    [
        new(1, 3, 5, 7),
        new(2, 5, 9, 11)
        {
            KernelHeight = 3,
            KernelWidth = 3,
            PadTop = 1,
            PadLeft = 1,
            PadBottom = 1,
            PadRight = 1,
        },
        new(1, 2, 9, 8)
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
        new(1, 2, 8, 8)
        {
            KernelHeight = 3,
            KernelWidth = 3,
            StrideHeight = 2,
            StrideWidth = 2,
            PadBottom = 1,
            PadRight = 1,
        },
        new(1, 4, 12, 10)
        {
            KernelHeight = 2,
            KernelWidth = 3,
            DilationHeight = 2,
            DilationWidth = 3,
            PadTop = 2,
            PadLeft = 0,
            PadBottom = 1,
            PadRight = 4,
        },
        new(1, 1, 3, 3)
        {
            KernelHeight = 5,
            KernelWidth = 5,
            PadTop = 2,
            PadLeft = 2,
            PadBottom = 2,
            PadRight = 2,
        },
        new(1, 1, 2, 1)
        {
            KernelHeight = 1,
            KernelWidth = 3,
            PadLeft = 4,
            PadRight = 4,
        },
        new(1, 3, 40, 33)
        {
            KernelHeight = 2,
            KernelWidth = 2,
            StrideHeight = 2,
            StrideWidth = 2,
        },
    ];

    public static TheoryData<string> Variants => [.. KernelSelector.Supported];

    [Theory]
    [MemberData(nameof(Variants))]
    public void Convolutions_agree_with_the_sum_written_out(string variant)
    {
        PaletteKernel kernel = KernelSelector.Choose(variant);
        foreach (ConvolutionShape shape in Shapes)
        {
            foreach (QuantizerSpec spec in QuantizerSpec.PaperOptions)
            {
                QuantizedWeight weight = SampleWeights.Make(spec, 13, shape.RowLength);
                float[] x = SampleWeights.Activations(shape.Batch * shape.InChannels * shape.Height * shape.Width),
                    bias = SampleWeights.Activations(13);
                float[] y = new float[shape.Batch * 13 * shape.OutHeight * shape.OutWidth],
                    again = new float[y.Length];
                PaletteConvolution.ConvolveWith(kernel, shape, x, PaletteMatrix.From(weight), bias, y, null);
                PaletteConvolution.ConvolveWith(
                    kernel,
                    shape,
                    x,
                    PaletteMatrix.From(weight),
                    bias,
                    again,
                    WorkRunners.Threads(3)
                );
                Assert.Equal(y, again);
                Check(shape, weight, x, bias, y, $"{variant} {spec} {shape}");
            }
        }
    }

    [Fact]
    public void Activations_of_small_images_are_quantized_before_the_padding()
    {
        ConvolutionShape shape = Shapes[1] with { Height = 5, Width = 6 };
        Assert.False(PaletteConvolution.AddsIntegers(shape));
        QuantizedWeight weight = SampleWeights.Make(QuantizerSpec.PaperOptions[2], 6, shape.RowLength);
        float[] x = SampleWeights.Activations(shape.Batch * shape.InChannels * shape.Height * shape.Width),
            rounded = new float[x.Length];
        for (int i = 0; i < x.Length; i++)
            x[i] += 3f;
        ActivationQuantizer.Quantize(x, shape.Height * shape.Width, 8, rounded);
        float[] y = new float[shape.Batch * 6 * shape.OutHeight * shape.OutWidth];
        PaletteConvolution.ConvolveQuantized(shape, x, PaletteMatrix.From(weight), [], 8, y);
        Check(shape, weight, rounded, new float[6], y, "quantized");
    }

    [Fact]
    public void Shapes_that_are_impossible_are_refused()
    {
        PaletteMatrix weight = PaletteMatrix.From(SampleWeights.Make(QuantizerSpec.PaperOptions[0], 2, 9));
        var shape = new ConvolutionShape(1, 1, 4, 4) { KernelHeight = 3, KernelWidth = 3 };
        PaletteConvolution.Convolve(shape, new float[16], weight, [], new float[8]);
        foreach (
            ConvolutionShape wrong in new[]
            {
                shape with
                {
                    Height = 2,
                },
                shape with
                {
                    Batch = 0,
                },
                shape with
                {
                    StrideWidth = 0,
                },
                shape with
                {
                    PadLeft = -1,
                },
                shape with
                {
                    InChannels = 2,
                },
                shape with
                {
                    DilationHeight = 2,
                },
            }
        )
        {
            Assert.ThrowsAny<ArgumentException>(() =>
                PaletteConvolution.Convolve(wrong, new float[16], weight, [], new float[8])
            );
        }
    }

    /// <summary>Compares every value with a directly computed sum.</summary>
    internal static void Check(
        ConvolutionShape shape,
        QuantizedWeight weight,
        float[] x,
        float[] bias,
        float[] y,
        string what
    )
    {
        (double[] sums, double[] sizes) = Sums(shape, weight, x, bias);
        for (int i = 0; i < y.Length; i++)
            Assert.True(
                Math.Abs(y[i] - sums[i]) <= 2e-6 * (sizes[i] + 1e-6),
                $"{what}: value {i} is {y[i]} instead of {sums[i]}."
            );
    }

    /// <summary>All values in double precision, and the sum of the magnitudes of the terms of each.</summary>
    internal static (double[] Sums, double[] Sizes) Sums(
        ConvolutionShape shape,
        QuantizedWeight weight,
        float[] x,
        float[] bias
    )
    {
        float[] dense = new float[weight.Count];
        weight.Dequantize(dense);
        int at = 0;
        double[] sums = new double[shape.Batch * weight.OutChannels * shape.OutHeight * shape.OutWidth],
            sizes = new double[sums.Length];
        for (int image = 0; image < shape.Batch; image++)
        {
            for (int channel = 0; channel < weight.OutChannels; channel++)
            {
                for (int row = 0; row < shape.OutHeight; row++)
                {
                    for (int column = 0; column < shape.OutWidth; column++, at++)
                    {
                        double sum = bias[channel],
                            size = Math.Abs(sum);
                        int k = channel * weight.RowLength;
                        for (int input = 0; input < shape.InChannels; input++)
                        {
                            for (int i = 0; i < shape.KernelHeight; i++)
                            {
                                for (int j = 0; j < shape.KernelWidth; j++, k++)
                                {
                                    int r = (row * shape.StrideHeight) + (i * shape.DilationHeight) - shape.PadTop,
                                        c = (column * shape.StrideWidth) + (j * shape.DilationWidth) - shape.PadLeft;
                                    if (r < 0 || r >= shape.Height || c < 0 || c >= shape.Width)
                                        continue;
                                    double term =
                                        (double)dense[k]
                                        * x[
                                            (((((image * shape.InChannels) + input) * shape.Height) + r) * shape.Width)
                                                + c
                                        ];
                                    sum += term;
                                    size += Math.Abs(term);
                                }
                            }
                        }
                        (sums[at], sizes[at]) = (sum, size);
                    }
                }
            }
        }
        return (sums, sizes);
    }
}
