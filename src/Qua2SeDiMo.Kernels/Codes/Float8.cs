namespace Qua2SeDiMo.Kernels.Codes;

/// <summary>Eight-bit floating point, widened exactly. Source: FP8 Formats for Deep Learning (Micikevicius et al.,
/// 2022).</summary>
internal static class Float8
{
    private static readonly float[] E4M3Values = [.. Enumerable.Range(0, 256).Select(FromE4M3)];

    // An E5M2 number is the upper byte of a half.
    private static readonly float[] E5M2Values =
    [
        .. Enumerable.Range(0, 256).Select(code => (float)BitConverter.UInt16BitsToHalf((ushort)(code << 8))),
    ];

    /// <summary>
    /// Values of the variant without infinities (E4M3FN): 4 exponent bits with bias 7, 3 mantissa bits; 0x7F and 0xFF
    /// are NaN.
    /// </summary>
    internal static void WidenE4M3(ReadOnlySpan<byte> codes, Span<float> destination) =>
        Widen(E4M3Values, codes, destination);

    /// <summary>Values of 5 exponent bits with bias 15 and 2 mantissa bits, with infinities and NaN as in IEEE
    /// 754.</summary>
    internal static void WidenE5M2(ReadOnlySpan<byte> codes, Span<float> destination) =>
        Widen(E5M2Values, codes, destination);

    private static void Widen(float[] values, ReadOnlySpan<byte> codes, Span<float> destination)
    {
        for (int i = 0; i < codes.Length; i++)
            destination[i] = values[codes[i]];
    }

    private static float FromE4M3(int code)
    {
        int exponent = (code >> 3) & 0xF,
            mantissa = code & 7;
        float magnitude = (exponent, mantissa) switch
        {
            (0xF, 7) => float.NaN,
            (0, _) => MathF.ScaleB(mantissa, -9),
            _ => MathF.ScaleB(8 + mantissa, exponent - 10),
        };
        return (code & 0x80) == 0 ? magnitude : -magnitude;
    }
}
