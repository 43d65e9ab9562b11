using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Quantizers.Affine;

/// <summary>
/// Stores step and zero point of one channel in the 2·P bits that the size formula counts for them. For P = 32 these
/// are two singles and nothing is rounded. For P = 16 it is one 32-bit word. Splitting it into two halves would spend
/// 16 bits on a zero point that nearly always fits 8; giving the other bits to the step raises its mantissa from the
/// 10 bits of Float16 to 15.
/// <list type="bullet">
/// <item>Bit 31 clear: bits 30–8 are the upper 23 bits of the step as a single (8 exponent, 15 mantissa bits; it is
/// positive), bits 7–0 the zero point as a signed byte.</item>
/// <item>Bit 31 set, for zero points outside a byte: bits 30–16 are the step in the 16-bit type without its sign, bits
/// 15–0 the zero point in that type.</item>
/// </list>
/// </summary>
internal static class AffineWord
{
    private const uint Wide = 0x80000000u;
    private const int ByteBits = 8;

    /// <summary>The storable step and zero point that are nearest to the wanted ones.</summary>
    /// <param name="tableType">Float32, Float16 or BFloat16.</param>
    /// <param name="step">Wanted step, positive.</param>
    /// <param name="low">Lower end of the range: the zero point is round(−low/step).</param>
    /// <returns>The step by which codes are computed, the step that is stored, and the zero point. The two steps
    /// differ only if the zero point fits a byte, by the rounding of the stored step (relative difference at most
    /// 2^-17). Codes use the unrounded step because half-precision weights often lie exactly between two codes, where
    /// even a one-ulp change of the step would round them differently from the published arithmetic.</returns>
    internal static (float CodeStep, float Step, float ZeroPoint) Round(ElementType tableType, float step, float low)
    {
        float exact = Math.Max(step, float.Epsilon),
            zeroPoint = MathF.Round(-low / exact);
        if (tableType == ElementType.Float32)
            return (exact, exact, zeroPoint);
        if (zeroPoint is >= sbyte.MinValue and <= sbyte.MaxValue)
            return (exact, RoundStep(exact), zeroPoint);
        float half = Math.Max(TablePrecision.Round(tableType, exact), TablePrecision.Epsilon(tableType));
        return (half, half, TablePrecision.Round(tableType, MathF.Round(-low / half)));
    }

    /// <summary>The word for a step and zero point from <see cref="Round"/>, or for a constant that the type holds
    /// exactly.</summary>
    internal static uint Encode(ElementType tableType, float step, float zeroPoint) =>
        zeroPoint is >= sbyte.MinValue and <= sbyte.MaxValue
            ? ((BitConverter.SingleToUInt32Bits(step) >> ByteBits) << ByteBits) | (byte)(sbyte)zeroPoint
            : Wide | ((uint)HalfBits(tableType, step) << 16) | HalfBits(tableType, zeroPoint);

    /// <summary>Reads a word back.</summary>
    internal static (float Step, float ZeroPoint) Decode(ElementType tableType, uint word) =>
        (word & Wide) == 0
            ? (BitConverter.UInt32BitsToSingle(word & ~0xFFu), (sbyte)(byte)word)
            : (FromHalfBits(tableType, (ushort)((word & ~Wide) >> 16)), FromHalfBits(tableType, (ushort)word));

    // Rounds to the nearest single whose low byte is zero, ties to even, but never to zero.
    private static float RoundStep(float step)
    {
        uint bits = BitConverter.SingleToUInt32Bits(step);
        uint rounded = (bits + 0x7Fu + ((bits >> ByteBits) & 1u)) & ~0xFFu;
        return BitConverter.UInt32BitsToSingle(Math.Max(rounded, 0x100u));
    }

    private static ushort HalfBits(ElementType type, float value) =>
        type == ElementType.BFloat16 ? BFloat16.ToBits(value) : BitConverter.HalfToUInt16Bits((Half)value);

    private static float FromHalfBits(ElementType type, ushort bits) =>
        type == ElementType.BFloat16 ? BFloat16.ToSingle(bits) : (float)BitConverter.UInt16BitsToHalf(bits);
}
