using Qua2SeDiMo.Kernels;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Kernels.Layout;
using Xunit;

namespace Qua2SeDiMo.Tests.Kernels;

/// <summary>Kernels do not access memory outside of their buffers: each buffer is placed next to an inaccessible page,
/// on either side.</summary>
public sealed class KernelBoundsTests
{
    public static TheoryData<string, bool> Variants
    {
        get
        {
            var data = new TheoryData<string, bool>();
            foreach (string name in KernelSelector.Supported)
            {
                data.Add(name, true);
                data.Add(name, false);
            }
            return data;
        }
    }

    [LinuxTheory]
    [MemberData(nameof(Variants))]
    public unsafe void Products_stay_inside_their_buffers(string variant, bool atEnd)
    {
        PaletteKernel kernel = KernelSelector.Choose(variant);
        foreach (QuantizerSpec spec in QuantizerSpec.PaperOptions)
        {
            foreach (
                (int tokens, int outChannels, int rowLength) in new[]
                {
                    (1, 1, 1),
                    (1, 7, 37),
                    (3, 5, 129),
                    (8, 13, 161),
                    (19, 25, 70),
                    (41, 11, 33),
                    (64, 257, 258),
                }
            )
            {
                ReadOnlySpan<byte> data = PaletteMatrix.From(SampleWeights.Make(spec, outChannels, rowLength)).Data;
                using GuardedBuffer weightBytes = new(data.Length, atEnd),
                    x = new(tokens * rowLength * 4, atEnd),
                    bias = new(outChannels * 4, atEnd),
                    y = new(tokens * outChannels * 4, atEnd);
                data.CopyTo(new Span<byte>(weightBytes.Pointer, weightBytes.Length));
                SampleWeights.Activations(tokens * rowLength).CopyTo(x.Floats);
                PaletteMatrix weight = PaletteMatrix.View(weightBytes.Pointer, weightBytes.Length);
                PaletteMatMul.MultiplyWith(kernel, x.Floats, tokens, weight, bias.Floats, y.Floats, null);
                PaletteMatMul.MultiplyQuantizedWith(kernel, x.Floats, tokens, weight, bias.Floats, 8, y.Floats, null);
                Assert.All(y.Floats.ToArray(), value => Assert.True(float.IsFinite(value)));
            }
        }
    }

    [LinuxTheory]
    [MemberData(nameof(Variants))]
    public unsafe void Convolutions_stay_inside_their_buffers(string variant, bool atEnd)
    {
        PaletteKernel kernel = KernelSelector.Choose(variant);
        foreach (
            ConvolutionShape shape in new[]
            {
                new ConvolutionShape(1, 3, 5, 7),
                new ConvolutionShape(2, 2, 9, 11)
                {
                    KernelHeight = 3,
                    KernelWidth = 3,
                    PadTop = 1,
                    PadLeft = 1,
                    PadBottom = 1,
                    PadRight = 1,
                },
                new ConvolutionShape(1, 2, 9, 8)
                {
                    KernelHeight = 3,
                    KernelWidth = 3,
                    StrideHeight = 2,
                    StrideWidth = 2,
                    PadBottom = 1,
                    PadRight = 1,
                },
                new ConvolutionShape(1, 19, 16, 12)
                {
                    KernelHeight = 3,
                    KernelWidth = 3,
                    PadTop = 1,
                    PadLeft = 1,
                    PadBottom = 1,
                    PadRight = 1,
                },
                new ConvolutionShape(1, 67, 9, 7)
                {
                    KernelHeight = 3,
                    KernelWidth = 3,
                    PadTop = 1,
                    PadLeft = 1,
                    PadBottom = 1,
                    PadRight = 1,
                },
            }
        )
        {
            PaletteMatrix weight = PaletteMatrix.From(
                SampleWeights.Make(QuantizerSpec.PaperOptions[3], 9, shape.RowLength)
            );
            using GuardedBuffer x = new(shape.Batch * shape.InChannels * shape.Height * shape.Width * 4, atEnd),
                y = new(shape.Batch * 9 * shape.OutHeight * shape.OutWidth * 4, atEnd);
            PaletteConvolution.ConvolveWith(kernel, shape, x.Floats, weight, [], y.Floats, null);
            Assert.All(y.Floats.ToArray(), value => Assert.Equal(0f, value));
            SampleWeights.Activations(x.Length / 4).CopyTo(x.Floats);
            PaletteConvolution.ConvolveIntegersWith(kernel, shape, x.Floats, weight, [], 8, y.Floats, null);
            Assert.All(y.Floats.ToArray(), value => Assert.True(float.IsFinite(value)));
        }
    }

    [Fact]
    public unsafe void Whatever_the_codes_hold_nothing_outside_is_read()
    {
        foreach (QuantizerSpec spec in SampleWeights.AllSpecs)
        {
            byte[] data = PaletteMatrix.From(SampleWeights.Make(spec, 5, 77)).Data.ToArray();
            int codes = 5 * PaletteMatrix.FromData(data).Layout.CodeRowBytes;
            data.AsSpan(data.Length - codes).Fill(0xFF);
            float[] y = new float[10];
            PaletteMatMul.Multiply(SampleWeights.Activations(154), 2, PaletteMatrix.FromData(data), [], y);
            Assert.All(y, value => Assert.True(float.IsFinite(value)));
        }
    }
}
