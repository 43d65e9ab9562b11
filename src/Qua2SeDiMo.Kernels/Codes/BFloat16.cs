using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Qua2SeDiMo.Kernels.Codes;

/// <summary>Brain floating point: the upper 16 bits of a single.</summary>
internal static class BFloat16
{
    private const int DroppedBits = 16;

    /// <summary>The smallest positive value.</summary>
    internal static float Epsilon => ToSingle(1);

    /// <summary>The value of 16 bits; exact.</summary>
    internal static float ToSingle(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << DroppedBits);

    /// <summary>The values of 16 bits in the lower halves of words; exact.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<float> ToSingle(Vector256<uint> bits) => (bits << DroppedBits).AsSingle();

    /// <summary>The bits of a value that the type holds exactly; any other value is rounded towards zero.</summary>
    internal static ushort ToBits(float value) => (ushort)(BitConverter.SingleToUInt32Bits(value) >> DroppedBits);

    /// <summary>The nearest value that the type holds, ties to even; infinity beyond its range. NaN stays as it
    /// is.</summary>
    internal static float Round(float value)
    {
        if (!float.IsFinite(value))
            return value;
        uint bits = BitConverter.SingleToUInt32Bits(value),
            half = 0x7FFFu + ((bits >> DroppedBits) & 1u);
        return ToSingle((ushort)((bits + half) >> DroppedBits));
    }

    /// <summary>Widens an array of the type.</summary>
    /// <param name="source">Bits of each value.</param>
    /// <param name="destination">As long as the source.</param>
    internal static void Widen(ReadOnlySpan<ushort> source, Span<float> destination)
    {
        for (int i = 0; i < source.Length; i++)
            destination[i] = ToSingle(source[i]);
    }
}
