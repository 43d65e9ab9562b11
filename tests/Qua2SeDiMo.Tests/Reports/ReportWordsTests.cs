using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Reports;
using Xunit;

namespace Qua2SeDiMo.Tests.Reports;

public class ReportWordsTests
{
    private static readonly MetricData Psnr = MetricData.Standard.Single(metric => metric.Key == "psnr");
    private static readonly MetricData Frechet = MetricData.Standard.Single(metric => metric.Key == "frechet");

    [Fact]
    public void A_plan_ahead_of_the_baselines_of_its_size_says_by_how_much()
    {
        ReportData report = Report(
            Entry("plan", PlanKind.Plan, 100, 22.5), Entry("small", PlanKind.Uniform, 80, 20),
                Entry("equal", PlanKind.WeightError, 100, 21), Entry("large", PlanKind.Uniform, 101, 30));

        string verdict = ReportWords.Verdict(ComparisonData.Of(report, report.Entries[0], Psnr)!);

        Assert.Contains("1.50 dB better than the best baseline of its size or smaller, equal", verdict.Replace('\u00A0', ' '), StringComparison.Ordinal);
    }

    [Fact]
    public void A_plan_behind_a_smaller_baseline_says_so()
    {
        ReportData report = Report(Entry("plan", PlanKind.Plan, 100, 19), Entry("small", PlanKind.Uniform, 80, 20));

        string verdict = ReportWords.Verdict(ComparisonData.Of(report, report.Entries[0], Psnr)!);

        Assert.Contains("1.00 dB worse", verdict.Replace('\u00A0', ' '), StringComparison.Ordinal);
        Assert.Contains("wins", verdict, StringComparison.Ordinal);
        Assert.False(ComparisonData.IsBestOfItsSize(report, report.Entries[0], Psnr));
    }

    [Fact]
    public void Overlapping_intervals_are_named_as_possible_chance()
    {
        EntryData Wide(EntryData entry) => entry with { Metrics = entry.Metrics.ToDictionary(p => p.Key, p => p.Value with { Low = p.Value.Value - 2, High = p.Value.Value + 2 }) };
        ReportData report = Report(Wide(Entry("plan", PlanKind.Plan, 100, 21)), Wide(Entry("small", PlanKind.Uniform, 80, 20)));

        Assert.EndsWith("may be chance.", ReportWords.Verdict(ComparisonData.Of(report, report.Entries[0], Psnr)!), StringComparison.Ordinal);
    }

    [Fact]
    public void Lower_wins_where_lower_is_better_and_full_precision_is_no_rival()
    {
        ReportData report =
            Report(Entry("plan", PlanKind.Plan, 100, 50), Entry("small", PlanKind.Uniform, 80, 55),
            Entry("full", PlanKind.FullPrecision, 60, 45));

        Assert.Equal(5, ComparisonData.Of(report, report.Entries[0], Frechet)!.Advantage);
        Assert.True(ComparisonData.IsBestOfItsSize(report, report.Entries[0], Frechet));
        Assert.False(ComparisonData.IsBestOfItsSize(report, report.Entries[2], Frechet));
    }

    [Fact]
    public void Allocations_that_score_better_than_full_precision_are_counted()
    {
        ReportData report =
            Report(Entry("full", PlanKind.FullPrecision, 400, 45), Entry("lucky", PlanKind.Uniform, 80, 44),
            Entry("plain", PlanKind.Uniform, 90, 50));

        Assert.Contains("Among the 2 quantized allocations here that happens 1 time by Fréchet distance.", ReportCaveats.Sentences(report).First(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_lead_within_the_deviation_over_folds_is_not_called_a_lead()
    {
        WeightData Weight(string name, double spread) => new(name, "block 0", "q", false, 10, [new(0, 0.5), new(spread, 0.5)]);
        ReportData report = Report() with { Weights = [Weight("a", 3), Weight("b", 2.8), Weight("c", 1)] };

        Assert.Contains("Its lead over b (2.80) is within the deviation over folds.", ReportWords.Sensitivity(report).First(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_deciding_predictor_is_praised_only_where_it_ranks_best()
    {
        PredictorMethodData Method(string key, double partial) => new(key, key, 0.9, partial, 0.9, 1, [], [], []);
        PredictorMethodData[] methods = [Method("ridge", 0.6), Method("network", 0.4)];

        Assert.Contains("ranks held-out trials best", ReportWords.Deciding(new PredictorData(5, methods, "ridge")), StringComparison.Ordinal);
        Assert.Contains("although ridge ranks", ReportWords.Deciding(new PredictorData(5, methods, "network")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("transformer_blocks.3.attn2.to_k", "block 3", "cross-attention k")]
    [InlineData("transformer_blocks.0.attn1.to_out.0", "block 0", "self-attention out")]
    [InlineData("blocks.12.ff.net.2", "block 12", "feed-forward out")]
    [InlineData("single_transformer_blocks.7.proj_mlp", "single block 7", "proj_mlp")]
    [InlineData("down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q", "down 1", "self-attention q")]
    [InlineData("up_blocks.2.resnets.1.conv_shortcut#1", "up 2", "conv_shortcut, second part")]
    [InlineData("mid_block.resnets.0.conv1", "mid", "conv1")]
    [InlineData("adaln_single.emb.timestep_embedder.linear_1", "outside", "timestep_embedder.linear_1")]
    public void The_place_of_a_weight_is_read_from_its_path(string path, string block, string role)
    {
        var place = WeightPlace.Of(path);

        Assert.Equal((block, role, block == "outside"), (place.Block, place.Role, place.IsOutside));
    }

    [Theory]
    [InlineData(0.0, 1.0)]
    [InlineData(-3.2, 17.9)]
    [InlineData(1e-7, 3e-7)]
    [InlineData(5.0, 5.0)]
    [InlineData(1e9, 2.2e9)]
    public void An_axis_ends_on_ticks_that_enclose_its_values(double low, double high)
    {
        var axis = ChartAxis.Over([low, high, double.NaN, double.PositiveInfinity], 0, 100);

        Assert.True(axis.Min <= low && axis.Max >= high);
        Assert.InRange(axis.Ticks.Count, 3, 12);
        Assert.Equal(0, axis.At(axis.Min), 6);
        Assert.Equal(100, axis.At(axis.Max), 6);
        Assert.Equal(axis.Ticks.Count, axis.Ticks.Select(axis.Text).Distinct().Count());
    }

    private static EntryData Entry(string name, PlanKind kind, long bytes, double value) => new()
    {
        Key = name,
        Label = name,
        Kind = kind,
        AverageBits = bytes / 25.0,
        QuantizedBytes = bytes,
        ImageCount = 32,
        Metrics = new Dictionary<string, Measured> { ["psnr"] = new(value), ["frechet"] = new(value) },
    };

    private static ReportData Report(params EntryData[] entries) => new()
    {
        Run = new RunData { ModelName = "m", ModelClass = "c", Folder = "f", ParameterCount = 100, QuantizableBytes = 400, OriginalBits = 16, ImageCount = 32, StepCount = 8, GuidanceScale = 3 },
        Metrics = MetricData.Standard,
        ObjectiveKey = "psnr",
        Entries = entries,
        Options = [new("uaq-4", "UAQ, 4 bits", "UAQ", 4), new("uaq-3", "UAQ, 3 bits", "UAQ", 3)],
        Weights = [],
    };
}
