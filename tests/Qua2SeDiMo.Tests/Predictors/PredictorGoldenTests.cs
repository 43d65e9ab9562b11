using Qua2SeDiMo.Tests.Verification;
using Qua2SeDiMo.Verification;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests.Predictors;

public class PredictorGoldenTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("predictor/layers/graph_attention.json", 27)]
    [InlineData("predictor/layers/batch_norm.json", 20)]
    [InlineData("predictor/layers/feature_encoder.json", 200)]
    [InlineData("predictor/layers/node_selection.json", 10)]
    [InlineData("predictor/losses/soft_rank.json", 20)]
    [InlineData("predictor/losses/pairwise.json", 16)]
    [InlineData("predictor/losses/ndcg.json", 12)]
    [InlineData("predictor/losses/hop_losses.json", 40)]
    [InlineData("predictor/full/one_dag.json", 500)]
    [InlineData("predictor/full/mixed_dags.json", 240)]
    public void Layers_losses_gradients_and_steps_agree_with_the_reference(string file, int atLeast) =>
        Check(PredictorCases.Verify(RepositoryFiles.Golden(file)), atLeast);

    [Fact]
    public void Rank_statistics_agree_with_the_reference() =>
        Check(RankCases.Verify(RepositoryFiles.Golden("metrics")), 30);

    [Fact]
    public void Operation_and_block_scores_and_hop_moments_agree_with_the_reference() =>
        Check(SensitivityCases.Verify(RepositoryFiles.Golden("sensitivity")), 20);

    private void Check(IReadOnlyList<VerificationResult> results, int atLeast)
    {
        VerificationAssert.AllPass(results, output);
        Assert.True(results.Count >= atLeast, $"{results.Count} outputs were compared, {atLeast} or more expected.");
    }
}
