using System.Numerics.Tensors;
using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Kernels.Gemm;

/// <summary>Scale and zero point of one quantized token: value = (code − zero point)·scale.</summary>
/// <param name="Scale">Δ; NaN when the token holds a NaN or an infinity, so that the product is NaN too.</param>
/// <param name="ZeroPoint">z, integer-valued.</param>
internal readonly record struct TokenRange(float Scale, float ZeroPoint)
{
    /// <summary>Writes the codes of a token, as <see cref="ActivationQuantizer"/> chooses them. A constant token of
    /// value c has code 1 everywhere and scale c, which is exact.</summary>
    /// <param name="token">Values.</param>
    /// <param name="bits">2 to 8.</param>
    /// <param name="codes">As many elements.</param>
    internal static TokenRange Quantize(ReadOnlySpan<float> token, int bits, Span<byte> codes)
    {
        ActivationRange range = ActivationRange.Of(token, bits);
        if (range.IsExact)
        {
            codes.Fill(1);
            return Constant(token);
        }
        for (int i = 0; i < token.Length; i++)
            codes[i] = (byte)range.Code(token[i]);
        return new TokenRange(range.Scale, range.ZeroPoint);
    }

    /// <summary>The range of a token that <see cref="ActivationRange"/> keeps as it is.</summary>
    internal static TokenRange Constant(ReadOnlySpan<float> token)
    {
        float low = TensorPrimitives.Min(token),
            high = TensorPrimitives.Max(token);
        return new TokenRange(float.IsFinite(high - low) ? low : float.NaN, 0f);
    }

    /// <summary>The value of an integer sum.</summary>
    /// <param name="sum">Σ code·integer weight.</param>
    /// <param name="rowSum">Σ integer weight, for the zero point.</param>
    /// <param name="weightScale">Weight units of one integer.</param>
    /// <param name="bias">Added last.</param>
    internal float Value(int sum, int rowSum, float weightScale, float bias) =>
        MathF.FusedMultiplyAdd(MathF.FusedMultiplyAdd(-ZeroPoint, rowSum, sum), Scale * weightScale, bias);
}
