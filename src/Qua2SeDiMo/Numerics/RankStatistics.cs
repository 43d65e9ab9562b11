using MathNet.Numerics;

namespace Qua2SeDiMo.Numerics;

/// <summary>Correlations of two columns and measures of a ranking's quality; ties are treated exactly. Correlations
/// with a constant column are NaN.</summary>
internal static class RankStatistics
{
    /// <summary>Ranks from 1, the smallest value first; tied values share the mean of their positions.</summary>
    public static double[] AverageRanks(ReadOnlySpan<double> values)
    {
        double[] sorted = values.ToArray();
        int[] order = [.. Enumerable.Range(0, sorted.Length)];
        Array.Sort(sorted, order);
        double[] ranks = new double[sorted.Length];
        for (int start = 0; start < sorted.Length; )
        {
            int end = start + 1;
            while (end < sorted.Length && sorted[end] == sorted[start])
                end++;
            for (int i = start; i < end; i++)
                ranks[order[i]] = (start + end + 1) / 2.0;
            start = end;
        }
        return ranks;
    }

    /// <summary>Pearson correlation, −1 to 1.</summary>
    /// <exception cref="ArgumentException">The columns differ in length.</exception>
    public static double Pearson(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        RequireSameLength(x.Length, y.Length);
        double meanX = 0,
            meanY = 0;
        for (int i = 0; i < x.Length; i++)
        {
            meanX += x[i];
            meanY += y[i];
        }
        meanX /= x.Length;
        meanY /= y.Length;
        double xx = 0,
            yy = 0,
            xy = 0;
        for (int i = 0; i < x.Length; i++)
        {
            double dx = x[i] - meanX,
                dy = y[i] - meanY;
            xx += dx * dx;
            yy += dy * dy;
            xy += dx * dy;
        }
        return xx > 0 && yy > 0 ? Math.Clamp(xy / (Math.Sqrt(xx) * Math.Sqrt(yy)), -1, 1) : double.NaN;
    }

    /// <summary>Spearman's rank correlation (SRCC): Pearson correlation of the average ranks.</summary>
    /// <exception cref="ArgumentException">The columns differ in length.</exception>
    public static double Spearman(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        RequireSameLength(x.Length, y.Length);
        return Pearson(AverageRanks(x), AverageRanks(y));
    }

    /// <summary>Two-sided p value of a rank correlation: Student's t with n − 2 degrees of freedom; NaN below three
    /// values.</summary>
    public static double SpearmanP(double correlation, int count)
    {
        int degrees = count - 2;
        if (degrees < 1 || double.IsNaN(correlation))
            return double.NaN;
        double square = correlation * correlation;
        return square >= 1 ? 0 : SpecialFunctions.BetaRegularized(degrees / 2.0, 0.5, 1 - square);
    }

    /// <summary>Partial Spearman correlation of x and y given a control: their association beyond what the control
    /// explains. NaN if the control determines one of them.</summary>
    /// <exception cref="ArgumentException">The columns differ in length.</exception>
    public static double PartialSpearman(ReadOnlySpan<double> x, ReadOnlySpan<double> y, ReadOnlySpan<double> control)
    {
        double xy = Spearman(x, y),
            xc = Spearman(x, control),
            yc = Spearman(y, control);
        double rest = (1 - (xc * xc)) * (1 - (yc * yc));
        return rest > 1e-12 ? Math.Clamp((xy - (xc * yc)) / Math.Sqrt(rest), -1, 1) : double.NaN;
    }

    /// <summary>Kendall's τ-b: concordant minus discordant pairs over √((pairs not tied in x)·(pairs not tied in
    /// y)).</summary>
    /// <exception cref="ArgumentException">The columns differ in length.</exception>
    public static double KendallTauB(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        RequireSameLength(x.Length, y.Length);
        long balance = 0,
            untiedX = 0,
            untiedY = 0;
        for (int i = 0; i < x.Length; i++)
        {
            for (int j = 0; j < i; j++)
            {
                int signX = x[i].CompareTo(x[j]),
                    signY = y[i].CompareTo(y[j]);
                if (x[i] == x[j])
                    signX = 0;
                if (y[i] == y[j])
                    signY = 0;
                balance += signX * signY;
                if (signX != 0)
                    untiedX++;
                if (signY != 0)
                    untiedY++;
            }
        }
        return untiedX > 0 && untiedY > 0 ? balance / (Math.Sqrt(untiedX) * Math.Sqrt(untiedY)) : double.NaN;
    }

    /// <summary>
    /// Normalised discounted cumulative gain of the first <paramref name="top"/> items by score (Järvelin and
    /// Kekäläinen, 2002): gain is the relevance itself, the discount 1/log2(position + 1); items of equal score share
    /// the mean gain of their group.
    /// </summary>
    /// <param name="relevance">Gain of each item, not negative.</param>
    /// <param name="scores">Scores that order the items, the largest first.</param>
    /// <param name="top">Number of positions that count.</param>
    /// <returns>0 to 1; 0 when every relevance is 0.</returns>
    /// <exception cref="ArgumentException">The columns differ in length.</exception>
    public static double Ndcg(ReadOnlySpan<double> relevance, ReadOnlySpan<double> scores, int top = int.MaxValue)
    {
        RequireSameLength(relevance.Length, scores.Length);
        double ideal = DiscountedGain(relevance, relevance, top);
        return ideal > 0 ? DiscountedGain(relevance, scores, top) / ideal : 0;
    }

    /// <summary>The discount of a position counted from 1: 1/log2(position + 1).</summary>
    public static double Discount(int position) => 1 / Math.Log2(position + 1.0);

    private static double DiscountedGain(ReadOnlySpan<double> relevance, ReadOnlySpan<double> scores, int top)
    {
        double[] descending = new double[scores.Length];
        for (int i = 0; i < descending.Length; i++)
            descending[i] = -scores[i];
        double[] gains = relevance.ToArray();
        Array.Sort(descending, gains);
        int last = Math.Min(top, gains.Length);
        double total = 0;
        for (int start = 0; start < last; )
        {
            double gain = 0,
                discounts = 0;
            int end = start;
            for (; end == start || (end < gains.Length && descending[end] == descending[start]); end++)
            {
                gain += gains[end];
                if (end < last)
                    discounts += Discount(end + 1);
            }
            total += gain / (end - start) * discounts;
            start = end;
        }
        return total;
    }

    private static void RequireSameLength(int x, int y)
    {
        if (x != y)
            throw new ArgumentException($"A column of {x} values cannot be compared with one of {y}.");
    }
}
