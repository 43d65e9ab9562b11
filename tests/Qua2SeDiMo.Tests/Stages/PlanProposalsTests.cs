using Qua2SeDiMo.Models;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Sensitivity;
using Qua2SeDiMo.Stages;
using Qua2SeDiMo.Tests.Sensitivity;
using Xunit;

namespace Qua2SeDiMo.Tests.Stages;

public sealed class PlanProposalsTests : IDisposable
{
    private readonly PublishedUnits published = new(RepositoryFiles.Golden("dags/pixart.json"));
    private readonly Predictor[] folds;
    private readonly PredictorStudy study;
    private readonly SensitivityRecord sensitivity;

    public PlanProposalsTests()
    {
        folds = published.RandomFolds(2);
        int weights = published.Topology.WeightCount;
        PredictorTrial[] trials = [.. Enumerable.Range(0, 12).Select(t => new PredictorTrial([.. Enumerable.Range(0, weights).Select(w => (w * t) % 6)], Math.Sin(t), 3.5))];
        study = new PredictorStudy(published.Topology, published.Features, trials, [.. Enumerable.Range(0, weights).Select(w => $"weight{w}")]);
        SensitivityResult ridge = SensitivityAnalysis.OfRidge(study, resamples: 2), network = SensitivityAnalysis.OfNetwork(study, folds, []);
        sensitivity = new SensitivityRecord("ssim", ModelNames.Ridge, [], ridge, network, null, []);
    }

    [Fact]
    public void Network_at_two_levels_ridge_and_both_together_propose_by_default()
    {
        IReadOnlyList<PlanProposer> proposers = PlanProposers.Of(study, sensitivity, folds, published.Units);
        Assert.Equal(["network", "network-block", "blend", "ridge"], proposers.Select(proposer => proposer.Name));
    }

    [Theory]
    [InlineData("network", null, new[] { "network", "network-block", "network-whole" })]
    [InlineData(null, PlanLevel.Block, new[] { "network-block" })]
    [InlineData("ridge", null, new[] { "ridge" })]
    [InlineData(null, PlanLevel.Whole, new[] { "network-whole", "blend" })]
    public void Model_and_level_choose_who_proposes(string? model, PlanLevel? level, string[] expected) =>
        Assert.Equal(expected, PlanProposers.Of(study, sensitivity, folds, published.Units, model, level).Select(proposer => proposer.Name));

    [Fact]
    public void Without_a_network_only_ridge_regression_proposes_and_its_blocks_are_refused()
    {
        Assert.Equal(["ridge"], PlanProposers.Of(study, sensitivity, [], published.Units).Select(proposer => proposer.Name));
        Assert.Contains("ridge regression has op level only", Assert.Throws<ModelFolderException>(() => PlanProposers.Of(study, sensitivity, folds, published.Units, "ridge", PlanLevel.Block)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_proposal_keeps_its_budget_and_the_joined_one_has_none()
    {
        IReadOnlyList<PlanProposer> proposers = PlanProposers.Of(study, sensitivity, folds, published.Units);
        string[][] names = [.. study.WeightNames.Select(name => new[] { name })];
        IReadOnlyList<PlanEntry> entries = PlanProposals.Of(study.Features, names, proposers, [BitBudget.Parse("3.6"), BitBudget.Parse("best")]);
        Assert.Equal(10, entries.Count);
        Assert.All(entries.Where(entry => entry.BudgetBytes is not null), entry => Assert.True(entry.SizeBytes <= entry.BudgetBytes));
        foreach (PlanEntry joined in entries.Where(entry => entry.Key.EndsWith("-best", StringComparison.Ordinal)))
        {
            Assert.Null(joined.BudgetBytes);
            Assert.Contains("any size", joined.Label, StringComparison.Ordinal);
            Assert.True(joined.PredictedScore is null || joined.PredictedScore >= entries.Single(entry => entry.Predictor == joined.Predictor && entry.Level == joined.Level && entry.BudgetBytes is not null).PredictedScore);
        }
        Assert.Throws<ModelFolderException>(() => PlanProposals.Of(study.Features, names, proposers, [BitBudget.Parse("2.5")]));
    }

    [Fact]
    public void Fronts_are_listed_for_those_that_add_up_scores_and_written_as_rows()
    {
        IReadOnlyList<PlanProposer> proposers = PlanProposers.Of(study, sensitivity, folds, published.Units);
        IReadOnlyList<PlanFrontRecord> fronts = PlanProposals.Fronts(study.Features, proposers);
        Assert.Equal([("network", PlanLevel.Op), ("network", PlanLevel.Block), ("ridge", PlanLevel.Op)], fronts.Select(front => (front.Model, front.Level)));
        string[] rows = PlanProposals.Csv(fronts).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("predictor,level,size_bytes,average_bits,score", rows[0]);
        Assert.Equal(fronts.Sum(front => front.Points.Count), rows.Length - 1);
        PlanFrontPoint middle = fronts[1].Points[fronts[1].Points.Count / 2];
        Assert.Equal(middle.Score, proposers[1].Search.Propose(middle.SizeBytes)!.Score, 1e-6);
    }

    public void Dispose()
    {
        foreach (Predictor fold in folds) fold.Dispose();
    }
}
