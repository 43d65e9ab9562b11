using Qua2SeDiMo.Graphs.Operations;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Predictors.Training;
using Qua2SeDiMo.Reports;
using Qua2SeDiMo.Reports.Charts;
using Qua2SeDiMo.Reports.Words;
using Qua2SeDiMo.Sensitivity;
using Qua2SeDiMo.Studies.Objectives;
using Qua2SeDiMo.Studies.Storage;
using Xunit;

namespace Qua2SeDiMo.Tests.Reports;

public class ReportWordsTests
{
    private static readonly ShownMetric Psnr = new(StudyMetric.Psnr);
    private static readonly ShownMetric Frechet = new(StudyMetric.Frechet);

    [Fact]
    public void A_plan_ahead_of_the_baselines_of_its_size_says_by_how_much()
    {
        ReportData report = Report(
            Entry("plan", PlanKind.Plan, 100, 22.5),
            Entry("small", PlanKind.Uniform, 80, 20),
            Entry("equal", PlanKind.WeightError, 100, 21),
            Entry("large", PlanKind.Uniform, 101, 30)
        );

        string verdict = ReportWords.Verdict(ComparisonData.Of(report, report.Entries[0], Psnr)!);

        Assert.Contains(
            "1.50 dB better than the best baseline of its size or smaller, equal",
            verdict.Replace('\u00A0', ' '),
            StringComparison.Ordinal
        );
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
        PlanEntry Wide(PlanEntry entry) =>
            entry with
            {
                Metrics = entry.Metrics.ToDictionary(
                    p => p.Key,
                    p => p.Value with { Low = p.Value.Value - 2, High = p.Value.Value + 2 }
                ),
            };
        ReportData report = Report(
            Wide(Entry("plan", PlanKind.Plan, 100, 21)),
            Wide(Entry("small", PlanKind.Uniform, 80, 20))
        );

        Assert.EndsWith(
            "may be chance.",
            ReportWords.Verdict(ComparisonData.Of(report, report.Entries[0], Psnr)!),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Lower_wins_where_lower_is_better_and_full_precision_is_no_rival()
    {
        ReportData report = Report(
            Entry("plan", PlanKind.Plan, 100, 50),
            Entry("small", PlanKind.Uniform, 80, 55),
            Entry("full", PlanKind.FullPrecision, 60, 45)
        );

        Assert.Equal(5, ComparisonData.Of(report, report.Entries[0], Frechet)!.Advantage);
        Assert.True(ComparisonData.IsBestOfItsSize(report, report.Entries[0], Frechet));
        Assert.False(ComparisonData.IsBestOfItsSize(report, report.Entries[2], Frechet));
    }

    [Fact]
    public void Allocations_that_score_better_than_full_precision_are_counted()
    {
        ReportData report = Report(
            Entry("full", PlanKind.FullPrecision, 400, 45),
            Entry("lucky", PlanKind.Uniform, 80, 44),
            Entry("plain", PlanKind.Uniform, 90, 50)
        );

        Assert.Contains(
            "Among the 2 quantized allocations here that happens 1 time by Fréchet distance.",
            ReportCaveats.Sentences(report).First(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_lead_within_the_deviation_over_folds_is_not_called_a_lead()
    {
        ReportData report = Report() with
        {
            Weights = [Position("a"), Position("b"), Position("c")],
            Explanation = Explanation(("a", 3), ("b", 2.8), ("c", 1)),
        };

        Assert.Contains(
            "Its lead over b (2.80) is within the deviation over folds.",
            ReportWords.Sensitivity(report).First(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void The_deciding_predictor_is_named_with_the_reason_that_the_plan_gives()
    {
        var fit = new FitResult(
            10,
            [
                [0],
                [1],
            ],
            [new(ModelNames.Network, [], []), new(ModelNames.RidgeTrends, [], [])],
            [],
            new PredictorChoice(ModelNames.Network, 0.9, 0.8, "The network ranks best.")
        );
        ReportData fitted = Report() with { Plan = null, Fit = new Fit("psnr", new PredictorOptions(), fit) };
        ReportData planned = fitted with { Plan = new Plan("psnr", ModelNames.Ridge, "Its plans measured best.", []) };

        Assert.Equal("GATv2 network decides the plans: The network ranks best.", PredictorWords.Deciding(fitted, fit));
        Assert.Equal(
            "Ridge around size and error decides the plans: Its plans measured best.",
            PredictorWords.Deciding(planned, fit)
        );
    }

    [Theory]
    [InlineData("transformer_blocks.3.attn2.to_k", "3", "attn2.to_k", "block 3", "cross-attention k")]
    [InlineData("transformer_blocks.0.attn1.to_out.0", "0", "attn1.to_out.0", "block 0", "self-attention out")]
    [InlineData("blocks.12.ff.net.2", "12", "ff.net.2", "block 12", "feed-forward out")]
    [InlineData(
        "single_transformer_blocks.7.proj_mlp",
        "single_transformer.7",
        "proj_mlp",
        "single_transformer.7",
        "proj_mlp"
    )]
    [InlineData(
        "up_blocks.2.resnets.1.conv_shortcut#1",
        "up.2.1",
        "conv_shortcut#1",
        "up.2.1",
        "conv_shortcut, second part"
    )]
    [InlineData("adaln_single.emb.linear_1", "", "adaln_single.emb.linear_1", "outside", "emb.linear_1")]
    public void The_place_of_a_weight_is_said_in_words(
        string path,
        string block,
        string layer,
        string blockWords,
        string role
    )
    {
        var position = new WeightPosition(path, block, layer, 1);

        Assert.Equal((blockWords, role), (PositionWords.Block(position), PositionWords.Role(position)));
        Assert.Equal(blockWords == "outside", PositionWords.IsOutside(position));
    }

    [Theory]
    [InlineData("uaq-4", "UAQ, 4 bits", false)]
    [InlineData("kmeans_c-3", "K-Means C, 3 bits", true)]
    [InlineData("something-3", "something-3", false)]
    public void An_option_is_called_by_its_method_and_bits_or_keeps_its_name(string name, string label, bool isSmall)
    {
        var words = OptionWords.OfName(name);

        Assert.Equal((label, isSmall), (words.Label, words.IsSmall));
    }

    [Fact]
    public void Full_precision_has_no_value_of_a_metric_that_compares_with_it()
    {
        PlanEntry full = Entry("full", PlanKind.FullPrecision, 400, 45);

        Assert.Null(full.Value(Psnr));
        Assert.Equal(45, full.Value(Frechet)!.Value);
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

    private static PlanEntry Entry(string name, PlanKind kind, long bytes, double value) =>
        new()
        {
            Key = name,
            Label = name,
            Kind = kind,
            AverageBits = bytes / 25.0,
            SizeBytes = bytes,
            Metrics = new Dictionary<string, Measured> { ["psnr"] = new(value), ["frechet"] = new(value) },
        };

    private static WeightPosition Position(string name) => new(name, "0", "attn1.to_q", 10);

    // An explanation in which the scores of each weight have the given spread.
    private static SensitivityRecord Explanation(params (string Name, double Spread)[] weights)
    {
        WeightScores Scores(string name, double spread)
        {
            double[] scores = [0, spread, 0, 0, 0, 0];
            double[] deviations = [0.5, 0.5, 0, 0, 0, 0];
            return new WeightScores(name, scores, deviations, 1, spread, 0, 0);
        }
        string[] options = [.. QuantizerSpec.PaperOptions.Select(option => option.ToString())];
        var network = new SensitivityResult(
            ModelNames.Network,
            options,
            [.. weights.Select(weight => Scores(weight.Name, weight.Spread))],
            [],
            5,
            null,
            null
        );
        return new SensitivityRecord(
            "psnr",
            ModelNames.Network,
            [.. weights.Select(weight => Position(weight.Name))],
            network,
            network,
            null,
            []
        );
    }

    private static ReportData Report(params PlanEntry[] entries) =>
        new()
        {
            Run = new RunData
            {
                ModelName = "m",
                ModelClass = "c",
                Folder = "f",
                ParameterCount = 100,
                QuantizableBytes = 400,
                OriginalBits = 16,
                ImageCount = 32,
                StepCount = 8,
                GuidanceScale = 3,
            },
            Objective = "psnr",
            Plan = new Plan("psnr", ModelNames.Network, "", entries),
            Weights = [],
        };
}
