using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Qua2SeDiMo.Kernels.Layout;

namespace Qua2SeDiMo.Kernels.Decoding;

/// <summary>Converts codes to palette entries, 16 at a time. A palette of up to 16 entries is one register, looked up
/// by a permute that reads the low four bits of each word.</summary>
internal static unsafe class RowDecoder512
{
    /// <summary>Writes the entries of vectors [first, first + count) of a channel; first must be the first vector of a
    /// block.</summary>
    /// <param name="layout">At most 4 bits.</param>
    /// <param name="codes">The channel's codes.</param>
    /// <param name="palette">16 entries, shorter palettes repeated, so that the bits above a code do not
    /// matter.</param>
    /// <param name="first">First vector.</param>
    /// <param name="count">Vectors.</param>
    /// <param name="row">16 entries per vector.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Decode(PaletteLayout layout, byte* codes, float* palette, int first, int count, float* row)
    {
        Vector512<float> table = Vector512.Load(palette);
        int perBlock = layout.VectorsPerBlock,
            bits = layout.Spec.Bits,
            block = first / perBlock,
            last = Math.Min(layout.BlockCount, (first + count) / perBlock);
        float* end = row + ((long)count * PaletteLayout.Lanes);
        for (; block < last; block++, row += perBlock * PaletteLayout.Lanes)
        {
            Vector512<int> words = Vector512.Load((int*)(codes + (block * 64L)));
            switch (bits)
            {
                case 4:
                    Block4(words, table, row);
                    break;
                case 3:
                    Block3(words, table, row);
                    break;
                default:
                    for (int j = 0; j < perBlock; j++, words = Avx512F.ShiftRightLogical(words, 2))
                        Avx512F.PermuteVar16x32(table, words).Store(row + (j * PaletteLayout.Lanes));
                    break;
            }
        }
        if (row == end)
            return;
        Vector512<int> rest = RestWords(layout, codes);
        Vector128<int> shift = Vector128.CreateScalar(bits);
        for (; row < end; row += PaletteLayout.Lanes, rest = Avx512F.ShiftRightLogical(rest, shift))
            Avx512F.PermuteVar16x32(table, rest).Store(row);
    }

    /// <summary>The words after the last full block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<int> RestWords(PaletteLayout layout, byte* codes)
    {
        byte* rest = codes + (layout.BlockCount * 64L);
        return layout.RestWordBytes switch
        {
            1 => Avx512F.ConvertToVector512Int32(Vector128.Load(rest)),
            2 => Avx512F.ConvertToVector512Int32(Vector256.Load((ushort*)rest)),
            _ => Vector512.Load((int*)rest),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Block4(Vector512<int> words, Vector512<float> table, float* row)
    {
        Avx512F.PermuteVar16x32(table, words).Store(row);
        Avx512F.PermuteVar16x32(table, Avx512F.ShiftRightLogical(words, 4)).Store(row + 16);
        Avx512F.PermuteVar16x32(table, Avx512F.ShiftRightLogical(words, 8)).Store(row + 32);
        Avx512F.PermuteVar16x32(table, Avx512F.ShiftRightLogical(words, 12)).Store(row + 48);
        Avx512F.PermuteVar16x32(table, Avx512F.ShiftRightLogical(words, 16)).Store(row + 64);
        Avx512F.PermuteVar16x32(table, Avx512F.ShiftRightLogical(words, 20)).Store(row + 80);
        Avx512F.PermuteVar16x32(table, Avx512F.ShiftRightLogical(words, 24)).Store(row + 96);
        Avx512F.PermuteVar16x32(table, Avx512F.ShiftRightLogical(words, 28)).Store(row + 112);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Block3(Vector512<int> words, Vector512<float> table, float* row)
    {
        Avx512F.PermuteVar16x32(table, words).Store(row);
        Avx512F.PermuteVar16x32(table, Avx512F.ShiftRightLogical(words, 3)).Store(row + 16);
        Avx512F.PermuteVar16x32(table, Avx512F.ShiftRightLogical(words, 6)).Store(row + 32);
        Avx512F.PermuteVar16x32(table, Avx512F.ShiftRightLogical(words, 9)).Store(row + 48);
        Avx512F.PermuteVar16x32(table, Avx512F.ShiftRightLogical(words, 12)).Store(row + 64);
        Avx512F.PermuteVar16x32(table, Avx512F.ShiftRightLogical(words, 15)).Store(row + 80);
        Avx512F.PermuteVar16x32(table, Avx512F.ShiftRightLogical(words, 18)).Store(row + 96);
        Avx512F.PermuteVar16x32(table, Avx512F.ShiftRightLogical(words, 21)).Store(row + 112);
        Avx512F.PermuteVar16x32(table, Avx512F.ShiftRightLogical(words, 24)).Store(row + 128);
        Avx512F.PermuteVar16x32(table, Avx512F.ShiftRightLogical(words, 27)).Store(row + 144);
    }
}
