using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Studies;
using Qua2SeDiMo.Studies.Objectives;
using Xunit;

namespace Qua2SeDiMo.Tests.Studies;

public sealed class SplitHalfReliabilityTests
{
    [Fact]
    public void A_metric_without_noise_is_perfectly_reliable()
    {
        ObjectiveReliability reliability = Simulate(trials: 40, images: 16, noise: 0);
        Assert.Equal(1, reliability.Reliability, 9);
        Assert.Equal(0, reliability.Spread, 9);
    }

    [Fact]
    public void Pure_noise_is_not_reliable() =>
        Assert.InRange(Simulate(trials: 200, images: 16, noise: 1, signal: 0).Reliability, -0.2, 0.25);

    [Fact]
    public void More_images_make_a_noisy_metric_more_reliable() =>
        Assert.True(
            Simulate(trials: 100, images: 64, noise: 3).Reliability
                > Simulate(trials: 100, images: 8, noise: 3).Reliability + 0.1
        );

    [Fact]
    public void The_correction_predicts_the_correlation_with_as_many_new_images()
    {
        const int Trials = 400,
            Images = 16;
        var random = new Pcg32(5);
        double[] truth = [.. Enumerable.Range(0, Trials).Select(_ => random.NextNormal())];
        List<TrialArray> all = [.. truth.Select(value => Values(2 * Images, () => value + (3 * random.NextNormal())))];
        List<TrialArray> seen = [.. all.Select(array => new TrialArray("m", 1, array.Values[..Images]))];
        double[] first = [.. all.Select(array => array.Values[..Images].Average())],
            second = [.. all.Select(array => array.Values[Images..].Average())];
        Assert.Equal(
            RankStatistics.Spearman(first, second),
            SplitHalfReliability.OfMean("m", truth, seen).Reliability,
            0.06
        );
    }

    [Fact]
    public void A_metric_that_only_follows_size_says_nothing_at_equal_size()
    {
        var random = new Pcg32(6);
        double[] bits = [.. Enumerable.Range(0, 200).Select(_ => random.NextDouble())];
        ObjectiveReliability reliability = SplitHalfReliability.OfMean(
            "m",
            bits,
            [.. bits.Select(value => Values(16, () => value + (0.2 * random.NextNormal())))]
        );
        Assert.True(reliability.Reliability > 0.9);
        Assert.InRange(reliability.ReliabilityAtEqualSize, -0.2, 0.25);
    }

    [Fact]
    public void Equal_seeds_give_equal_figures() =>
        Assert.Equal(Simulate(30, 8, 1).HalfCorrelations, Simulate(30, 8, 1).HalfCorrelations);

    [Fact]
    public void A_constant_metric_is_not_reliable() =>
        Assert.Equal(0, Simulate(30, 8, noise: 0, signal: 0).Reliability);

    [Theory]
    [InlineData(3, 8)]
    [InlineData(8, 3)]
    public void Too_few_trials_or_images_are_refused(int trials, int images) =>
        Assert.Throws<ArgumentException>(() => Simulate(trials, images, 1));

    [Fact]
    public void The_most_reliable_metric_is_chosen_and_paired_ones_win_ties()
    {
        Assert.Equal("psnr", Objective.MostReliable([Of("psnr", 0.9), Of("frechet", 0.4)]).Metric.Name);
        Assert.Equal(
            "ssim",
            Objective.MostReliable([Of("frechet", 0.905), Of("psnr", 0.9), Of("ssim", 0.9)]).Metric.Name
        );
        Assert.Equal("frechet", Objective.MostReliable([Of("frechet", 0.95), Of("psnr", 0.9)]).Metric.Name);
    }

    [Fact]
    public void An_objective_is_larger_for_better_trials()
    {
        Trial trial = new(0, "t", BitAllocation.FullPrecision, 42, TrialState.Complete)
        {
            Metrics = new Dictionary<string, double>
            {
                ["psnr"] = 20,
                ["frechet"] = 50,
                ["average-bits"] = 3.5,
            },
        };
        Assert.Equal(20, new Objective(StudyMetric.Psnr).Of(trial));
        Assert.Equal(-50, new Objective(StudyMetric.Frechet).Of(trial));
        Assert.Equal(-50 - (150 * 3.5), new Objective(StudyMetric.Frechet, 150).Of(trial));
        Assert.Equal("-frechet - 150·average-bits", new Objective(StudyMetric.Frechet, 150).ToString());
        Assert.Throws<UnknownObjectiveException>(() => new Objective(StudyMetric.Ssim).Of(trial));
        Assert.Contains(
            "clip-cosine",
            Assert.Throws<UnknownObjectiveException>(() => StudyMetric.OfQuality("fid")).Message,
            StringComparison.Ordinal
        );
    }

    private static ObjectiveReliability Of(string metric, double half) => new(metric, 10, 8, [half], [half]);

    private static TrialArray Values(int count, Func<double> draw) =>
        new("m", 1, [.. Enumerable.Range(0, count).Select(_ => (float)draw())]);

    private static ObjectiveReliability Simulate(int trials, int images, double noise, double signal = 1)
    {
        var random = new Pcg32(1);
        double[] bits = [.. Enumerable.Range(0, trials).Select(_ => random.NextDouble())];
        return SplitHalfReliability.OfMean(
            "m",
            bits,
            [
                .. Enumerable
                    .Range(0, trials)
                    .Select(_ =>
                    {
                        double truth = signal * random.NextNormal();
                        return Values(images, () => truth + (noise * random.NextNormal()));
                    }),
            ]
        );
    }
}
