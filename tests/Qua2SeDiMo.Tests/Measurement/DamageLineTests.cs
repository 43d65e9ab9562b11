using Qua2SeDiMo.Measurement;
using Qua2SeDiMo.Numerics;
using Xunit;

namespace Qua2SeDiMo.Tests.Measurement;

public sealed class DamageLineTests
{
    [Fact]
    public void A_line_in_logits_is_found_again()
    {
        DamageLine line = DamageLine.Of(
            "ssim",
            [.. Orders(12).Select(order => (order, Similarity(1.5 - (0.7 * order))))]
        )!;

        Assert.Equal(1.5, line.Intercept, 9);
        Assert.Equal(-0.7, line.Slope, 9);
        Assert.Equal(Similarity(1.5 - (0.7 * 3)), line.Predict(3).Value, 9);
    }

    [Fact]
    public void Intervals_hold_about_as_many_labels_as_they_claim()
    {
        var random = new Pcg32(5);
        (double, double)[] points =
        [
            .. Orders(200).Select(order => (order, Similarity(1 - order + (0.3 * random.NextNormal())))),
        ];

        DamageLine line = DamageLine.Of("ssim", points)!;

        Assert.InRange(line.Coverage, 0.9, 0.99);
        DamagePrediction middle = line.Predict(0),
            far = line.Predict(30);
        Assert.True(middle.Low < middle.Value && middle.Value < middle.High);
        Assert.True(line.ResidualDeviation is > 0.25 and < 0.35);
        Assert.True(far.Low <= far.Value && far.High >= far.Value);
    }

    [Fact]
    public void Too_few_mixtures_or_one_damage_make_no_line()
    {
        Assert.Null(DamageLine.Of("ssim", [.. Orders(DamageLine.MinMixtures - 1).Select(order => (order, 0.5))]));
        Assert.Null(DamageLine.Of("ssim", [.. Enumerable.Repeat((1.0, 0.5), 20)]));
    }

    [Fact]
    public void Nothing_changed_is_full_similarity()
    {
        DamageLine line = DamageLine.Of("ssim", [.. Orders(9).Select(order => (order, Similarity(-order)))])!;

        Assert.Equal(new DamagePrediction("ssim", 1, 1, 1), line.Predict(double.NegativeInfinity));
    }

    private static IEnumerable<double> Orders(int count) =>
        Enumerable.Range(0, count).Select(i => (i * 4.0 / count) - 2);

    private static double Similarity(double logit) => 1 / (1 + Math.Exp(-logit));
}
