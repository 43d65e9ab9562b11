using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Kernels.Layout;

namespace Qua2SeDiMo.Kernels.Gemm;

/// <summary>Quantizes tokens to words of activation codes, in the order of
/// <see cref="RowDecoder.DecodeWords"/>.</summary>
internal static unsafe class TokenQuantizer
{
    private const int Lanes = PaletteLayout.Lanes,
        Half = Lanes / 2;

    /// <summary>Quantizes one token to the same codes as <see cref="TokenRange.Quantize"/>.</summary>
    /// <param name="token">K values.</param>
    /// <param name="length">K.</param>
    /// <param name="bits">2 to 8.</param>
    /// <param name="perWord">Codes of a word: 2 of 16 bits or 4 of 8.</param>
    /// <param name="perBlock">Vectors of 16 codes after which a new word begins; <see cref="int.MaxValue"/> for
    /// never.</param>
    /// <param name="words">Destination; codes beyond K are zeros.</param>
    /// <param name="vectors">Vectors of 16 words.</param>
    /// <param name="pitch">Words from one vector to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static TokenRange Quantize(
        float* token,
        int length,
        int bits,
        int perWord,
        int perBlock,
        int* words,
        int vectors,
        nint pitch
    )
    {
        var range = ActivationRange.Of(new ReadOnlySpan<float>(token, length), bits);
        int shift = 32 / perWord;
        // A constant token has code 1 and its value as scale: the divisor is 1 and every code is clamped to 1.
        Vector256<float> scale = Vector256.Create(range.IsExact ? 1f : range.Scale),
            zeroPoint = Vector256.Create(range.ZeroPoint);
        Vector256<float> maxCode = Vector256.Create(range.IsExact ? 1f : range.LastCode),
            minCode = Vector256.Create(range.IsExact ? 1f : 0f);
        float* tail = stackalloc float[Lanes];
        for (int i = 0, vector = 0, ofBlock = perBlock; i < vectors; i++, words += pitch)
        {
            Vector256<int> left = Vector256<int>.Zero,
                right = left;
            int together = Math.Min(perWord, ofBlock);
            ofBlock = ofBlock == together ? perBlock : ofBlock - together;
            for (int j = 0; j < together; j++, vector++)
            {
                int start = vector * Lanes,
                    rest = length - start;
                if (rest <= 0)
                    break;
                float* source = token + start;
                if (rest < Lanes)
                {
                    new Span<float>(source, rest).CopyTo(new Span<float>(tail, Lanes));
                    source = tail;
                }
                Vector256<int> low = Codes(Vector256.Load(source), scale, zeroPoint, minCode, maxCode),
                    high = Codes(Vector256.Load(source + Half), scale, zeroPoint, minCode, maxCode);
                if (rest < Lanes)
                {
                    low = Vector256.LessThan(Vector256<int>.Indices, Vector256.Create(rest)) & low;
                    high = Vector256.LessThan(Vector256<int>.Indices, Vector256.Create(rest - Half)) & high;
                }
                left |= low << (j * shift);
                right |= high << (j * shift);
            }
            left.Store(words);
            right.Store(words + Half);
        }
        if (!range.IsExact)
            return new TokenRange(range.Scale, range.ZeroPoint);
        return TokenRange.Constant(new ReadOnlySpan<float>(token, length));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Codes(
        Vector256<float> values,
        Vector256<float> scale,
        Vector256<float> zeroPoint,
        Vector256<float> minCode,
        Vector256<float> maxCode
    ) =>
        Vector256.ConvertToInt32Native(
            Vector256.MinNative(Vector256.MaxNative(Vector256.Round(values / scale) + zeroPoint, minCode), maxCode)
        );
}
