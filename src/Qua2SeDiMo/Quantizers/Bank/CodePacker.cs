using System.Buffers.Binary;

namespace Qua2SeDiMo.Quantizers.Bank;

/// <summary>
/// Codes of 2 to 8 bits as a dense bit stream: code i takes bits [i·b, (i + 1)·b), counted from the least significant
/// bit of byte 0. So two 4-bit codes share a byte, the first in its low half, and eight 3-bit codes fill three bytes.
/// Unused bits of the last byte are zero.
/// </summary>
internal static class CodePacker
{
    private const int Group = 8;

    /// <summary>Bytes of a packed stream: ⌈count·bits/8⌉.</summary>
    public static long PackedLength(long count, int bits) => checked((count * Checked(bits)) + 7) / 8;

    /// <summary>Packs codes.</summary>
    /// <param name="codes">Each below 2^bits.</param>
    /// <param name="bits">2 to 8.</param>
    /// <param name="packed">Exactly <see cref="PackedLength"/> bytes.</param>
    /// <exception cref="ArgumentException">A code is too large, or the destination has another length.</exception>
    public static void Pack(ReadOnlySpan<byte> codes, int bits, Span<byte> packed)
    {
        CheckLength(packed.Length, codes.Length, bits);
        if (codes.ContainsAnyExceptInRange((byte)0, (byte)((1 << bits) - 1)))
            throw new ArgumentException($"A code does not fit {bits} bits.", nameof(codes));
        int spare = 8 - bits,
            i = 0,
            position = 0;
        // Eight codes are loaded as one word and compacted in three steps, which halve the number of gaps each. The
        // 8-byte store also overwrites bytes that are written next.
        for (; i + Group <= codes.Length && position + sizeof(ulong) <= packed.Length; i += Group, position += bits)
        {
            ulong word = BinaryPrimitives.ReadUInt64LittleEndian(codes[i..]);
            word = (word & 0x00FF00FF00FF00FF) | ((word & 0xFF00FF00FF00FF00) >> spare);
            word = (word & 0x0000FFFF0000FFFF) | ((word & 0xFFFF0000FFFF0000) >> (2 * spare));
            word = (word & 0x00000000FFFFFFFF) | ((word & 0xFFFFFFFF00000000) >> (4 * spare));
            BinaryPrimitives.WriteUInt64LittleEndian(packed[position..], word);
        }
        PackPlain(codes[i..], bits, packed[position..]);
    }

    /// <summary>Plain reference for <see cref="Pack"/>; also allows codes of 1 bit.</summary>
    internal static void PackPlain(ReadOnlySpan<byte> codes, int bits, Span<byte> packed)
    {
        packed.Clear();
        long bit = 0;
        foreach (byte code in codes)
        {
            for (int i = 0; i < bits; i++, bit++)
                packed[(int)(bit / 8)] |= (byte)(((code >> i) & 1) << (int)(bit % 8));
        }
    }

    /// <summary>Unpacks codes.</summary>
    /// <param name="packed">Exactly <see cref="PackedLength"/> bytes.</param>
    /// <param name="bits">2 to 8.</param>
    /// <param name="codes">Destination; its length is the number of codes.</param>
    /// <exception cref="ArgumentException">The source has another length.</exception>
    public static void Unpack(ReadOnlySpan<byte> packed, int bits, Span<byte> codes)
    {
        CheckLength(packed.Length, codes.Length, bits);
        int spare = 8 - bits,
            i = 0,
            position = 0;
        ulong bytes = Repeat((1UL << bits) - 1, 16),
            words = Repeat((1UL << (2 * bits)) - 1, 32),
            half = (1UL << (4 * bits)) - 1;
        for (; i + Group <= codes.Length && position + sizeof(ulong) <= packed.Length; i += Group, position += bits)
        {
            ulong word = BinaryPrimitives.ReadUInt64LittleEndian(packed[position..]);
            word = (word & half) | ((word << (4 * spare)) & (half << 32));
            word = (word & words) | ((word << (2 * spare)) & (words << 16));
            word = (word & bytes) | ((word << spare) & (bytes << 8));
            BinaryPrimitives.WriteUInt64LittleEndian(codes[i..], word);
        }
        UnpackPlain(packed[position..], bits, codes[i..]);
    }

    /// <summary>Plain reference for <see cref="Unpack"/>.</summary>
    internal static void UnpackPlain(ReadOnlySpan<byte> packed, int bits, Span<byte> codes)
    {
        long bit = 0;
        for (int i = 0; i < codes.Length; i++)
        {
            int code = 0;
            for (int j = 0; j < bits; j++, bit++)
                code |= ((packed[(int)(bit / 8)] >> (int)(bit % 8)) & 1) << j;
            codes[i] = (byte)code;
        }
    }

    private static ulong Repeat(ulong pattern, int width) =>
        width == 16 ? pattern * 0x0001000100010001 : pattern * 0x0000000100000001;

    private static void CheckLength(int packed, int codes, int bits)
    {
        if (packed != PackedLength(codes, bits))
            throw new ArgumentException(
                $"{packed} bytes are not {codes} codes of {bits} bits; {PackedLength(codes, bits)} bytes are.",
                nameof(packed)
            );
    }

    private static int Checked(int bits) =>
        bits is >= 2 and <= 8
            ? bits
            : throw new ArgumentOutOfRangeException(nameof(bits), bits, "A code has 2 to 8 bits.");
}
