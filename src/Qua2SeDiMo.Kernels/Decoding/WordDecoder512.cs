using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Qua2SeDiMo.Kernels.Layout;

namespace Qua2SeDiMo.Kernels.Decoding;

/// <summary>
/// Converts codes to words of four integers, 64 codes at a time (AVX-512 VBMI): the eight bits that begin with a code
/// are extracted from the packed words and looked up in 64 bytes, which repeat the palette so that the bits after the
/// code do not matter.
/// </summary>
internal static unsafe class WordDecoder512
{
    private const int Lanes = PaletteLayout.Lanes,
        PerWord = 4,
        WordBits = 32,
        MaxBits = 4;

    // Indexed by bits of a code, then by the first of four vectors of a block: for each byte, the bit at which its code
    // begins.
    private static readonly Vector512<byte>[][] Shifts =
    [
        .. Enumerable
            .Range(0, MaxBits + 1)
            .Select(bits =>
                bits < 2 ? [] : Enumerable.Range(0, WordBits / bits).Select(start => Shift(bits, start)).ToArray()
            ),
    ];

    // Mask of the bytes of the third and fourth vector.
    private static readonly Vector512<byte> SecondHalf = Vector512.Create(0xFFFF0000u).AsByte();

    /// <summary>Whether the processor has the instructions.</summary>
    internal static bool IsSupported => Avx512Vbmi.IsSupported;

    /// <summary>Writes the words of all whole units from the first word on. A unit is one block of 2-bit or 4-bit codes
    /// or two blocks of 3-bit codes.</summary>
    /// <param name="layout">At most 4 bits.</param>
    /// <param name="codes">The channel's codes.</param>
    /// <param name="integers">16 entries that fit 8 bits.</param>
    /// <param name="first">First word; begins a unit.</param>
    /// <param name="count">Words, a multiple of 16.</param>
    /// <param name="row">Words.</param>
    /// <param name="sum">Sum of the integers written.</param>
    /// <returns>Words written.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static int Decode(
        PaletteLayout layout,
        byte* codes,
        int* integers,
        int first,
        int count,
        int* row,
        out int sum
    )
    {
        int bits = layout.Spec.Bits,
            blocksPerUnit = bits == 3 ? 2 : 1,
            vectorsPerUnit = blocksPerUnit * layout.VectorsPerBlock,
            wordsPerUnit = vectorsPerUnit / PerWord * Lanes;
        // Whole blocks hold real inputs only.
        int unit = first / wordsPerUnit,
            units = Math.Min(count / wordsPerUnit, Math.Max(0, (layout.RowLength / Lanes / vectorsPerUnit) - unit));
        Vector256<short> narrow = Vector256.Narrow(Vector256.Load(integers), Vector256.Load(integers + 8));
        Vector128<byte> entries = Vector128.Narrow(narrow.GetLower(), narrow.GetUpper()).AsByte();
        Vector512<byte> table = Vector512.Create(
            Vector256.Create(entries, entries),
            Vector256.Create(entries, entries)
        );
        Vector512<byte>[] shifts = Shifts[bits];
        Vector512<int> sums = Vector512<int>.Zero;
        byte* block = codes + ((long)unit * blocksPerUnit * Lanes * sizeof(uint));
        for (int i = 0; i < units; i++, block += blocksPerUnit * Lanes * sizeof(uint))
        {
            Vector512<ulong> words = Vector512.Load((ulong*)block);
            if (bits == 3)
            {
                Vector512<ulong> next = Vector512.Load((ulong*)(block + (Lanes * sizeof(uint))));
                // The third word has the last two vectors of one block and the first two of the next.
                Vector512<byte> border = Vector512.ConditionalSelect(
                    SecondHalf,
                    Take(next, Shift(shifts[0])),
                    Take(words, shifts[8])
                );
                sums +=
                    Put(table, Take(words, shifts[0]), row)
                    + Put(table, Take(words, shifts[4]), row + Lanes)
                    + Put(table, border, row + (2 * Lanes))
                    + Put(table, Take(next, shifts[2]), row + (3 * Lanes))
                    + Put(table, Take(next, shifts[6]), row + (4 * Lanes));
                row += 5 * Lanes;
                continue;
            }
            for (int start = 0; start < vectorsPerUnit; start += PerWord, row += Lanes)
                sums += Put(table, Take(words, shifts[start]), row);
        }
        sum = Vector512.Sum(sums);
        return units * wordsPerUnit;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Take(Vector512<ulong> words, Vector512<byte> shifts) =>
        Avx512Vbmi.MultiShift(shifts, words);

    // Moves bytes 0 and 1 to bytes 2 and 3.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Shift(Vector512<byte> shifts) => (shifts.AsUInt32() << 16).AsByte();

    // Writes 16 words and returns the sums of their bytes.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Put(Vector512<byte> table, Vector512<byte> codes, int* row)
    {
        Vector512<sbyte> values = Avx512Vbmi.PermuteVar64x8(table, codes).AsSByte();
        values.AsInt32().Store(row);
        return Avx512BW.MultiplyAddAdjacent(
            Avx512BW.MultiplyAddAdjacent(Vector512<byte>.One, values),
            Vector512<short>.One
        );
    }

    private static Vector512<byte> Shift(int bits, int start)
    {
        byte[] offsets = new byte[Vector512<byte>.Count];
        for (int i = 0; i < offsets.Length; i++)
            offsets[i] = (byte)((i / PerWord % 2 * WordBits) + (bits * (start + (i % PerWord))));
        return Vector512.Create(offsets);
    }
}
