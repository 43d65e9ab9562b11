using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Kernels.Layout;
using Xunit;

namespace Qua2SeDiMo.Tests.Kernels;

public sealed class PaletteMatrixTests
{
    [Fact]
    public void A_matrix_holds_the_same_weights_as_what_it_was_made_from_at_every_length()
    {
        foreach (QuantizerSpec spec in SampleWeights.AllSpecs)
        {
            foreach (ElementType type in new[] { ElementType.Float16, ElementType.BFloat16, ElementType.Float32 })
            {
                foreach (
                    int length in new[]
                    {
                        1,
                        15,
                        16,
                        17,
                        31,
                        33,
                        48,
                        95,
                        127,
                        128,
                        129,
                        160,
                        161,
                        255,
                        320,
                        321,
                        512,
                        1000,
                    }
                )
                {
                    QuantizedWeight weight = SampleWeights.Make(spec, 3, length, type);
                    PaletteMatrix matrix = PaletteMatrix.FromData(PaletteMatrix.From(weight).Data);
                    float[] expected = new float[length],
                        found = new float[length];
                    for (int channel = 0; channel < 3; channel++)
                    {
                        weight.DequantizeRow(channel, expected);
                        matrix.DequantizeRow(channel, found);
                        Assert.Equal(expected, found);
                    }
                }
            }
        }
    }

    [Theory]
    [InlineData(1152, 1152)]
    [InlineData(4608, 1152)]
    [InlineData(1152, 4608)]
    [InlineData(640, 640)]
    [InlineData(1280, 1280)]
    [InlineData(2560, 640)]
    [InlineData(320, 2880)]
    [InlineData(640, 5760)]
    public void A_matrix_takes_at_most_30_percent_of_half_precision_at_4_bits_and_24_at_3(
        int outChannels,
        int rowLength
    )
    {
        foreach (QuantizerSpec spec in QuantizerSpec.PaperOptions)
        {
            PaletteMatrix matrix = PaletteMatrix.From(SampleWeights.Make(spec, outChannels, rowLength));
            double share = matrix.ResidentBytes / (2.0 * outChannels * rowLength);
            Assert.True(
                share <= (spec.Bits == 4 ? 0.30 : 0.24),
                $"{spec} of {outChannels} × {rowLength}: {share:0.000}"
            );
        }
    }

    [Fact]
    public void A_damaged_header_is_refused_with_what_was_found()
    {
        byte[] sound = PaletteMatrix
            .From(SampleWeights.Make(new QuantizerSpec(QuantizerMethod.KMeansPerChannel, 4), 5, 40))
            .Data.ToArray();
        foreach (
            (int at, byte value) in new (int, byte)[]
            {
                (0, 0),
                (4, 9),
                (5, 1),
                (5, 9),
                (5, 3),
                (6, 3),
                (6, 2),
                (40, 1),
                (7, 3),
                (7, 0),
                (8, 6),
                (11, 0xFF),
                (12, 200),
                (15, 0x7F),
            }
        )
        {
            byte[] damaged = [.. sound];
            damaged[at] = value;
            Assert.Contains(
                "damaged",
                Assert.Throws<PaletteMatrixException>(() => PaletteMatrix.FromData(damaged)).Message
            );
        }
        for (int length = 0; length < sound.Length; length++)
            Assert.Throws<PaletteMatrixException>(() => PaletteMatrix.FromData(sound.AsSpan(0, length)));
        Assert.Throws<PaletteMatrixException>(() => PaletteMatrix.FromData([.. sound, 0]));
    }
}
