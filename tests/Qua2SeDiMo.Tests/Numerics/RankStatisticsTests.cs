using CsCheck;
using MathNet.Numerics.Statistics;
using Qua2SeDiMo.Numerics;
using Xunit;

namespace Qua2SeDiMo.Tests.Numerics;

/// <summary>Compares rank correlations with values computed by hand, and with another library on random columns with
/// ties.</summary>
public sealed class RankStatisticsTests
{
    private static readonly Gen<(double[] X, double[] Y)> Columns = Gen.Int[2, 30]
        .SelectMany(n =>
            Gen.Select(Gen.Int[0, 9].Select(v => (double)v).Array[n], Gen.Int[0, 9].Select(v => (double)v).Array[n])
        );

    [Fact]
    public void Tied_values_share_the_mean_of_their_positions() =>
        Assert.Equal([4, 1.5, 1.5, 5, 3], RankStatistics.AverageRanks([7, 2, 2, 9, 5]));

    // Five items: six concordant pairs, three discordant, one tied in x: (6 - 3) / sqrt(9 · 10).
    [Fact]
    public void Kendall_counts_pairs_and_leaves_ties_out() =>
        Assert.Equal(3 / Math.Sqrt(90), RankStatistics.KendallTauB([1, 2, 2, 3, 4], [2, 1, 5, 3, 4]), 12);

    [Theory]
    [InlineData(new double[] { 1, 2, 3, 4 }, new double[] { 10, 20, 30, 40 }, 1.0)]
    [InlineData(new double[] { 1, 2, 3, 4 }, new double[] { 4, 3, 2, 1 }, -1.0)]
    [InlineData(new double[] { 1, 2, 3 }, new double[] { 2, 1, 3 }, 0.5)]
    public void Spearman_of_small_columns_is_that_by_hand(double[] x, double[] y, double expected) =>
        Assert.Equal(expected, RankStatistics.Spearman(x, y), 12);

    [Fact]
    public void A_constant_column_has_no_correlation()
    {
        Assert.True(double.IsNaN(RankStatistics.Spearman([3, 3, 3], [1, 2, 3])));
        Assert.True(double.IsNaN(RankStatistics.KendallTauB([1, 2, 3], [5, 5, 5])));
        Assert.True(double.IsNaN(RankStatistics.PartialSpearman([1, 2, 3, 4], [1, 3, 2, 4], [1, 2, 3, 4])));
    }

    [Fact]
    public void Columns_of_different_length_are_refused() =>
        Assert.Contains(
            "3 values",
            Assert.Throws<ArgumentException>(() => RankStatistics.Spearman([1, 2, 3], [1, 2])).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void Spearman_agrees_with_another_library() =>
        Columns.Sample(pair =>
        {
            double ours = RankStatistics.Spearman(pair.X, pair.Y),
                theirs = Correlation.Spearman(pair.X, pair.Y);
            return double.IsNaN(ours)
                ? pair.X.Distinct().Count() == 1 || pair.Y.Distinct().Count() == 1
                : Math.Abs(ours - theirs) < 1e-9;
        });

    [Fact]
    public void Kendall_is_symmetric_turns_with_the_sign_and_keeps_under_rising_maps() =>
        Columns.Sample(pair =>
        {
            double tau = RankStatistics.KendallTauB(pair.X, pair.Y);
            double swapped = RankStatistics.KendallTauB(pair.Y, pair.X);
            double turned = RankStatistics.KendallTauB([.. pair.X.Select(v => -v)], pair.Y);
            double mapped = RankStatistics.KendallTauB([.. pair.X.Select(v => Math.Exp(v / 3))], pair.Y);
            return double.IsNaN(tau)
                ? double.IsNaN(swapped)
                : tau is >= -1.000001 and <= 1.000001 && Near(tau, swapped) && Near(-tau, turned) && Near(tau, mapped);
        });

    // r_xy = 0.8, r_xc = 0.4, r_yc = 0.4 over five items: (0.8 - 0.16) / 0.84.
    [Fact]
    public void A_control_is_held_fixed_as_by_the_formula()
    {
        double[] x = [1, 2, 3, 4, 5],
            y = [1, 2, 4, 3, 5],
            control = [2, 1, 5, 4, 3];
        double xy = RankStatistics.Spearman(x, y),
            xc = RankStatistics.Spearman(x, control),
            yc = RankStatistics.Spearman(y, control);
        Assert.Equal(0.9, xy, 12);
        Assert.Equal(0.5, xc, 12);
        Assert.Equal(0.6, yc, 12);
        Assert.Equal(0.6 / Math.Sqrt(0.75 * 0.64), RankStatistics.PartialSpearman(x, y, control), 12);
    }

    [Fact]
    public void Discounted_gain_of_a_small_ranking_is_that_by_hand()
    {
        double[] relevance = [3, 0, 1];
        double ideal = 3 + (1 / Math.Log2(3));
        Assert.Equal(1, RankStatistics.Ndcg(relevance, [9, 1, 5]), 12);
        Assert.Equal((3 + (1 / Math.Log2(4))) / ideal, RankStatistics.Ndcg(relevance, [9, 5, 1]), 12);
        Assert.Equal(0, RankStatistics.Ndcg(relevance, [1, 9, 5], top: 1), 12);
        Assert.Equal(0, RankStatistics.Ndcg([0, 0], [1, 2]));
        // All scores equal: every position has the mean gain of 4/3.
        Assert.Equal(4.0 / 3 * (1 + (1 / Math.Log2(3)) + 0.5) / ideal, RankStatistics.Ndcg(relevance, [2, 2, 2]), 12);
    }

    [Fact]
    public void The_p_value_of_no_correlation_is_one_and_of_a_perfect_one_zero()
    {
        Assert.Equal(1, RankStatistics.SpearmanP(0, 10), 12);
        Assert.Equal(0, RankStatistics.SpearmanP(1, 10));
        // t = 0.6·sqrt(8 / 0.64) = 2.1213 with 8 degrees of freedom.
        Assert.Equal(0.0667, RankStatistics.SpearmanP(0.6, 10), 4);
        Assert.True(double.IsNaN(RankStatistics.SpearmanP(0.5, 2)));
    }

    private static bool Near(double a, double b) => Math.Abs(a - b) < 1e-12;
}
