using System.Runtime.Intrinsics;
using CsCheck;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Quantizers.Affine;
using Qua2SeDiMo.Quantizers.Palettes;
using Xunit;

namespace Qua2SeDiMo.Tests.Quantizers;

/// <summary>Compares vectorized kernels with the scalar forms, at every length from 0 to 256.</summary>
public sealed class QuantizerKernelTests
{
    [Fact]
    public void The_error_power_is_accurate_over_the_whole_range() =>
        Gen.Select(Gen.Double[-12, 12], Gen.Bool)
            .Sample(
                (exponent, negative) =>
                {
                    float x = (float)Math.Pow(10, exponent) * (negative ? -1 : 1);
                    double found = ErrorPower.Of(Vector256.Create(x)).GetElement(3),
                        expected = ErrorPower.Plain(x);
                    return Math.Abs(found - expected) <= 5e-7 * expected;
                },
                iter: 100_000
            );

    [Fact]
    public void The_error_power_of_nothing_is_nothing()
    {
        foreach (float x in new[] { 0f, -0f, float.Epsilon, 1e-38f, 1e-30f, 1e-20f })
        {
            Assert.Equal(0, ErrorPower.Of(Vector256.Create(x)).GetElement(0), 1e-40);
        }
    }

    [Fact]
    public void Affine_kernels_agree_with_their_plain_twins_at_every_length()
    {
        for (int length = 0; length <= 256; length++)
        {
            float[] row = KMeans1DTests.Gaussian(length, (ulong)length);
            byte[] expected = new byte[length],
                found = new byte[length];
            AffineKernel.EncodePlain(row, 0.011f, 7f, 15f, expected);
            AffineKernel.Encode(row, 0.011f, 7f, 15f, found);
            Assert.Equal(expected, found);
            double error = AffineKernel.ErrorPlain(row, 0.011f, 0.0111f, 7f, 15f);
            Assert.Equal(error, AffineKernel.Error(row, 0.011f, 0.0111f, 7f, 15f), 1e-6 * error);
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(8)]
    public void Palette_kernels_agree_with_their_plain_twins_at_every_length(int bits)
    {
        float[] palette = [.. KMeans1DTests.Gaussian(1 << bits, 99).Order()];
        float[] limits = new float[palette.Length - 1];
        PaletteEncoder.FindLimits(palette, limits);
        for (int length = 0; length <= 256; length++)
        {
            float[] row = KMeans1DTests.Gaussian(length, (ulong)length);
            byte[] expected = new byte[length],
                found = new byte[length];
            double error = PaletteEncoder.EncodePlain(row, palette, limits, expected);
            Assert.Equal(error, PaletteEncoder.Encode(row, palette, found), 1e-6 * error);
            Assert.Equal(expected, found);
            float[] plain = new float[length],
                fast = new float[length];
            PaletteDecoder.DecodePlain(expected, palette, plain);
            PaletteDecoder.Decode(found, palette, fast);
            Assert.Equal(plain, fast);
        }
    }

    [Fact]
    public void Every_weight_gets_the_nearest_palette_entry() =>
        Gen.Select(Gen.Float[-1f, 1f].Array[4, 4], Gen.Float[-1.2f, 1.2f].Array[1, 40])
            .Sample(
                (entries, weights) =>
                {
                    float[] palette = [.. entries.Order()];
                    byte[] codes = new byte[weights.Length];
                    PaletteEncoder.Encode(weights, palette, codes);
                    return weights
                        .Zip(codes)
                        .All(pair =>
                            palette.All(entry =>
                                Math.Abs((double)entry - pair.First)
                                >= Math.Abs((double)palette[pair.Second] - pair.First)
                            )
                        );
                }
            );
}
