using CsCheck;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Quantizers.Palettes;
using Xunit;

namespace Qua2SeDiMo.Tests.Quantizers;

public sealed class KMeans1DTests
{
    [Fact]
    public void No_partition_of_a_small_set_is_better() =>
        Gen.Select(Gen.Float[-2f, 2f].Array[1, 9], Gen.Int[1, 5])
            .Sample(
                (values, clusters) =>
                {
                    var kmeans = new KMeans1D();
                    kmeans.Load(values);
                    kmeans.Solve(clusters);
                    double found = kmeans.Inertia(clusters),
                        best = BruteForce([.. values.Order()], clusters);
                    return Math.Abs(found - best) <= 1e-12 + (1e-9 * best);
                }
            );

    [Fact]
    public void Small_integers_with_many_ties_are_optimal_too() =>
        Gen.Select(Gen.Int[-3, 3].Array[1, 9], Gen.Int[1, 4])
            .Sample(
                (values, clusters) =>
                {
                    var kmeans = new KMeans1D();
                    kmeans.Load([.. values.Select(value => (float)value)]);
                    kmeans.Solve(clusters);
                    return Math.Abs(
                            kmeans.Inertia(clusters)
                                - BruteForce([.. values.Select(value => (float)value).Order()], clusters)
                        ) <= 1e-12;
                }
            );

    [Fact]
    public void Larger_sets_agree_with_the_quadratic_programme() =>
        Gen.Select(Gen.Double[-1, 1].Array[20, 300], Gen.Int[2, 17])
            .Sample(
                (draws, clusters) =>
                {
                    float[] values = [.. draws.Select(draw => (float)(draw * draw * draw)).Order()];
                    var kmeans = new KMeans1D();
                    kmeans.Load(values);
                    kmeans.Solve(17);
                    double best = Quadratic(values, clusters);
                    return Math.Abs(kmeans.Inertia(clusters) - best) <= 1e-13 + (1e-8 * best);
                },
                iter: 100
            );

    [Fact]
    public void One_run_gives_every_smaller_number_of_clusters()
    {
        float[] values = Gaussian(700);
        var together = new KMeans1D();
        together.Load(values);
        together.Solve(16);
        for (int clusters = 1; clusters <= 16; clusters++)
        {
            var alone = new KMeans1D();
            alone.Load(values);
            alone.Solve(clusters);
            Assert.Equal(alone.Inertia(clusters), together.Inertia(clusters));
        }
    }

    [Fact]
    public void Borders_that_are_kept_in_bits_give_the_same_clusters() =>
        Gen.Select(Gen.Float[-2f, 2f].Array[1, 400], Gen.Int[1, 17], Gen.Bool)
            .Sample(
                (draws, clusters, coarse) =>
                {
                    float[] values = coarse ? [.. draws.Select(draw => MathF.Round(20 * draw))] : draws;
                    KMeans1D compact = new(largestPlain: 0),
                        plain = new();
                    double[] found = new double[clusters],
                        expected = new double[clusters];
                    bool equal = true;
                    foreach (float[] set in new[] { values, [.. values.Take(1 + (values.Length / 2))], values })
                    {
                        foreach ((KMeans1D kmeans, double[] means) in new[] { (compact, found), (plain, expected) })
                        {
                            kmeans.Load(set);
                            kmeans.Solve(clusters);
                            kmeans.Means(means);
                        }
                        equal &=
                            found.SequenceEqual(expected)
                            && Enumerable
                                .Range(1, Math.Min(clusters, plain.DistinctCount))
                                .All(count => compact.Inertia(count) == plain.Inertia(count));
                    }
                    return equal;
                },
                iter: 300
            );

    [Fact]
    public void Integers_that_never_fall_read_back() =>
        Gen.Int[0, 200]
            .Array[1, 300]
            .Sample(steps =>
            {
                int sum = 0;
                int[] values = [.. steps.Select(step => sum += step % 5 == 0 ? step : 0)];
                var compact = new MonotoneIntegers(values);
                return values.Select((value, i) => compact[i] == value).All(equal => equal);
            });

    [Theory]
    [InlineData(ElementType.Float16)]
    [InlineData(ElementType.BFloat16)]
    public void A_histogram_gives_what_sorting_gives(ElementType type)
    {
        float[] values = [.. Gaussian(70_000).Select(value => TablePrecision.Round(type, value)), 0f, -0f];
        var sorted = new KMeans1D();
        sorted.Load(values);
        sorted.Solve(16);
        var counted = new KMeans1D();
        counted.Load(values, type);
        counted.Solve(16);
        double[] expected = new double[16],
            found = new double[16];
        sorted.Means(expected);
        counted.Means(found);
        Assert.Equal(sorted.DistinctCount, counted.DistinctCount);
        Assert.Equal(expected, found);
    }

    [Fact]
    public void Fewer_distinct_values_than_clusters_repeat_the_last()
    {
        var kmeans = new KMeans1D();
        kmeans.Load([2f, -1f, 2f, -1f, 2f]);
        kmeans.Solve(4);
        double[] means = new double[4];
        kmeans.Means(means);
        Assert.Equal([-1, 2, 2, 2], means);
        Assert.Equal(0, kmeans.Inertia(4));
    }

    [Fact]
    public void An_instance_may_be_used_again()
    {
        var kmeans = new KMeans1D();
        foreach (int length in new[] { 500, 3, 900 })
        {
            float[] values = Gaussian(length);
            kmeans.Load(values);
            kmeans.Solve(8);
            var fresh = new KMeans1D();
            fresh.Load(values);
            fresh.Solve(8);
            Assert.Equal(fresh.Inertia(8), kmeans.Inertia(8));
        }
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void A_value_that_is_not_finite_is_refused(float value)
    {
        Assert.Throws<UnquantizableWeightException>(() => new KMeans1D().Load([1f, value, 2f]));
        float[] many = Gaussian(70_000);
        for (int i = 0; i < many.Length; i++)
            many[i] = (float)(Half)many[i];
        many[5] = value;
        Assert.Throws<UnquantizableWeightException>(() => new KMeans1D().Load(many, ElementType.Float16));
    }

    [Fact]
    public void An_empty_set_and_no_clusters_are_refused()
    {
        Assert.Throws<UnquantizableWeightException>(() => new KMeans1D().Load([]));
        var kmeans = new KMeans1D();
        kmeans.Load([1f]);
        Assert.Throws<ArgumentOutOfRangeException>(() => kmeans.Solve(0));
    }

    internal static float[] Gaussian(int count, ulong seed = 7)
    {
        var random = new Pcg32(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
            values[i] = (float)(0.04 * random.NextNormal());
        return values;
    }

    private static double BruteForce(ReadOnlySpan<float> sorted, int clusters)
    {
        if (clusters == 1)
            return Cost(sorted);
        double best = Cost(sorted);
        for (int cut = 1; cut < sorted.Length; cut++)
            best = Math.Min(best, Cost(sorted[..cut]) + BruteForce(sorted[cut..], clusters - 1));
        return best;
    }

    private static double Cost(ReadOnlySpan<float> values)
    {
        double mean = 0,
            cost = 0;
        foreach (float value in values)
            mean += (double)value / values.Length;
        foreach (float value in values)
            cost += (value - mean) * (value - mean);
        return cost;
    }

    private static double Quadratic(float[] sorted, int clusters)
    {
        int n = sorted.Length;
        double[] best = [0, .. Enumerable.Range(1, n).Select(end => Cost(sorted.AsSpan(0, end)))];
        double[,] cost = new double[n + 1, n + 1];
        for (int start = 0; start < n; start++)
        {
            double sum = 0,
                squares = 0;
            for (int end = start + 1; end <= n; end++)
            {
                double value = sorted[end - 1] - (double)sorted[start];
                sum += value;
                squares += value * value;
                cost[start, end] = Math.Max(0, squares - (sum * sum / (end - start)));
            }
        }
        for (int layer = 2; layer <= clusters; layer++)
        {
            best =
            [
                0,
                .. Enumerable
                    .Range(1, n)
                    .Select(end => Enumerable.Range(0, end).Min(cut => best[cut] + cost[cut, end])),
            ];
        }
        return best[n];
    }
}
