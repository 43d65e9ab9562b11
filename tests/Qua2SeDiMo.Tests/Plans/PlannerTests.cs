using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors.Baselines;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Predictors.Training;
using Qua2SeDiMo.Sensitivity;
using Qua2SeDiMo.Tests.Sensitivity;
using Xunit;

namespace Qua2SeDiMo.Tests.Plans;

public sealed class PlannerTests : IDisposable
{
    private readonly PublishedUnits published = new(RepositoryFiles.Golden("dags/pixart.json"));
    private readonly Predictor[] folds;
    private readonly TrainingSet study;
    private readonly RidgeModel ridgeModel;
    private readonly SensitivityRecord sensitivity;

    public PlannerTests()
    {
        folds = published.RandomFolds(2);
        int weights = published.Topology.WeightCount;
        PredictorTrial[] trials =
        [
            .. Enumerable
                .Range(0, 12)
                .Select(t => new PredictorTrial(
                    [.. Enumerable.Range(0, weights).Select(w => (w * t) % 6)],
                    Math.Sin(t),
                    3.5
                )),
        ];
        study = new TrainingSet(
            published.Topology,
            published.Features,
            trials,
            [.. Enumerable.Range(0, weights).Select(w => $"weight{w}")]
        );
        ridgeModel = RidgeRegression.Fit(study, trends: true);
        SensitivityResult ridge = SensitivityAnalysis.OfRidge(study, ridgeModel, resamples: 2),
            network = SensitivityAnalysis.OfNetwork(study, folds, []);
        sensitivity = new SensitivityRecord("ssim", ModelNames.Ridge, [], ridge, network, null, []);
    }

    [Fact]
    public void Network_at_two_levels_ridge_and_both_together_propose_by_default()
    {
        IReadOnlyList<PlanSource> sources = PlanSources.Of(study, sensitivity, folds, ridgeModel, published.Units);
        Assert.Equal(["network", "network-block", "blend", "ridge"], sources.Select(source => source.Scores.Name));
    }

    [Theory]
    [InlineData("network", null, new[] { "network", "network-block", "network-whole" })]
    [InlineData(null, PlanLevel.Block, new[] { "network-block" })]
    [InlineData("ridge", null, new[] { "ridge" })]
    [InlineData(null, PlanLevel.Whole, new[] { "network-whole", "blend" })]
    public void Model_and_level_choose_who_proposes(string? model, PlanLevel? level, string[] expected) =>
        Assert.Equal(
            expected,
            PlanSources
                .Of(study, sensitivity, folds, ridgeModel, published.Units, model, level)
                .Select(source => source.Scores.Name)
        );

    [Fact]
    public void Without_a_network_only_ridge_regression_proposes_and_its_blocks_are_refused()
    {
        Assert.Equal(
            ["ridge"],
            PlanSources.Of(study, sensitivity, [], ridgeModel, published.Units).Select(source => source.Scores.Name)
        );
        string message = Assert
            .Throws<PlanException>(() =>
                PlanSources.Of(study, sensitivity, folds, ridgeModel, published.Units, "ridge", PlanLevel.Block)
            )
            .Message;
        Assert.Contains("ridge regression has op level only", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_proposal_keeps_its_budget_and_the_joined_one_has_none()
    {
        IReadOnlyList<PlanSource> sources = PlanSources.Of(study, sensitivity, folds, ridgeModel, published.Units);
        string[][] names = [.. study.WeightNames.Select(name => new[] { name })];
        var planner = new Planner(study, names, sources);
        PlanEntry[] entries =
        [
            .. planner.Candidates(BitBudget.Parse("3.6")),
            .. planner.Candidates(BitBudget.Parse("best")),
        ];
        Assert.Equal(10, entries.Length);
        Assert.All(
            entries.Where(entry => entry.BudgetBytes is not null),
            entry => Assert.True(entry.SizeBytes <= entry.BudgetBytes)
        );
        foreach (PlanEntry joined in entries.Where(entry => entry.Key.EndsWith("-best", StringComparison.Ordinal)))
        {
            Assert.Null(joined.BudgetBytes);
            Assert.Contains("any size", joined.Label, StringComparison.Ordinal);
            if (joined.Scores is null)
                continue;
            PlanEntry limited = Assert.Single(
                entries,
                entry => entry.Scores == joined.Scores && entry.BudgetBytes is not null
            );
            Assert.True(joined.PredictedScore >= limited.PredictedScore);
        }
        Assert.Throws<PlanException>(() => planner.Candidates(BitBudget.Parse("2.5")));
    }

    [Fact]
    public void Fronts_are_listed_for_those_that_add_up_scores_and_written_as_rows()
    {
        IReadOnlyList<PlanSource> sources = PlanSources.Of(study, sensitivity, folds, ridgeModel, published.Units);
        IReadOnlyList<ScoreFront> fronts = ScoreFront.Of(study.Features, sources);
        Assert.Equal(
            [ScoreModel.NetworkOp, ScoreModel.NetworkBlock, ScoreModel.Ridge],
            fronts.Select(front => front.Scores)
        );
        string[] rows = ScoreFront.Csv(fronts).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("predictor,level,size_bytes,average_bits,score", rows[0]);
        Assert.Equal(fronts.Sum(front => front.Points.Count), rows.Length - 1);
        PlanFrontPoint middle = fronts[1].Points[fronts[1].Points.Count / 2];
        Assert.Equal(middle.Score, sources[1].Search.Propose(middle.SizeBytes)!.Score, 1e-6);
    }

    public void Dispose()
    {
        foreach (Predictor fold in folds)
            fold.Dispose();
    }
}
