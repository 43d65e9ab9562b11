using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Quantizers.Palettes;

/// <summary>
/// Finds the global optimum of one-dimensional k-means; deterministic. Clusters of sorted values are intervals, so
/// dynamic programming over the n distinct values finds the best borders (Wang and Song, Ckmeans.1d.dp, 2011). The best
/// border grows monotonically with the position and with the number of clusters, which reduces the work to O(k·n·log n)
/// (Knuth, 1971; Grønlund et al., 2017). A run for k clusters also solves every smaller number. Not thread-safe: use
/// one instance per thread, which may be reused for many rows.
/// </summary>
internal sealed class KMeans1D
{
    private const int Lanes = 4;
    private readonly int largestPlain;
    private readonly ValueCounts counts = new();
    private double[] weight = [];
    private double[] sum = [];
    private double[] previous = [];
    private double[] current = [];
    private int[][] borders = [];
    private MonotoneIntegers?[] compactBorders = [];
    private int solved;

    /// <summary>An empty instance.</summary>
    public KMeans1D()
        : this(1 << 20) { }

    /// <param name="largestPlain">Number of distinct values up to which all borders are kept as integers. With more,
    /// the borders of all but the last two layers are compressed to about two bits each.</param>
    internal KMeans1D(int largestPlain) => this.largestPlain = largestPlain;

    /// <summary>Number of distinct values loaded.</summary>
    public int DistinctCount => counts.Length;

    /// <summary>Loads the values to cluster.</summary>
    /// <param name="values">Any order, at least one.</param>
    /// <param name="original">Type in which they were stored; many values of a 16-bit type are counted by a histogram
    /// instead of sorted.</param>
    /// <exception cref="UnquantizableWeightException">There are no values, or one is a NaN or an infinity.</exception>
    public void Load(ReadOnlySpan<float> values, ElementType original = ElementType.Float32)
    {
        solved = 0;
        counts.Load(values, original);
        int n = counts.Length;
        if (weight.Length < n + 1 + Lanes)
        {
            int length = n + 1 + Lanes;
            weight = new double[length];
            sum = new double[length];
            previous = new double[length];
            current = new double[length];
            borders = [];
        }
        ReadOnlySpan<float> distinct = counts.Values;
        ReadOnlySpan<int> occurrences = counts.Counts;
        double total = 0,
            population = 0;
        for (int i = 0; i < n; i++)
        {
            total += (double)distinct[i] * occurrences[i];
            population += occurrences[i];
        }
        // Sums are of centred values; otherwise the squares in Solve would cancel for values far from zero.
        double centre = total / population;
        for (int i = 0; i < n; i++)
        {
            weight[i + 1] = weight[i] + occurrences[i];
            sum[i + 1] = sum[i] + ((distinct[i] - centre) * occurrences[i]);
        }
    }

    /// <summary>Finds the best borders for every number of clusters up to <paramref name="clusters"/>, or up to the
    /// number of distinct values if that is smaller.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number of clusters is less than 1.</exception>
    /// <exception cref="InvalidOperationException">No values were loaded.</exception>
    public void Solve(int clusters)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(clusters, 1);
        int n = counts.Length;
        if (n == 0)
            throw new InvalidOperationException("Load values first.");
        int layers = Math.Min(clusters, n);
        if (borders.Length <= layers)
            borders = [.. borders, .. new int[layers + 1 - borders.Length][]];
        // The sum of squared distances is Σ x² − Σ (cluster sum)²/(cluster weight); the recurrence maximises the second
        // term.
        for (int i = 1; i <= n; i++)
            previous[i] = sum[i] * sum[i] / weight[i];
        compactBorders = new MonotoneIntegers?[layers + 1];
        int[]? spare = null;
        for (int layer = 2; layer <= layers; layer++)
        {
            if (spare is not null)
                (borders[layer], spare) = (spare, null);
            if (borders[layer] is null || borders[layer].Length < n + 1)
                borders[layer] = new int[weight.Length];
            // Of the last layer, only the last position is needed.
            SolveLayer(layer, first: layer == layers ? n : layer, n);
            (previous, current) = (current, previous);
            if (n <= largestPlain || layer == 2)
                continue;
            // From now on, only backtracking reads the previous layer, so it is compressed.
            compactBorders[layer - 1] = new MonotoneIntegers(borders[layer - 1].AsSpan(layer - 1, n - layer + 2));
            (spare, borders[layer - 1]) = (borders[layer - 1], []);
        }
        solved = layers;
    }

    /// <summary>Writes the cluster means, ascending. With fewer distinct values than clusters, the last mean is
    /// repeated.</summary>
    /// <param name="means">One element per cluster: at most the number that was solved for, or any number if all
    /// distinct values have their own cluster.</param>
    /// <exception cref="InvalidOperationException"><see cref="Solve"/> was called for fewer clusters.</exception>
    public void Means(Span<double> means) => Evaluate(means.Length, means);

    /// <summary>Sum of squared distances of all values to their cluster means, in double precision.</summary>
    /// <exception cref="InvalidOperationException"><see cref="Solve"/> was called for fewer clusters.</exception>
    public double Inertia(int clusters) => Evaluate(clusters, []);

    private double Evaluate(int clusters, Span<double> means)
    {
        int n = counts.Length;
        int used = Math.Min(clusters, n);
        if (used > solved || used < 1)
            throw new InvalidOperationException($"Solved for {solved} clusters, asked for {clusters}.");
        ReadOnlySpan<float> distinct = counts.Values;
        ReadOnlySpan<int> occurrences = counts.Counts;
        double inertia = 0;
        int end = n;
        for (int cluster = used; cluster >= 1; cluster--)
        {
            int start =
                cluster == 1 ? 0
                : compactBorders[cluster] is { } compact ? compact[end - cluster]
                : borders[cluster][end];
            // Sums are relative to the cluster's first value, which is exact for a single value and avoids cancellation
            // far from zero.
            double origin = distinct[start],
                offset = 0,
                squares = 0,
                population = 0;
            for (int i = start; i < end; i++)
            {
                double distance = distinct[i] - origin;
                offset += distance * occurrences[i];
                squares += distance * distance * occurrences[i];
                population += occurrences[i];
            }
            inertia += Math.Max(0, squares - (offset * offset / population));
            if (!means.IsEmpty)
                means[cluster - 1] = origin + (offset / population);
            end = start;
        }
        if (!means.IsEmpty)
            means[used..].Fill(means[used - 1]);
        return inertia;
    }

    // Visits positions from coarse to fine strides. The neighbours of position i at the current stride are already
    // solved, and their borders bound its border.
    private void SolveLayer(int layer, int first, int last)
    {
        int[] border = borders[layer];
        int[]? lower = layer > 2 ? borders[layer - 1] : null;
        int count = last - first + 1;
        int top = 1;
        while (top < count)
            top *= 2;
        for (int stride = top; stride >= 1; stride /= 2)
        {
            for (int t = stride - 1; t < count; t += 2 * stride)
            {
                int i = first + t;
                int from = Math.Max(layer - 1, t >= stride ? border[i - stride] : 0);
                if (lower is not null)
                    from = Math.Max(from, lower[i]);
                int to = t + stride < count ? Math.Min(i - 1, border[i + stride]) : i - 1;
                border[i] = Best(i, Math.Min(from, to), to, out current[i]);
            }
        }
    }

    // The smallest j in [from, to] that maximises previous[j] + (sum[i] − sum[j])² / (weight[i] − weight[j]). Four
    // candidates at a time; most ranges have at most four. Lanes beyond the range read later elements or padding and
    // are masked.
    private int Best(int i, int from, int to, out double best)
    {
        ref double s = ref MemoryMarshal.GetArrayDataReference(sum);
        ref double w = ref MemoryMarshal.GetArrayDataReference(weight);
        ref double g = ref MemoryMarshal.GetArrayDataReference(previous);
        Vector256<double> sums = Vector256.Create(Unsafe.Add(ref s, i)),
            weights = Vector256.Create(Unsafe.Add(ref w, i));
        Vector256<double> last = Vector256.Create((double)to),
            positions = Vector256.Create((double)from) + Vector256.Create(0.0, 1.0, 2.0, 3.0);
        Vector256<double> bests = Vector256.Create(double.NegativeInfinity),
            args = positions;
        for (int j = from; j <= to; j += Lanes)
        {
            Vector256<double> difference = sums - Vector256.LoadUnsafe(ref s, (nuint)j);
            Vector256<double> value =
                Vector256.LoadUnsafe(ref g, (nuint)j)
                + (difference * difference / (weights - Vector256.LoadUnsafe(ref w, (nuint)j)));
            Vector256<double> better = Vector256.GreaterThan(value, bests) & Vector256.LessThanOrEqual(positions, last);
            bests = Vector256.ConditionalSelect(better, value, bests);
            args = Vector256.ConditionalSelect(better, positions, args);
            positions += Vector256.Create((double)Lanes);
        }
        Vector128<double> halves = Vector128.MaxNative(bests.GetLower(), bests.GetUpper());
        best = Math.Max(halves.GetElement(0), halves.GetElement(1));
        Vector256<double> winners = Vector256.ConditionalSelect(
            Vector256.Equals(bests, Vector256.Create(best)),
            args,
            Vector256.Create(double.PositiveInfinity)
        );
        halves = Vector128.MinNative(winners.GetLower(), winners.GetUpper());
        return (int)Math.Min(halves.GetElement(0), halves.GetElement(1));
    }
}
