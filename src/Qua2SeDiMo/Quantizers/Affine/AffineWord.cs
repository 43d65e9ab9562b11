using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Quantizers.Affine;

/// <summary>
/// Step and zero point of one channel in the 2·P bits that the size formula gives them. For P = 32 that is two singles
/// and nothing is rounded. For P = 16 it is one 32-bit word, which spends its bits where they count: a step of two
/// bytes and a half-precision zero point would waste ten bits on an integer that is nearly always small, and cost the
/// step five.
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

    /// <summary>The step and zero point nearest to a wanted range that can be stored.</summary>
    /// <param name="tableType">Float32, Float16 or BFloat16.</param>
    /// <param name="step">Wanted step, positive.</param>
    /// <param name="low">Lower end of the range: the zero point is round(−low/step).</param>
    /// <returns>
    /// The step that codes are found with, the step that is stored, and the zero point. The first two differ only by
    /// the rounding of a step whose zero point fits a byte (at most 2^-17): half-precision weights often lie exactly
    /// between two codes, and a step that is off by any little would send them the other way than the published
    /// arithmetic.
    /// </returns>
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

    /// <summary>The word of a step and zero point that <see cref="Round"/> gave, or of a constant that the type
    /// holds.</summary>
    internal static uint Encode(ElementType tableType, float step, float zeroPoint) =>
        zeroPoint is >= sbyte.MinValue and <= sbyte.MaxValue
            ? ((BitConverter.SingleToUInt32Bits(step) >> ByteBits) << ByteBits) | (byte)(sbyte)zeroPoint
            : Wide | ((uint)HalfBits(tableType, step) << 16) | HalfBits(tableType, zeroPoint);

    /// <summary>Reads a word back.</summary>
    internal static (float Step, float ZeroPoint) Decode(ElementType tableType, uint word) =>
        (word & Wide) == 0
            ? (BitConverter.UInt32BitsToSingle(word & ~0xFFu), (sbyte)(byte)word)
            : (FromHalfBits(tableType, (ushort)((word & ~Wide) >> 16)), FromHalfBits(tableType, (ushort)word));

    // To the nearest single whose low byte is zero, ties to even; never to zero.
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
