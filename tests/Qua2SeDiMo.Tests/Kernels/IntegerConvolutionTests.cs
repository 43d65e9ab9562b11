using CsCheck;
using Qua2SeDiMo.Kernels;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Kernels.Layout;
using Qua2SeDiMo.Kernels.Scheduling;
using Xunit;

namespace Qua2SeDiMo.Tests.Kernels;

/// <summary>Integer convolutions of quantized images: every variant must equal the plain loops bit for bit, and those
/// are compared with sums in double precision.</summary>
public sealed class IntegerConvolutionTests
{
    private static readonly ConvolutionShape[] Shapes =
    [
        new(1, 3, 5, 7),
        new(1, 300, 6, 6),
        new(2, 5, 9, 11)
        {
            KernelHeight = 3,
            KernelWidth = 3,
            PadTop = 1,
            PadLeft = 1,
            PadBottom = 1,
            PadRight = 1,
        },
        new(1, 67, 9, 7)
        {
            KernelHeight = 3,
            KernelWidth = 3,
            PadTop = 1,
            PadLeft = 1,
            PadBottom = 1,
            PadRight = 1,
        },
        new(1, 130, 13, 12)
        {
            KernelHeight = 3,
            KernelWidth = 3,
            StrideHeight = 2,
            StrideWidth = 2,
            PadBottom = 1,
            PadRight = 1,
        },
        new(1, 7, 12, 10)
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
        new(1, 6, 17, 11)
        {
            KernelHeight = 7,
            KernelWidth = 5,
            PadTop = 3,
            PadLeft = 6,
            PadBottom = 3,
            PadRight = 6,
        },
        new(1, 2, 4, 6)
        {
            KernelHeight = 1,
            KernelWidth = 3,
            PadLeft = 8,
            PadRight = 8,
        },
        new(1, 3, 40, 2)
        {
            KernelHeight = 1,
            KernelWidth = 3,
            StrideWidth = 2,
            PadRight = 1,
        },
        new(1, 5, 40, 33)
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
    public void All_variants_give_the_same_bits_for_every_option_odd_sizes_and_threads(string variant)
    {
        PaletteKernel kernel = KernelSelector.Choose(variant);
        foreach (ConvolutionShape shape in Shapes)
        {
            foreach (QuantizerSpec spec in SampleWeights.AllSpecs.Where(spec => spec.Bits is 2 or 3 or 4 or 5))
            {
                PaletteMatrix weight = PaletteMatrix.From(SampleWeights.Make(spec, 27, shape.RowLength));
                float[] x = Image(shape),
                    bias = SampleWeights.Activations(27),
                    expected = new float[shape.Batch * 27 * shape.OutHeight * shape.OutWidth],
                    found = new float[expected.Length];
                int bits = spec.Bits == 3 ? 6 : 8;
                PaletteConvolution.ConvolveIntegersWith(
                    new ScalarKernel(),
                    shape,
                    x,
                    weight,
                    bias,
                    bits,
                    expected,
                    WorkRunners.Threads(2)
                );
                foreach (int threads in new[] { 1, 3 })
                {
                    PaletteConvolution.ConvolveIntegersWith(
                        kernel,
                        shape,
                        x,
                        weight,
                        bias,
                        bits,
                        found,
                        WorkRunners.Threads(threads)
                    );
                    Assert.Equal(expected, found);
                }
            }
        }
    }

    [Fact]
    public void Integers_are_added_where_nothing_else_is_faster()
    {
        Assert.True(PaletteConvolution.AddsIntegers(Shapes[1]));
        Assert.True(PaletteConvolution.AddsIntegers(Shapes[4]));
        Assert.False(PaletteConvolution.AddsIntegers(Shapes[3] with { Height = 16, Width = 16 }));
        Assert.False(PaletteConvolution.AddsIntegers(Shapes[1] with { Height = 5 }));
        ConvolutionShape shape = Shapes[4];
        PaletteMatrix weight = PaletteMatrix.From(
            SampleWeights.Make(QuantizerSpec.PaperOptions[1], 27, shape.RowLength)
        );
        float[] x = Image(shape),
            expected = new float[27 * shape.OutHeight * shape.OutWidth],
            found = new float[expected.Length];
        PaletteConvolution.ConvolveIntegersWith(new ScalarKernel(), shape, x, weight, [], 8, expected, null);
        PaletteConvolution.ConvolveQuantized(shape, x, weight, [], 8, found);
        Assert.Equal(expected, found);
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Many_positions_and_channels_are_cut_into_blocks(string variant)
    {
        var shape = new ConvolutionShape(1, 70, 26, 25)
        {
            KernelHeight = 3,
            KernelWidth = 3,
            PadTop = 1,
            PadLeft = 1,
            PadBottom = 1,
            PadRight = 1,
        };
        PaletteMatrix weight = PaletteMatrix.From(
            SampleWeights.Make(new QuantizerSpec(QuantizerMethod.KMeansPerChannel, 4), 260, shape.RowLength)
        );
        float[] x = Image(shape),
            expected = new float[260 * 26 * 25],
            found = new float[expected.Length];
        PaletteConvolution.ConvolveIntegersWith(
            new ScalarKernel(),
            shape,
            x,
            weight,
            [],
            8,
            expected,
            WorkRunners.Threads(2)
        );
        PaletteConvolution.ConvolveIntegersWith(
            KernelSelector.Choose(variant),
            shape,
            x,
            weight,
            [],
            8,
            found,
            WorkRunners.Threads(2)
        );
        Assert.Equal(expected, found);
    }

    [Fact]
    public void Results_are_as_close_as_the_rounding_of_weights_allows() =>
        Gen.Select(Gen.Int[0, Shapes.Length - 1], Gen.Int[0, 5], Gen.ULong[0, 99], Gen.Int[6, 8])
            .Sample(
                (index, option, seed, bits) =>
                {
                    ConvolutionShape shape = Shapes[index] with { Batch = 1 };
                    QuantizedWeight weight = SampleWeights.Make(
                        QuantizerSpec.PaperOptions[option],
                        3,
                        shape.RowLength,
                        seed: seed
                    );
                    float[] x = Image(shape),
                        y = new float[3 * shape.OutHeight * shape.OutWidth];
                    PaletteConvolution.ConvolveIntegersWith(
                        KernelSelector.Active,
                        shape,
                        x,
                        PaletteMatrix.From(weight),
                        [],
                        bits,
                        y,
                        null
                    );
                    return Exceeds(shape, weight, x, bits, y) is not { } found
                        ? true
                        : throw new InvalidOperationException($"{shape}, {weight.Spec}: {found}");
                },
                iter: 60
            );

    [Theory]
    [MemberData(nameof(Variants))]
    public void Constant_channels_are_exact_however_large_they_are(string variant)
    {
        var shape = new ConvolutionShape(1, 6, 8, 8)
        {
            KernelHeight = 3,
            KernelWidth = 3,
            PadTop = 1,
            PadLeft = 1,
            PadBottom = 1,
            PadRight = 1,
        };
        QuantizedWeight weight = SampleWeights.Make(
            new QuantizerSpec(QuantizerMethod.KMeansPerTensor, 4),
            4,
            shape.RowLength
        );
        float[] x = new float[6 * 64],
            y = new float[4 * 64];
        float[] levels = [0f, -3f, 1000f, 0.001f, 0f, 7f];
        for (int channel = 0; channel < 6; channel++)
            x.AsSpan(channel * 64, 64).Fill(levels[channel]);
        PaletteConvolution.ConvolveIntegersWith(
            KernelSelector.Choose(variant),
            shape,
            x,
            PaletteMatrix.From(weight),
            [],
            8,
            y,
            null
        );
        PaletteConvolutionTests.Check(shape, weight, x, new float[4], y, "constant");
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void An_image_with_a_value_that_is_no_number_shows_it_and_its_neighbour_does_not(string variant)
    {
        var shape = new ConvolutionShape(3, 5, 6, 6)
        {
            KernelHeight = 3,
            KernelWidth = 3,
            PadTop = 1,
            PadLeft = 1,
            PadBottom = 1,
            PadRight = 1,
        };
        PaletteMatrix weight = PaletteMatrix.From(
            SampleWeights.Make(new QuantizerSpec(QuantizerMethod.UniformAffine, 4), 4, shape.RowLength)
        );
        float[] x = SampleWeights.Activations(3 * 5 * 36),
            y = new float[3 * 4 * 36];
        x[200] = float.NaN;
        x[400] = float.NegativeInfinity;
        PaletteConvolution.ConvolveIntegersWith(KernelSelector.Choose(variant), shape, x, weight, [], 8, y, null);
        Assert.All(y[..144], value => Assert.True(float.IsFinite(value)));
        Assert.All(y[144..], value => Assert.True(float.IsNaN(value)));
    }

    // An image whose channels have very different ranges: some far from zero, one constant, one zero.
    private static float[] Image(ConvolutionShape shape)
    {
        int size = shape.Height * shape.Width;
        float[] x = SampleWeights.Activations(shape.Batch * shape.InChannels * size);
        for (int channel = 0; channel < shape.Batch * shape.InChannels; channel++)
        {
            Span<float> values = x.AsSpan(channel * size, size);
            float range = MathF.Pow(10f, (channel % 5) - 2),
                shift = (channel % 3) - 1;
            for (int i = 0; i < size; i++)
                values[i] = (values[i] + shift) * range;
            if (channel % 11 == 4)
                values.Fill(0.37f);
            if (channel % 13 == 6)
                values.Clear();
        }
        return x;
    }

    // Describes the first value whose error exceeds what rounding every weight by half an integer step explains; null
    // when there is none.
    private static string? Exceeds(ConvolutionShape shape, QuantizedWeight weight, float[] x, int bits, float[] y)
    {
        int size = shape.Height * shape.Width,
            taps = shape.KernelHeight * shape.KernelWidth;
        float[] rounded = new float[x.Length],
            row = new float[shape.RowLength];
        ActivationQuantizer.Quantize(x, size, bits, rounded);
        ActivationRange[] ranges =
        [
            .. Enumerable
                .Range(0, shape.InChannels)
                .Select(channel => ActivationRange.Of(x.AsSpan(channel * size, size), bits)),
        ];
        float widest = ranges.Max(range => range.Scale);
        for (int channel = 0; channel < weight.OutChannels; channel++)
        {
            weight.DequantizeRow(channel, row);
            double largest = 0;
            foreach (float entry in weight.Palette(channel))
                largest = Math.Max(largest, Math.Abs(entry));
            for (int position = 0; position < shape.OutHeight * shape.OutWidth; position++)
            {
                double exact = 0,
                    terms = 0,
                    allowed = 0;
                for (int input = 0; input < shape.InChannels; input++)
                {
                    // The step is at most twice the channel's scale, or 1/32 of the largest scale.
                    double unit = Math.Max(2 * ranges[input].Scale, widest / 32) * largest / 127;
                    for (int tap = 0; tap < taps; tap++)
                    {
                        int r =
                            (position / shape.OutWidth * shape.StrideHeight)
                            + (tap / shape.KernelWidth * shape.DilationHeight)
                            - shape.PadTop;
                        int c =
                            (position % shape.OutWidth * shape.StrideWidth)
                            + (tap % shape.KernelWidth * shape.DilationWidth)
                            - shape.PadLeft;
                        if (r < 0 || r >= shape.Height || c < 0 || c >= shape.Width)
                            continue;
                        int at = (input * size) + (r * shape.Width) + c;
                        double code = ranges[input].IsExact ? 1 << (bits - 1) : ranges[input].Code(x[at]);
                        exact += (double)row[(input * taps) + tap] * rounded[at];
                        terms +=
                            Math.Abs(row[(input * taps) + tap] * rounded[at])
                            + (
                                ranges[input].IsExact
                                    ? 0
                                    : Math.Abs(
                                        row[(input * taps) + tap] * ranges[input].Scale * ranges[input].ZeroPoint
                                    )
                            );
                        allowed += 0.5 * unit * Math.Abs(code - (1 << (bits - 1)));
                    }
                }
                double error = Math.Abs(y[(channel * shape.OutHeight * shape.OutWidth) + position] - exact);
                if (error > (allowed * 1.0001) + (terms * 1e-5))
                    return $"channel {channel}, position {position}: off by {error}, allowed {allowed}.";
            }
        }
        return null;
    }
}
