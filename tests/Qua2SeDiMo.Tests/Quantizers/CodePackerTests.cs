using CsCheck;
using Qua2SeDiMo.Quantizers.Bank;
using Xunit;

namespace Qua2SeDiMo.Tests.Quantizers;

public sealed class CodePackerTests
{
    [Fact]
    public void Codes_come_back_and_fill_exactly_the_bytes_they_need() =>
        Gen.Select(Gen.Int[2, 8], Gen.Int[0, 300], Gen.ULong)
            .Sample(
                (bits, count, seed) =>
                {
                    byte[] codes = Codes(count, bits, seed);
                    byte[] packed = new byte[CodePacker.PackedLength(count, bits)],
                        plain = new byte[packed.Length],
                        back = new byte[count],
                        plainBack = new byte[count];
                    packed.AsSpan().Fill(0xA5);
                    CodePacker.Pack(codes, bits, packed);
                    CodePacker.PackPlain(codes, bits, plain);
                    CodePacker.Unpack(packed, bits, back);
                    CodePacker.UnpackPlain(packed, bits, plainBack);
                    return packed.Length == (int)Math.Ceiling(count * bits / 8.0)
                        && packed.SequenceEqual(plain)
                        && back.SequenceEqual(codes)
                        && plainBack.SequenceEqual(codes);
                }
            );

    [Fact]
    public void Every_length_up_to_256_agrees_with_the_plain_twin()
    {
        for (int bits = 2; bits <= 8; bits++)
        {
            for (int count = 0; count <= 256; count++)
            {
                byte[] codes = Codes(count, bits, (ulong)count);
                byte[] packed = new byte[CodePacker.PackedLength(count, bits)],
                    plain = new byte[packed.Length],
                    back = new byte[count];
                CodePacker.Pack(codes, bits, packed);
                CodePacker.PackPlain(codes, bits, plain);
                CodePacker.Unpack(packed, bits, back);
                Assert.Equal(plain, packed);
                Assert.Equal(codes, back);
            }
        }
    }

    [Fact]
    public void The_first_code_takes_the_lowest_bits()
    {
        byte[] four = new byte[2],
            three = new byte[3];
        CodePacker.Pack([1, 2, 3, 4], 4, four);
        CodePacker.Pack([1, 2, 3, 4, 5, 6, 7, 0], 3, three);
        Assert.Equal([0x21, 0x43], four);
        // As one integer, the stream is 000 111 110 101 100 011 010 001.
        Assert.Equal(0b000_111_110_101_100_011_010_001, three[0] | (three[1] << 8) | (three[2] << 16));
    }

    [Fact]
    public void A_code_that_is_too_large_and_a_wrong_length_are_refused()
    {
        Assert.Throws<ArgumentException>(() => CodePacker.Pack([8], 3, new byte[1]));
        Assert.Throws<ArgumentException>(() => CodePacker.Pack([1, 1, 1], 3, new byte[1]));
        Assert.Throws<ArgumentException>(() => CodePacker.Unpack(new byte[4], 3, new byte[8]));
        Assert.Throws<ArgumentOutOfRangeException>(() => CodePacker.PackedLength(8, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => CodePacker.PackedLength(8, 9));
    }

    private static byte[] Codes(int count, int bits, ulong seed)
    {
        var random = new Qua2SeDiMo.Numerics.Pcg32(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (byte)random.Next(1 << bits))];
    }
}
