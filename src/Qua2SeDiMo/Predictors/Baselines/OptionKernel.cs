using Qua2SeDiMo.Predictors.Data;

namespace Qua2SeDiMo.Predictors.Baselines;

/// <summary>
/// Similarity of two allocations: the number of weights with the same option, plus, inside each unit, the number of
/// pairs of weights that both agree. This is the inner product of one-hot vectors with pairwise terms inside units.
/// Trends are further columns, summed over weights, whose coefficients are almost unpenalised.
/// </summary>
internal sealed class OptionKernel(
    int weightCount,
    int optionCount,
    IReadOnlyList<IReadOnlyList<int>> units,
    IReadOnlyList<double[]> trends
)
{
    // Prior variance of a trend's coefficient, relative to that of one option.
    private const double TrendVariance = 1000;

    public bool HasPairs => units.Any(unit => unit.Count > 1);

    /// <summary>An allocation prepared for the kernel: its options as bytes, and its sum of every trend.</summary>
    internal readonly record struct Point(byte[] Options, double[] Trends);

    public Point At(IReadOnlyList<int> allocation)
    {
        byte[] options = new byte[weightCount];
        for (int w = 0; w < weightCount; w++)
            options[w] = (byte)allocation[w];
        double[] sums = new double[trends.Count];
        for (int t = 0; t < sums.Length; t++)
        {
            for (int w = 0; w < weightCount; w++)
                sums[t] += trends[t][(w * optionCount) + options[w]];
        }
        return new Point(options, sums);
    }

    public double Value(Point a, Point b, double pairShare)
    {
        int matches = 0;
        for (int w = 0; w < a.Options.Length; w++)
            matches += a.Options[w] == b.Options[w] ? 1 : 0;
        double sum = matches;
        for (int t = 0; t < a.Trends.Length; t++)
            sum += TrendVariance * a.Trends[t] * b.Trends[t];
        if (pairShare == 0)
            return sum;
        long pairs = 0;
        foreach (IReadOnlyList<int> unit in units)
        {
            int alike = 0;
            foreach (int w in unit)
                alike += a.Options[w] == b.Options[w] ? 1 : 0;
            pairs += alike * (alike - 1) / 2;
        }
        return sum + (pairShare * pairs);
    }

    /// <summary>Change of Σ contrast · coefficient per unit of the point's dual coefficient. The contrast must sum to
    /// zero over the options of each weight.</summary>
    public double Contrast(Point point, IReadOnlyList<double> contrast, int options)
    {
        double sum = 0;
        for (int w = 0; w < weightCount; w++)
            sum += contrast[(w * options) + point.Options[w]];
        for (int t = 0; t < trends.Count; t++)
        {
            double slope = 0;
            for (int i = 0; i < contrast.Count; i++)
                slope += contrast[i] * trends[t][i];
            sum += TrendVariance * point.Trends[t] * slope;
        }
        return sum;
    }

    /// <summary>Kernel values of all pairs of points, [n, n].</summary>
    public double[] Matrix(IReadOnlyList<Point> points, double pairShare)
    {
        int n = points.Count;
        double[] matrix = new double[n * n];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j <= i; j++)
                matrix[(i * n) + j] = matrix[(j * n) + i] = Value(points[i], points[j], pairShare);
        }
        return matrix;
    }

    /// <summary>Coefficients of a dual solution, trends included, [weight · options + option]; the mean over the
    /// options of each weight is zero.</summary>
    public double[] Coefficients(IReadOnlyList<Point> points, ReadOnlySpan<double> dual)
    {
        double[] result = new double[weightCount * optionCount];
        for (int i = 0; i < dual.Length; i++)
        {
            for (int w = 0; w < weightCount; w++)
                result[(w * optionCount) + points[i].Options[w]] += dual[i];
        }
        for (int t = 0; t < trends.Count; t++)
        {
            double slope = 0;
            for (int i = 0; i < dual.Length; i++)
                slope += TrendVariance * dual[i] * points[i].Trends[t];
            for (int i = 0; i < result.Length; i++)
                result[i] += slope * trends[t][i];
        }
        for (int w = 0; w < weightCount; w++)
        {
            Span<double> row = result.AsSpan(w * optionCount, optionCount);
            double mean = 0;
            foreach (double value in row)
                mean += value / optionCount;
            foreach (ref double value in row)
                value -= mean;
        }
        return result;
    }
}

/// <summary>Feature columns that are summed over weights: bytes, weight error, and weight error × original
/// bytes.</summary>
internal static class OptionTrends
{
    /// <summary>Contributions to each column, [weight · options + option], centred and scaled so that the sums of the
    /// given trials have mean 0 and variance 1.</summary>
    public static IReadOnlyList<double[]> Of(OptionFeatures features, IReadOnlyList<IReadOnlyList<int>> allocations)
    {
        Func<int, int, double>[] columns =
        [
            (w, o) => features.QuantizedBytes(w, o),
            features.Error,
            (w, o) => features.Error(w, o) * features.OriginalBytes(w),
        ];
        return [.. columns.Select(column => Scaled(features, allocations, column))];
    }

    private static double[] Scaled(
        OptionFeatures features,
        IReadOnlyList<IReadOnlyList<int>> allocations,
        Func<int, int, double> column
    )
    {
        double[] values =
        [
            .. Enumerable
                .Range(0, features.WeightCount * features.OptionCount)
                .Select(i => column(i / features.OptionCount, i % features.OptionCount)),
        ];
        double[] sums =
        [
            .. allocations.Select(allocation =>
                allocation.Select((option, w) => values[(w * features.OptionCount) + option]).Sum()
            ),
        ];
        double mean = sums.Average(),
            deviation = Math.Sqrt(sums.Average(sum => (sum - mean) * (sum - mean)));
        for (int i = 0; i < values.Length; i++)
            values[i] = deviation > 0 ? (values[i] - (mean / features.WeightCount)) / deviation : 0;
        return values;
    }
}
