using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Qua2SeDiMo.Kernels.Codes;

/// <summary>Converts codes to palette entries. Palettes of up to 16 entries stay in registers and are looked up by a
/// permute.</summary>
internal static class PaletteDecoder
{
    /// <summary>Which kernel runs for palettes of up to 16 entries: avx2 or the plain loop.</summary>
    internal static string Variant => Avx2.IsSupported ? "avx2" : "plain";

    /// <summary>Writes palette[code] for each code.</summary>
    /// <param name="codes">Each below the palette's length.</param>
    /// <param name="palette">2^bits values.</param>
    /// <param name="destination">At least as long as <paramref name="codes"/>.</param>
    internal static void Decode(ReadOnlySpan<byte> codes, ReadOnlySpan<float> palette, Span<float> destination)
    {
        int done = Avx2.IsSupported && palette.Length <= 16 ? DecodePermuted(codes, palette, destination) : 0;
        DecodePlain(codes[done..], palette, destination[done..]);
    }

    /// <summary>The plain loop: reference for the permuted one, and used for its remainder and for longer
    /// palettes.</summary>
    internal static void DecodePlain(ReadOnlySpan<byte> codes, ReadOnlySpan<float> palette, Span<float> destination)
    {
        for (int i = 0; i < codes.Length; i++)
            destination[i] = palette[codes[i]];
    }

    // Eight codes at a time; a palette of 16 is two registers, chosen between by bit 3 of the code. Returns how many
    // were written.
    private static int DecodePermuted(ReadOnlySpan<byte> codes, ReadOnlySpan<float> palette, Span<float> destination)
    {
        const int lanes = 8;
        Span<float> table = stackalloc float[16];
        table.Clear();
        palette.CopyTo(table);
        Vector256<float> low = Vector256.Create<float>(table[..lanes]),
            high = Vector256.Create<float>(table[lanes..]);
        ref byte source = ref MemoryMarshal.GetReference(codes);
        ref float target = ref MemoryMarshal.GetReference(destination[..codes.Length]);
        int i = 0;
        for (; i + lanes <= codes.Length; i += lanes)
        {
            Vector256<int> index = Avx2.ConvertToVector256Int32(
                Vector128
                    .CreateScalarUnsafe(
                        System.Runtime.CompilerServices.Unsafe.ReadUnaligned<ulong>(
                            ref System.Runtime.CompilerServices.Unsafe.Add(ref source, i)
                        )
                    )
                    .AsByte()
            );
            Vector256<float> value = Avx2.PermuteVar8x32(low, index);
            if (palette.Length > lanes)
            {
                // The sign bit of the mask chooses: bit 3 of the code moved to bit 31.
                Vector256<float> upper = Avx2.PermuteVar8x32(high, index);
                value = Avx.BlendVariable(value, upper, Vector256.ShiftLeft(index, 28).AsSingle());
            }
            value.StoreUnsafe(ref target, (nuint)i);
        }
        return i;
    }
}
