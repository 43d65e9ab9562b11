using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Qua2SeDiMo.Quantizers.Palettes;

/// <summary>Encodes values as the index of the nearest palette entry and sums the errors.</summary>
internal static class PaletteEncoder
{
    private const int Lanes = 8;

    // Vectors per partial sum in single precision; partial sums are added in double precision, so that long rows lose
    // no accuracy.
    private const int VectorsPerSum = 64;

    /// <summary>Writes for each weight the index of its nearest palette entry; the lower index if two are equally
    /// near.</summary>
    /// <param name="weights">Finite.</param>
    /// <param name="palette">Ascending, 2 to 256 entries; entries may repeat.</param>
    /// <param name="codes">Destination, as long as <paramref name="weights"/>.</param>
    /// <returns>Sum of |w − ŵ|^2.4.</returns>
    internal static double Encode(ReadOnlySpan<float> weights, ReadOnlySpan<float> palette, Span<byte> codes)
    {
        Span<float> limits = stackalloc float[palette.Length - 1];
        FindLimits(palette, limits);
        if (limits.Length > 15 || weights.Length < Lanes)
            return EncodePlain(weights, palette, limits, codes);
        int done = weights.Length / Lanes * Lanes;
        return EncodeVectors(weights[..done], palette, limits, codes)
            + EncodePlain(weights[done..], palette, limits, codes[done..]);
    }

    /// <summary>Plain reference for <see cref="Encode"/>, by binary search in the limits.</summary>
    internal static double EncodePlain(
        ReadOnlySpan<float> weights,
        ReadOnlySpan<float> palette,
        ReadOnlySpan<float> limits,
        Span<byte> codes
    )
    {
        double error = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            int low = 0,
                high = limits.Length;
            while (low < high)
            {
                int middle = (low + high) / 2;
                if (weights[i] > limits[middle])
                    low = middle + 1;
                else
                    high = middle;
            }
            codes[i] = (byte)low;
            error += ErrorPower.Plain(weights[i] - palette[low]);
        }
        return error;
    }

    /// <summary>Writes the limits between neighbouring entries. A limit is the largest single not above the entries'
    /// mean, so that the comparison w &gt; limit is exact.</summary>
    internal static void FindLimits(ReadOnlySpan<float> palette, Span<float> limits)
    {
        for (int i = 0; i < limits.Length; i++)
        {
            double middle = ((double)palette[i] + palette[i + 1]) / 2;
            float limit = (float)middle;
            limits[i] = limit > middle ? float.BitDecrement(limit) : limit;
        }
    }

    private static double EncodeVectors(
        ReadOnlySpan<float> weights,
        ReadOnlySpan<float> palette,
        ReadOnlySpan<float> limits,
        Span<byte> codes
    )
    {
        ref float source = ref MemoryMarshal.GetReference(weights);
        ref byte target = ref MemoryMarshal.GetReference(codes[..weights.Length]);
        double error = 0;
        Vector256<float> partial = Vector256<float>.Zero;
        int vectors = 0;
        for (int i = 0; i < weights.Length; i += Lanes)
        {
            Vector256<float> weight = Vector256.LoadUnsafe(ref source, (nuint)i);
            Vector256<float> value = Vector256.Create(palette[0]);
            Vector256<int> code = Vector256<int>.Zero;
            for (int j = 0; j < limits.Length; j++)
            {
                Vector256<float> above = Vector256.GreaterThan(weight, Vector256.Create(limits[j]));
                value = Vector256.ConditionalSelect(above, Vector256.Create(palette[j + 1]), value);
                code -= above.AsInt32();
            }
            StoreCodes(code, ref Unsafe.Add(ref target, i));
            partial += ErrorPower.Of(weight - value);
            if (++vectors % VectorsPerSum != 0)
                continue;
            error += Sum(partial);
            partial = Vector256<float>.Zero;
        }
        return error + Sum(partial);
    }

    /// <summary>Stores the low bytes of eight integers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void StoreCodes(Vector256<int> code, ref byte target)
    {
        Vector128<short> words = Vector128.Narrow(code.GetLower(), code.GetUpper());
        Unsafe.WriteUnaligned(ref target, Vector128.Narrow(words, words).AsUInt64().ToScalar());
    }

    /// <summary>The sum of eight partial sums, in double precision and fixed order.</summary>
    internal static double Sum(Vector256<float> partial)
    {
        double sum = 0;
        for (int lane = 0; lane < Lanes; lane++)
            sum += partial.GetElement(lane);
        return sum;
    }
}
