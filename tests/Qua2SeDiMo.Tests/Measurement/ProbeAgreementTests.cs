using Qua2SeDiMo.Measurement;
using Xunit;

namespace Qua2SeDiMo.Tests.Measurement;

public sealed class ProbeAgreementTests : IDisposable
{
    private static readonly string[] Names = ["a", "b", "c", "d"];
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("q2-probes-");

    [Theory]
    [InlineData("emoji-pixart", 67)]
    [InlineData("emoji-unet", 133)]
    public void Probes_agree_with_themselves(string model, int weights)
    {
        MeasuredProbes probes = MeasuredProbes.Read(RepositoryFiles.Golden($"probes/{model}.json"));

        ProbeAgreement agreement = ProbeAgreement.Of(
            probes,
            [.. probes.Losses.Keys],
            (weight, option) => probes.Losses[weight][option]
        );

        RankAgreement costs = agreement.Costs;
        Assert.All(
            [costs.KendallTau, costs.KendallTauAboveError, costs.Spearman, agreement.Options.KendallTau],
            one => Assert.Equal(1.0, one!.Value, 9)
        );
        Assert.Equal(weights, agreement.Costs.Count);
        Assert.InRange(agreement.Costs.CountAboveError!.Value, 3, weights / 2);
    }

    [Fact]
    public void The_cost_is_a_mean_over_the_methods_that_were_probed_at_both()
    {
        MeasuredProbes probes = Read(
            """
            {"metric": "ssim", "delta": {"a": {"uaq-3": -4, "uaq-4": -1, "kmeans-c-3": -9}, "b": {"uaq-3": -3, "uaq-4": -1, "kmeans-a-3": -6, "kmeans-a-4": 0},
            "c": {"uaq-3": -5}, "d": {"uaq-3": 0, "uaq-4": 0}}}
            """
        );

        ProbeAgreement agreement = ProbeAgreement.Of(
            probes,
            Names,
            (weight, option) => option.Bits == 3 ? weight[0] : 0
        );

        // a costs 3, b (2 + 6) / 2, d nothing; c has no cost.
        Assert.Equal(3, agreement.Costs.Count);
        Assert.Equal(-1.0 / 3, agreement.Costs.KendallTau!.Value, 9);
        Assert.Equal(10, agreement.Options.Count);
        Assert.Null(agreement.Costs.KendallTauAboveError);
        Assert.Null(agreement.Costs.CountAboveError);
    }

    [Theory]
    [InlineData("ssim", 1)]
    [InlineData("psnr", 1)]
    [InlineData("lpips", -1)]
    [InlineData("frechet", -1)]
    public void A_metric_says_which_way_is_worse(string metric, double expected)
    {
        MeasuredProbes probes = Read(
            """{"metric": "METRIC", "delta": {"a": {"uaq-3": -4}, "b": {"uaq-3": -2}, "c": {"uaq-3": -1}}}""".Replace(
                "METRIC",
                metric,
                StringComparison.Ordinal
            )
        );

        Assert.Equal(
            expected,
            ProbeAgreement.Of(probes, Names, (weight, _) => -weight[0]).Options.KendallTau!.Value,
            9
        );
    }

    [Fact]
    public void Only_losses_above_twice_their_error_are_held_to_their_order()
    {
        MeasuredProbes probes = Read(
            """
            {"base": "kmeans-c-4", "delta": {"a": {"kmeans-c-4": 0, "kmeans-c-3": -5}, "b": {"kmeans-c-4": 0, "kmeans-c-3": -4},
            "c": {"kmeans-c-4": 0, "kmeans-c-3": -3}, "d": {"kmeans-c-4": 0, "kmeans-c-3": -1}},
            "standard_error": {"a": {"kmeans-c-3": 1}, "b": {"kmeans-c-3": 1}, "c": {"kmeans-c-3": 1}, "d": {"kmeans-c-3": 1}}}
            """
        );

        // d is ranked as the worst, which is within its error.
        RankAgreement costs = ProbeAgreement
            .Of(
                probes,
                Names,
                (weight, option) =>
                    option.Bits == 4 ? 0
                    : weight == "d" ? 200
                    : -weight[0]
            )
            .Costs;

        Assert.Equal(1.0, costs.KendallTauAboveError!.Value, 9);
        Assert.Equal(3, costs.CountAboveError);
        Assert.True(costs.KendallTau < 0.5);
    }

    [Theory]
    [InlineData("{}", "delta")]
    [InlineData("""{"delta": {"a": {"uaq-x": 1}}}""", "uaq-x")]
    [InlineData("""{"delta": {"a": {"uaq-3": "much"}}}""", "number")]
    [InlineData("""{"base": "best", "delta": {"a": {"uaq-3": 1}}}""", "best")]
    public void A_file_of_another_form_is_refused_with_its_place(string json, string named) =>
        Assert.Contains(named, Assert.ThrowsAny<Q2Exception>(() => Read(json)).Message, StringComparison.Ordinal);

    [Fact]
    public void Probes_of_another_model_are_refused() =>
        Assert.Contains(
            "'z'",
            Assert
                .Throws<MeasurementException>(() =>
                    ProbeAgreement.Of(Read("""{"delta": {"z": {"uaq-3": 1}}}"""), Names, (_, _) => 0)
                )
                .Message,
            StringComparison.Ordinal
        );

    public void Dispose() => folder.Delete(recursive: true);

    private MeasuredProbes Read(string json)
    {
        string path = Path.Combine(folder.FullName, "probes.json");
        File.WriteAllText(path, json);
        return MeasuredProbes.Read(path);
    }
}
