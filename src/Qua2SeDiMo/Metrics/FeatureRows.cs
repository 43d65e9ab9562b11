namespace Qua2SeDiMo.Metrics;

/// <summary>Row-major [samples, width] feature sets.</summary>
internal static class FeatureRows
{
    /// <summary>Number of rows.</summary>
    /// <exception cref="ArgumentException">The length is not a multiple of the width.</exception>
    public static int Count(ReadOnlySpan<float> features, int width)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        if (features.Length % width != 0)
        {
            throw new ArgumentException($"{features.Length} values are not whole rows of {width} features.", nameof(features));
        }
        return features.Length / width;
    }

    /// <summary>x·y in double precision. Four running sums hide the latency of the adder; the result is the same on every machine.</summary>
    public static double Dot(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        double sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0;
        int i = 0;
        for (; i + 4 <= x.Length; i += 4)
        {
            sum0 += (double)x[i] * y[i];
            sum1 += (double)x[i + 1] * y[i + 1];
            sum2 += (double)x[i + 2] * y[i + 2];
            sum3 += (double)x[i + 3] * y[i + 3];
        }
        for (; i < x.Length; i++) sum0 += (double)x[i] * y[i];
        return sum0 + sum1 + (sum2 + sum3);
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
