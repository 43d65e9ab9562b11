using System.Text.Json;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Predictors.Baselines;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Training;
using Qua2SeDiMo.Sensitivity;
using Qua2SeDiMo.Tests.Predictors;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests.Sensitivity;

public class SensitivityAnalysisTests(ITestOutputHelper output)
{
    [Fact]
    public void Ridge_scores_rank_the_true_sensitivities_of_the_study()
    {
        TrainingSet study = CrossValidationTests.Study();
        SensitivityResult result = SensitivityAnalysis.OfRidge(
            study,
            RidgeRegression.Fit(study, trends: true),
            resamples: 20
        );
        double[][] truth = Truth();
        double[] trueDrop = [.. truth.Select(row => row[1] + row[3] + row[5] - row[0] - row[2] - row[4])];
        double[] drop = [.. result.Weights.Select(weight => weight.FewerBitsCost)];
        double[] all = [.. result.Weights.SelectMany(weight => weight.Scores)],
            trueScores = [.. truth.SelectMany(row => row.Select(value => row.Average() - value))];
        double tau = RankStatistics.KendallTauB(drop, trueDrop),
            within = RankStatistics.KendallTauB(all, trueScores);
        output.WriteLine(
            $"Kendall τ of ridge's bit drop with the truth {tau:F3}, of all centred scores {within:F3}; resamples "
                + $"agree by {result.SampleAgreement:F3}, weight error by {result.ErrorAgreement:F3}"
        );
        Assert.True(tau > 0.2 && within > 0.3);
        Assert.Equal(1, result.ProbabilityMoreSensitive(0, 1) + result.ProbabilityMoreSensitive(1, 0), 9);
        Assert.Contains("bitDrop", JsonSerializer.Serialize(result), StringComparison.Ordinal);
    }

    [Fact]
    public void Unit_scores_equal_feeding_every_combination_one_by_one()
    {
        TrainingSet study = CrossValidationTests.Part(CrossValidationTests.Study(), 12);
        using Predictor predictor = PredictorTrainer.Train(
            study,
            new StudyRows(study),
            [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
            new PredictorOptions { Epochs = 1 }
        );
        Array.Fill(predictor.HopWeight, 0.5);
        // Nodes 4 to 10 of the first block: a norm, q, k and v, the two products and the output projection.
        int[] nodes = [4, 5, 6, 7, 8, 9, 10];
        (int, int)[] edges =
        [
            .. study
                .Topology.Edges.Where(edge => nodes.Contains(edge.Source) && nodes.Contains(edge.Target))
                .Select(edge => (edge.Source - 4, edge.Target - 4)),
        ];
        int[] weights = [.. nodes.Select(v => study.Topology.WeightOfNode[v]).Where(w => w >= 0)];
        var unit = new PredictorUnit("attention", "SelfAttention", 4, nodes, edges, weights);
        double[] scores = new HopScores(study.Topology, study.Features).Unit(predictor, unit);
        Assert.Equal((int)Math.Pow(6, weights.Length), scores.Length);
        foreach (int combination in new[] { 0, 1, 7, 100, scores.Length - 1 })
        {
            Assert.Equal(Alone(study, predictor, unit, combination), scores[combination], 4);
        }
        SensitivityResult result = SensitivityAnalysis.OfNetwork(study, [predictor], [unit]);
        Assert.Equal(scores.Max(), result.Units[0].Best[0].Score);
        Assert.Equal(scores.Min(), result.Units[0].Worst.Score);
    }

    private static double Alone(TrainingSet study, Predictor predictor, PredictorUnit unit, int combination)
    {
        var table = new FeatureTable(study.Topology, study.Features);
        int[] options = new int[unit.Weights.Count];
        for (int i = options.Length - 1, rest = combination; i >= 0; i--, rest /= 6)
            options[i] = rest % 6;
        int next = 0;
        int[] rows =
        [
            .. unit.Nodes.Select(v => table.FirstRow[v] + (study.Topology.WeightOfNode[v] >= 0 ? options[next++] : 0)),
        ];
        var structure = new GraphStructure([
            (rows.Length, unit.Edges, new IReadOnlyList<int>?[PredictorTopology.HopCount]),
        ]);
        RowBatch batch = new RowBatch(RowPlan.Build(structure, 1, rows, unit.Hop)).SelectAll();
        predictor.Network.Forward(batch, table.Values, train: false, unit.Hop);
        double norm = Predictor.Norm(predictor.Network.NodeEmbedding(unit.Hop, rows.Length - 1));
        return predictor.HopWeight[unit.Hop] * (norm - predictor.HopMean[unit.Hop]) / predictor.HopDeviation[unit.Hop];
    }

    private static double[][] Truth()
    {
        using JsonDocument truth = JsonDocument.Parse(
            File.ReadAllBytes(RepositoryFiles.Golden("predictor/study/truth.json"))
        );
        return
        [
            .. truth
                .RootElement.GetProperty("sensitivity")
                .EnumerateArray()
                .Select(row => row.EnumerateArray().Select(value => value.GetDouble()).ToArray()),
        ];
    }
}
