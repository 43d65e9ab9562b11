using Qua2SeDiMo.Models;

namespace Qua2SeDiMo.Verification;

/// <summary>Compares computed values with stored ones.</summary>
internal static class Comparison
{
    /// <summary>Compares element by element; equal infinities, and NaN with NaN, count as equal.</summary>
    public static VerificationResult Of(
        string caseName,
        string output,
        ReadOnlySpan<float> expected,
        ReadOnlySpan<float> actual,
        double tolerance
    )
    {
        if (expected.Length != actual.Length)
            return Failed(caseName, output, $"{actual.Length} values instead of {expected.Length}");
        double worst = 0,
            largest = 0;
        for (int i = 0; i < expected.Length; i++)
            Add(expected[i], actual[i], ref worst, ref largest);
        return Judge(caseName, output, worst, largest, tolerance);
    }

    /// <summary>Compares double-precision values.</summary>
    public static VerificationResult Of(
        string caseName,
        string output,
        ReadOnlySpan<double> expected,
        ReadOnlySpan<double> actual,
        double tolerance
    )
    {
        if (expected.Length != actual.Length)
            return Failed(caseName, output, $"{actual.Length} values instead of {expected.Length}");
        double worst = 0,
            largest = 0;
        for (int i = 0; i < expected.Length; i++)
            Add(expected[i], actual[i], ref worst, ref largest);
        return Judge(caseName, output, worst, largest, tolerance);
    }

    /// <summary>Compares by the Frobenius norm of the difference; the result's differences are then norms.</summary>
    public static VerificationResult OfNorm(
        string caseName,
        string output,
        ReadOnlySpan<float> expected,
        ReadOnlySpan<float> actual,
        double tolerance
    )
    {
        if (expected.Length != actual.Length)
            return Failed(caseName, output, $"{actual.Length} values instead of {expected.Length}");
        double difference = 0,
            size = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            double off = (double)actual[i] - expected[i];
            difference += off * off;
            size += (double)expected[i] * expected[i];
        }
        difference = double.IsNaN(difference) ? double.PositiveInfinity : Math.Sqrt(difference);
        return Judge(caseName, output, difference, Math.Sqrt(size), tolerance);
    }

    /// <summary>A failed result for an output that could not be compared.</summary>
    public static VerificationResult Failed(string caseName, string output, string detail) =>
        new(caseName, output, double.PositiveInfinity, double.PositiveInfinity, 0, false, detail);

    /// <summary>Runs a case. Errors that a user can repair and errors of malformed cases become a failed result, so
    /// that other cases still run.</summary>
    public static IReadOnlyList<VerificationResult> Guard(string caseName, Func<IEnumerable<VerificationResult>> run)
    {
        try
        {
            return [.. run()];
        }
        catch (Exception error)
            when (error
                    is Q2Exception
                        or IOException
                        or System.Text.Json.JsonException
                        or InvalidOperationException
                        or KeyNotFoundException
                        or FormatException
                        or ArgumentException
                        or NotSupportedException
            )
        {
            return [Failed(caseName, "run", error.Message)];
        }
    }

    /// <summary>Reads <paramref name="count"/> values of a stored tensor from element <paramref name="start"/>
    /// on.</summary>
    public static float[] Slice(ITensorSource tensors, string name, long start, int count)
    {
        float[] values = new float[count];
        tensors.ReadSingle(name, start, values);
        return values;
    }

    private static void Add(double expected, double actual, ref double worst, ref double largest)
    {
        if (double.IsFinite(expected))
            largest = Math.Max(largest, Math.Abs(expected));
        if (expected.Equals(actual))
            return;
        double difference = Math.Abs(actual - expected);
        worst = Math.Max(worst, double.IsNaN(difference) ? double.PositiveInfinity : difference);
    }

    private static VerificationResult Judge(
        string caseName,
        string output,
        double worst,
        double largest,
        double tolerance
    ) => new(caseName, output, worst, worst == 0 ? 0 : worst / largest, tolerance, worst <= tolerance, null);
}
