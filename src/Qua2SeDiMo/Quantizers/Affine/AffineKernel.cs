using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Qua2SeDiMo.Quantizers.Palettes;

namespace Qua2SeDiMo.Quantizers.Affine;

/// <summary>The inner loops of UAQ in single precision: code = clamp(round(w/Δ) + z, 0, last), ŵ = (code − z)·Δ,
/// rounding half to even.</summary>
internal static class AffineKernel
{
    private const int Lanes = 8;
    private const int VectorsPerSum = 64;

    /// <summary>Sum of |w − ŵ|^2.4 over a row.</summary>
    /// <param name="row">Weights.</param>
    /// <param name="codeStep">Δ by which codes are computed.</param>
    /// <param name="step">Δ by which codes are reconstructed.</param>
    /// <param name="zeroPoint">z.</param>
    /// <param name="last">2^bits − 1.</param>
    internal static double Error(ReadOnlySpan<float> row, float codeStep, float step, float zeroPoint, float last)
    {
        Vector256<float> codeSteps = Vector256.Create(codeStep),
            steps = Vector256.Create(step),
            zeroPoints = Vector256.Create(zeroPoint),
            lasts = Vector256.Create(last);
        Vector256<float> partial = Vector256<float>.Zero;
        ref float source = ref MemoryMarshal.GetReference(row);
        double error = 0;
        int i = 0,
            vectors = 0;
        for (; i + Lanes <= row.Length; i += Lanes)
        {
            Vector256<float> weight = Vector256.LoadUnsafe(ref source, (nuint)i);
            Vector256<float> code = Codes(weight, codeSteps, zeroPoints, lasts);
            partial += ErrorPower.Of(weight - ((code - zeroPoints) * steps));
            if (++vectors % VectorsPerSum != 0)
                continue;
            error += PaletteEncoder.Sum(partial);
            partial = Vector256<float>.Zero;
        }
        return error + PaletteEncoder.Sum(partial) + ErrorPlain(row[i..], codeStep, step, zeroPoint, last);
    }

    /// <summary>Plain reference for <see cref="Error"/>, whose result agrees to a relative difference of
    /// 1e-6.</summary>
    internal static double ErrorPlain(ReadOnlySpan<float> row, float codeStep, float step, float zeroPoint, float last)
    {
        double error = 0;
        foreach (float weight in row)
        {
            float value = (Code(weight, codeStep, zeroPoint, last) - zeroPoint) * step;
            error += ErrorPower.Plain(weight - value);
        }
        return error;
    }

    /// <summary>Writes the codes of a row.</summary>
    internal static void Encode(ReadOnlySpan<float> row, float step, float zeroPoint, float last, Span<byte> codes)
    {
        Vector256<float> steps = Vector256.Create(step),
            zeroPoints = Vector256.Create(zeroPoint),
            lasts = Vector256.Create(last);
        ref float source = ref MemoryMarshal.GetReference(row);
        ref byte target = ref MemoryMarshal.GetReference(codes[..row.Length]);
        int i = 0;
        for (; i + Lanes <= row.Length; i += Lanes)
        {
            Vector256<float> code = Codes(Vector256.LoadUnsafe(ref source, (nuint)i), steps, zeroPoints, lasts);
            PaletteEncoder.StoreCodes(Vector256.ConvertToInt32Native(code), ref Unsafe.Add(ref target, i));
        }
        EncodePlain(row[i..], step, zeroPoint, last, codes[i..]);
    }

    /// <summary>Plain reference for <see cref="Encode"/>, which gives the same codes.</summary>
    internal static void EncodePlain(ReadOnlySpan<float> row, float step, float zeroPoint, float last, Span<byte> codes)
    {
        for (int i = 0; i < row.Length; i++)
            codes[i] = (byte)Code(row[i], step, zeroPoint, last);
    }

    private static float Code(float weight, float step, float zeroPoint, float last) =>
        MathF.Min(MathF.Max(MathF.Round(weight / step) + zeroPoint, 0f), last);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Codes(
        Vector256<float> weight,
        Vector256<float> step,
        Vector256<float> zeroPoint,
        Vector256<float> last
    ) =>
        Vector256.MinNative(
            Vector256.MaxNative(Vector256.Round(weight / step) + zeroPoint, Vector256<float>.Zero),
            last
        );
}
