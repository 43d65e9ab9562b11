using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Qua2SeDiMo.Metrics;

/// <summary>Operations on row-major [samples, width] feature sets.</summary>
internal static class FeatureRows
{
    /// <summary>Number of rows.</summary>
    /// <exception cref="ArgumentException">The length is not a multiple of the width.</exception>
    public static int Count(ReadOnlySpan<float> features, int width)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        if (features.Length % width != 0)
        {
            throw new ArgumentException(
                $"{features.Length} values are not whole rows of {width} features.",
                nameof(features)
            );
        }
        return features.Length / width;
    }

    /// <summary>
    /// x·y in double precision. A product of singles is exact in double precision and the order of sums is fixed, so
    /// the result is the same on every machine.
    /// </summary>
    public static double Dot(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        ref float left = ref MemoryMarshal.GetReference(x),
            right = ref MemoryMarshal.GetReference(y);
        Vector256<double> sum0 = default,
            sum1 = default;
        int i = 0;
        for (; i + 8 <= x.Length; i += 8)
        {
            (Vector256<double> leftLow, Vector256<double> leftHigh) = Vector256.Widen(
                Vector256.LoadUnsafe(ref left, (nuint)i)
            );
            (Vector256<double> rightLow, Vector256<double> rightHigh) = Vector256.Widen(
                Vector256.LoadUnsafe(ref right, (nuint)i)
            );
            sum0 += leftLow * rightLow;
            sum1 += leftHigh * rightHigh;
        }
        return Vector256.Sum(sum0 + sum1) + PlainDot(x[i..], y[i..]);
    }

    /// <summary>Plain reference for <see cref="Dot"/>, with another order of summation.</summary>
    internal static double PlainDot(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        double sum = 0;
        for (int i = 0; i < x.Length; i++)
            sum += (double)x[i] * y[i];
        return sum;
    }

    /// <summary>|x − y|² in double precision.</summary>
    public static double SquaredDistance(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        double sum = 0;
        for (int i = 0; i < x.Length; i++)
        {
            double difference = (double)x[i] - y[i];
            sum += difference * difference;
        }
        return sum;
    }
}
