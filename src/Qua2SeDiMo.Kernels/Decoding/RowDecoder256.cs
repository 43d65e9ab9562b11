using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Qua2SeDiMo.Kernels.Layout;

namespace Qua2SeDiMo.Kernels.Decoding;

/// <summary>Converts codes to palette entries, 8 at a time. A palette of 16 entries takes two registers; bit 3 of the
/// code selects one of them.</summary>
internal static unsafe class RowDecoder256
{
    private const int Half = PaletteLayout.Lanes / 2;

    /// <inheritdoc cref="RowDecoder512.Decode"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Decode(PaletteLayout layout, byte* codes, float* palette, int first, int count, float* row)
    {
        Vector256<float> low = Vector256.Load(palette),
            high = Vector256.Load(palette + Half);
        int perBlock = layout.VectorsPerBlock,
            bits = layout.Spec.Bits;
        Vector128<int> shift = Vector128.CreateScalar(bits);
        int block = first / perBlock;
        for (int done = 0; done < count; done += perBlock, block++)
        {
            Vector256<int> left,
                right;
            if (block < layout.BlockCount)
            {
                left = Vector256.Load((int*)(codes + (block * 64L)));
                right = Vector256.Load((int*)(codes + (block * 64L)) + Half);
            }
            else
            {
                left = RestWords(layout, codes, 0);
                right = RestWords(layout, codes, 1);
            }
            for (int j = Math.Min(perBlock, count - done); j > 0; j--, row += PaletteLayout.Lanes)
            {
                Look(low, high, left).Store(row);
                Look(low, high, right).Store(row + Half);
                left = Avx2.ShiftRightLogical(left, shift);
                right = Avx2.ShiftRightLogical(right, shift);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Look(Vector256<float> low, Vector256<float> high, Vector256<int> words) =>
        Avx.BlendVariable(
            Avx2.PermuteVar8x32(low, words),
            Avx2.PermuteVar8x32(high, words),
            Avx2.ShiftLeftLogical(words, 28).AsSingle()
        );

    private static Vector256<int> RestWords(PaletteLayout layout, byte* codes, int half)
    {
        byte* rest = codes + (layout.BlockCount * 64L) + (half * layout.RestWordBytes * Half);
        return layout.RestWordBytes switch
        {
            1 => Avx2.ConvertToVector256Int32(Vector128.CreateScalarUnsafe(*(ulong*)rest).AsByte()),
            2 => Avx2.ConvertToVector256Int32(Vector128.Load((ushort*)rest)),
            _ => Vector256.Load((int*)rest),
        };
    }
}
