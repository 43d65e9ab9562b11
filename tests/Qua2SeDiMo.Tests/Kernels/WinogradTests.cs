using Qua2SeDiMo.Kernels;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Kernels.Convolutions;
using Qua2SeDiMo.Kernels.Layout;
using Qua2SeDiMo.Kernels.Scheduling;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests.Kernels;

/// <summary>Compares 3×3 Winograd convolutions with directly computed sums.</summary>
public sealed class WinogradTests(ITestOutputHelper output)
{
    private static readonly ConvolutionShape Padded = new(1, 16, 16, 16)
    {
        KernelHeight = 3,
        KernelWidth = 3,
        PadTop = 1,
        PadLeft = 1,
        PadBottom = 1,
        PadRight = 1,
    };

    private static readonly ConvolutionShape[] Shapes =
    [
        Padded,
        Padded with
        {
            Batch = 5,
            InChannels = 17,
            Height = 7,
            Width = 12,
        },
        Padded with
        {
            Batch = 2,
            InChannels = 150,
            Height = 12,
            Width = 8,
        },
        Padded with
        {
            Batch = 9,
            InChannels = 40,
            Height = 4,
            Width = 4,
        },
        Padded with
        {
            InChannels = 33,
            Height = 32,
            Width = 40,
        },
        Padded with
        {
            InChannels = 20,
            Height = 17,
            Width = 19,
            PadTop = 0,
            PadLeft = 2,
            PadBottom = 3,
            PadRight = 0,
        },
        Padded with
        {
            Batch = 9,
            InChannels = 300,
            Height = 6,
            Width = 6,
            PadTop = 0,
            PadLeft = 0,
            PadBottom = 0,
            PadRight = 0,
        },
    ];

    public static TheoryData<string> Variants => [.. KernelSelector.Supported.Where(name => name != "scalar")];

    [Theory]
    [MemberData(nameof(Variants))]
    public void Transformed_products_agree_with_the_sum_written_out(string variant)
    {
        PaletteKernel kernel = KernelSelector.Choose(variant);
        double largest = 0;
        foreach (ConvolutionShape shape in Shapes)
        {
            Assert.True(WinogradConvolution.Fits(shape), $"{shape}");
            foreach (QuantizerSpec spec in SampleWeights.AllSpecs.Where(spec => spec.Bits is 2 or 3 or 4 or 5))
            {
                QuantizedWeight weight = SampleWeights.Make(spec, 29, shape.RowLength);
                float[] x = SampleWeights.Activations(shape.Batch * shape.InChannels * shape.Height * shape.Width),
                    bias = SampleWeights.Activations(29);
                float[] y = new float[shape.Batch * 29 * shape.OutHeight * shape.OutWidth],
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
                // Rounding errors spread over a tile, so errors are relative to the largest sum of magnitudes, not to
                // that of the same position.
                (double[] sums, double[] sizes) = PaletteConvolutionTests.Sums(shape, weight, x, bias);
                double error = y.Zip(sums, (found, sum) => Math.Abs(found - sum)).Max() / sizes.Max();
                Assert.True(
                    error <= 2e-6,
                    $"{variant} {spec} {shape}: off by {error:0.0e+0} of the largest sum of magnitudes."
                );
                largest = Math.Max(largest, error);
            }
        }
        output.WriteLine($"{variant}: off by at most {largest:0.0e+0} of the largest sum of magnitudes");
    }

    [Theory]
    [InlineData(16, 16, true)]
    [InlineData(13, 9, true)]
    [InlineData(8, 8, false)]
    [InlineData(1, 90, false)]
    [InlineData(2, 2, false)]
    public void Few_tiles_and_images_that_leave_them_empty_are_convolved_directly(int height, int width, bool fits) =>
        Assert.Equal(fits, WinogradConvolution.Fits(Padded with { Height = height, Width = width }));

    [Fact]
    public void Only_kernels_of_three_by_three_that_move_by_one_are_transformed()
    {
        foreach (
            ConvolutionShape other in new[]
            {
                Padded with
                {
                    KernelHeight = 1,
                },
                Padded with
                {
                    KernelWidth = 5,
                },
                Padded with
                {
                    StrideHeight = 2,
                    StrideWidth = 2,
                },
                Padded with
                {
                    DilationHeight = 2,
                },
                Padded with
                {
                    InChannels = 4,
                },
            }
        )
        {
            Assert.False(WinogradConvolution.Fits(other), $"{other}");
        }
    }
}
