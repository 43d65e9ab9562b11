using Qua2SeDiMo.Graphs.Operations;
using Qua2SeDiMo.Predictors.Baselines;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Predictors.Import;
using Qua2SeDiMo.Sensitivity;
using Qua2SeDiMo.Tests.Predictors;
using Xunit;

namespace Qua2SeDiMo.Tests.Sensitivity;

/// <summary>Statements of explanations follow from the numbers: constructed ones here, or those of the simulated study
/// when many are needed.</summary>
public class ExplanationTests
{
    [Fact]
    public void The_influence_of_a_trial_is_what_leaving_it_out_changes()
    {
        TrainingSet study = CrossValidationTests.Part(CrossValidationTests.Study(), 40);
        IReadOnlyList<int>[] allocations = [.. study.Trials.Select(trial => trial.Options)];
        double[] labels = [.. study.Trials.Select(trial => trial.Target)];
        RidgeModel model = RidgeRegression.Fit(study.Features, allocations, labels, trends: true);
        double[] contrast = new double[model.Coefficients.Length];
        (contrast[0], contrast[1], contrast[6], contrast[9]) = (0.5, -0.5, -1, 1);

        CoefficientInfluence found = new RidgeInfluence(model, study.Features, allocations, labels).Of(contrast);

        double all = Dot(model.Coefficients, contrast);
        Assert.Equal(all, found.Value, 8);
        Assert.Equal(all, Dot([.. found.LabelWeights], labels), 8);
        foreach (int left in new[] { 0, 17, 39 })
        {
            // A label that the other trials predict exactly adds nothing, so the value no longer depends on the trial.
            double without = LeaveOut(model, study, allocations, labels, left, contrast);
            Assert.Equal(all - without, found.Influence[left], 7);
        }
    }

    [Theory]
    [InlineData(0.0, 0.5, "do not settle")]
    [InlineData(2.5, 0.99, "probability 0.99")]
    [InlineData(-2.5, 0.01, "probability 0.01")]
    [InlineData(1.5, 0.93, "likely, not settled")]
    public void A_comparison_is_worded_as_strongly_as_its_probability(
        double difference,
        double probability,
        string words
    )
    {
        var comparison = new SensitivityComparison(
            new WeightGroup("a", "weight", [0]),
            new WeightGroup("b", "weight", [1]),
            ModelNames.Ridge,
            difference,
            0,
            [
                new ComparisonSpread(
                    ScoreSpread.Bootstrap,
                    200,
                    difference,
                    1,
                    difference - 1.96,
                    difference + 1.96,
                    probability,
                    probability
                ),
            ]
        );

        string sentence = SensitivityWords.Compare(comparison);

        Assert.Contains(words, sentence, StringComparison.Ordinal);
        Assert.Equal(probability is > 0.025 and < 0.975, sentence.Contains("settle", StringComparison.Ordinal));
    }

    [Fact]
    public void Resamplings_that_contradict_each_other_are_said_to()
    {
        ComparisonSpread Spread(string kind, double probability) =>
            new(kind, 5, 0.1, 1, -1, 1, probability, probability);
        var comparison = new SensitivityComparison(
            new WeightGroup("a", "weight", [0]),
            new WeightGroup("b", "weight", [1]),
            ModelNames.Network,
            0.1,
            0,
            [Spread(ScoreSpread.Folds, 0.99), Spread(ScoreSpread.Bootstrap, 0.02)]
        );

        Assert.Contains("disagree", SensitivityWords.Compare(comparison), StringComparison.Ordinal);
        Assert.Contains(
            "no probability",
            SensitivityWords.Compare(comparison with { Spreads = [] }),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Differences_are_taken_within_each_sample()
    {
        // Both weights vary together: each value is uncertain, their difference is not.
        var samples = new DropSamples(
            ScoreSpread.Bootstrap,
            [
                [1, 0.9],
                [2, 1.9],
                [3, 2.9],
                [-1, -1.1],
            ],
            1
        );

        SensitivityComparison found = SensitivityComparison.Of(
            ModelNames.Ridge,
            [1.25, 1.15],
            [samples],
            new WeightGroup("a", "weight", [0]),
            new WeightGroup("b", "weight", [1])
        );

        Assert.Equal(1, found.Spreads[0].Probability, 6);
        Assert.Equal(1, found.Spreads[0].ShareOfSamples);
        Assert.Equal(0.1, found.Spreads[0].Low, 6);
        // With few folds, intervals are the wider ones of Student's t distribution.
        var folds = new DropSamples(
            ScoreSpread.Folds,
            [
                [1, 0],
                [0, 0],
                [2, 0],
                [0, 0],
                [1, 0],
            ],
            1
        );
        ComparisonSpread few = SensitivityComparison
            .Of(
                ModelNames.Network,
                [0.8, 0],
                [folds],
                new WeightGroup("a", "weight", [0]),
                new WeightGroup("b", "weight", [1])
            )
            .Spreads[0];
        Assert.Equal(2.776, (few.High - few.Difference) / few.Deviation, 3);
        Assert.InRange(few.Probability, 0.7, 0.9);
    }

    [Fact]
    public void Words_claim_no_more_than_the_numbers_hold()
    {
        SensitivityRecord record = Record(drops: [1, 0.99, 0.1], deviation: 0.5);

        IReadOnlyList<string> sentences = SensitivityWords.Of(record);

        Assert.Contains(sentences, sentence => sentence.Contains("For 0 of 3 weights", StringComparison.Ordinal));
        Assert.Contains(
            sentences,
            sentence =>
                sentence.Contains(
                    "a is more sensitive than b with probability 0.51: these trials do not settle",
                    StringComparison.Ordinal
                )
        );
        IReadOnlyList<string> clear = SensitivityWords.Of(Record(drops: [5, 1, 0.1], deviation: 0.01));
        Assert.Contains(clear, sentence => sentence.Contains("For 3 of 3 weights", StringComparison.Ordinal));
        Assert.Contains(clear, sentence => sentence.EndsWith("probability 1.00.", StringComparison.Ordinal));
    }

    [Fact]
    public void A_lead_within_the_spread_of_its_folds_is_not_called_one()
    {
        Assert.Contains("too little", FitWords.Lead([0.02, -0.03, 0.01, 0.02, -0.01]), StringComparison.Ordinal);
        Assert.DoesNotContain("too little", FitWords.Lead([0.02, 0.03, 0.02, 0.02, 0.03]), StringComparison.Ordinal);
        Assert.Equal(".", FitWords.Lead([0.1]));
    }

    [Fact]
    public void The_truth_agrees_with_itself_and_knows_interactions_and_size()
    {
        string folder = RepositoryFiles.Golden("predictor/study");
        ExternalStudy external = ExternalStudy.Open(
            Path.Combine(folder, "trials.csv"),
            Path.Combine(folder, "dag.json")
        );
        TrueSensitivity truth = TrueSensitivity.Parse(
            File.ReadAllText(Path.Combine(folder, "truth.json")),
            external.Training
        );
        double[] effect = truth.Scores(external.Training.Features);

        TruthAgreement found = truth.Compare(
            external.Training,
            external.Units,
            [ModelScoreSource.Additive("itself", effect, 6)]
        );

        TruthRow target = found.Rows.Single(row => row.Against == "target"),
            alone = found.Rows.Single(row => row.Against == "sensitivity");
        Assert.Equal(49, found.UnitCount);
        Assert.Equal(
            (1, 1, 1),
            (
                Math.Round(target.OptionsOfAWeight!.Value, 9),
                Math.Round(target.Weights!.Value, 9),
                Math.Round(target.AllScores!.Value, 9)
            )
        );
        Assert.InRange(target.CombinationsOfAUnit!.Value, 0.8, 0.999);
        Assert.True(alone.OptionsOfAWeight < 0.9);
        Assert.Throws<PredictorFormatException>(() =>
            TrueSensitivity.Parse("{\"sensitivity\": [[1]]}", external.Training)
        );
        Assert.Throws<PredictorFormatException>(() => TrueSensitivity.Parse("{}", external.Training));
    }

    [Fact]
    public void Names_of_weights_units_types_and_blocks_are_found_and_others_are_refused()
    {
        WeightPosition[] weights =
        [
            new("block0.q", "block 0", "q", 4),
            new("block0.k", "block 0", "k", 4),
            new("block1.q", "block 1", "q", 4),
            new("head", "", "proj", 4),
        ];
        PredictorUnit[] units = [new("block0.{q, k}", "q+k", 1, [0, 1], [], [0, 1])];

        Assert.Equal([0], WeightGroups.Find("block0.q", weights, units).Weights);
        Assert.Equal([0, 2], WeightGroups.Find("Q", weights, units).Weights);
        Assert.Equal([0, 1], WeightGroups.Find("block 0", weights, units).Weights);
        Assert.Equal([0, 1], WeightGroups.Find("block0.{q, k}", weights, units).Weights);
        Assert.Equal([3], WeightGroups.Find("outside", weights, units).Weights);
        Assert.Equal([1], WeightGroups.Find("0.k", weights, units).Weights);
        Assert.Contains(
            "block0.q",
            Assert.ThrowsAny<Q2Exception>(() => WeightGroups.Find("block", weights, units)).Message,
            StringComparison.Ordinal
        );
    }

    private static double Dot(IReadOnlyList<double> a, IReadOnlyList<double> b) => a.Zip(b, (x, y) => x * y).Sum();

    // The leave-one-out fit predicts a label for the trial; with that label, the full fit has the same coefficients.
    private static double LeaveOut(
        RidgeModel model,
        TrainingSet study,
        IReadOnlyList<int>[] allocations,
        double[] labels,
        int left,
        double[] contrast
    )
    {
        double[] Refit(double label)
        {
            double[] changed = [.. labels];
            changed[left] = label;
            return new RidgeInfluence(model, study.Features, allocations, changed).Of(contrast) is var found
                ? [found.Value, found.Influence[left]]
                : [];
        }
        // The influence is linear in the label, and zero at the label that the other trials predict.
        double[] at0 = Refit(0),
            at1 = Refit(1);
        double zero = at0[1] / (at0[1] - at1[1]);
        return at0[0] + (zero * (at1[0] - at0[0]));
    }

    private static SensitivityRecord Record(double[] drops, double deviation)
    {
        string[] names = ["a", "b", "c"];
        WeightScores[] scores =
        [
            .. drops.Select(
                (drop, w) =>
                    new WeightScores(names[w], [drop / 2, -drop / 2], [deviation, deviation], 0, drop, drop, deviation)
            ),
        ];
        var result = new SensitivityResult(ModelNames.Ridge, ["uaq-4", "uaq-3"], scores, [], 200, 0.5, 0.1);
        return new SensitivityRecord(
            "ssim",
            ModelNames.Ridge,
            [.. names.Select(name => new WeightPosition(name, "block 0", name, 1))],
            result,
            null,
            null,
            []
        );
    }
}
