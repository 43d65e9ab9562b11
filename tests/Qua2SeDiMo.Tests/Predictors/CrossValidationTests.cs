using System.Text.Json.Nodes;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Predictors.Baselines;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Predictors.Import;
using Qua2SeDiMo.Predictors.Training;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests.Predictors;

public class CrossValidationTests(ITestOutputHelper output)
{
    [Fact]
    public void Ridge_reaches_the_reference_baseline_on_every_fold_of_the_study()
    {
        TrainingSet study = Study();
        using FittedModels fit = CrossValidation.Run(study, options: null);
        ModelScores ridge = fit.Result.Find(ModelNames.Ridge)!,
            bits = fit.Result.Find(ModelNames.AverageBits)!;
        JsonArray folds = JsonNode.Parse(File.ReadAllText(RepositoryFiles.Golden("predictor/study/reference.json")))![
            "baselines"
        ]!["per_fold"]!.AsArray();
        Assert.Equal(5, folds.Count);
        for (int f = 0; f < folds.Count; f++)
        {
            double ridgeReference = (double)folds[f]!["ridge_on_choices"]!,
                bitsReference = (double)folds[f]!["average_bits"]!;
            output.WriteLine(
                $"fold {f}: ridge {ridge.Folds[f].Srcc:F4} (reference {ridgeReference:F4}), bits "
                    + $"{bits.Folds[f].Srcc:F4} ({bitsReference:F4})"
            );
            Assert.True(ridge.Folds[f].Srcc > ridgeReference - 0.01);
            Assert.Equal(bitsReference, bits.Folds[f].Srcc, 1e-6);
        }
        Assert.Equal(ModelNames.Ridge, fit.Result.Choice.Model);
        Assert.DoesNotContain(double.NaN, ridge.HeldOut);
        Assert.True(double.IsNaN(fit.Result.Find(ModelNames.Mean)!.Srcc.Mean));
    }

    [Fact]
    public void A_small_network_run_is_the_same_for_any_number_of_threads_and_is_read_back_from_its_arrays()
    {
        TrainingSet study = Part(Study(), 8);
        var rows = new StudyRows(study);
        int[] training = [.. Enumerable.Range(0, 8)];
        var options = new PredictorOptions { Epochs = 2, Threads = 1 };
        using Predictor first = PredictorTrainer.Train(study, rows, training, options);
        IReadOnlyDictionary<string, float[]> arrays = first.Parameters.ToArrays();
        foreach (int threads in new[] { 2, 3 })
        {
            using Predictor other = PredictorTrainer.Train(study, rows, training, options with { Threads = threads });
            Assert.All(
                other.Parameters.ToArrays(),
                array =>
                    Assert.Equal(
                        arrays[array.Key].Select(BitConverter.SingleToInt32Bits),
                        array.Value.Select(BitConverter.SingleToInt32Bits)
                    )
            );
            Assert.Equal(first.HopMean, other.HopMean);
        }
        using Predictor copy = Predictor.FromArrays(first.ToMetadata(), name => arrays[name]);
        foreach (
            (string key, string value) in new[]
            {
                ("widths", "16 1e9"),
                ("widths", "16 0.5"),
                ("widths", "NaN 16"),
                ("positions", "depth:2000000000:0"),
            }
        )
        {
            var damaged = new Dictionary<string, string>(first.ToMetadata()) { [key] = value };
            Assert.Contains(
                "are possible",
                Assert
                    .Throws<PredictorFormatException>(() => Predictor.FromArrays(damaged, name => arrays[name]))
                    .Message
            );
        }
        IReadOnlyList<int>[] allocations = [.. study.Trials.Take(5).Select(trial => trial.Options)];
        Assert.Equal(
            first.Predict(study.Topology, study.Features, allocations).Predictions,
            copy.Predict(study.Topology, study.Features, allocations).Predictions
        );
    }

    [Fact]
    public void Ridge_finds_the_coefficients_that_made_the_labels()
    {
        TrainingSet study = Study();
        var random = new Pcg32(11);
        double[] truth = [.. Enumerable.Range(0, study.Features.WeightCount * 6).Select(_ => random.NextNormal())];
        double[] labels =
        [
            .. study.Trials.Select(trial => trial.Options.Select((option, w) => truth[(w * 6) + option]).Sum()),
        ];
        RidgeModel model = RidgeRegression.Fit(
            study.Features,
            [.. study.Trials.Select(trial => trial.Options)],
            labels
        );
        Assert.True(RankStatistics.Spearman(model.Coefficients, truth) > 0.6);
    }

    [Fact]
    public void A_malformed_external_study_is_named()
    {
        string folder = RepositoryFiles.Golden("predictor/study");
        string graph = File.ReadAllText(Path.Combine(folder, "dag.json"));
        Assert.Throws<PredictorFormatException>(() => ExternalStudy.Parse("{}", null));
        Assert.Throws<PredictorFormatException>(() => ExternalStudy.Parse(graph, "id,target\n1,2"));
        Assert.Throws<PredictorFormatException>(() => ExternalStudy.Parse(graph, "target,options\n1,012"));
    }

    [Fact]
    public void A_graph_with_named_positions_is_read_too()
    {
        const string Graph = """
            {"original_precision_bits": 32, "option_order": ["uaq-4", "kmeans-a-3"], "method_codes": {"uaq": 1, "kmeans-a": 3}, "bit_codes": {"4": 1, "3": 2},
             "positions": [{"name": "block", "first_code": -1, "values": ["outside", "0"]}, {"name": "layer", "first_code": 0, "values": ["add", "fc"]}],
             "hop_nodes": {"0": [0], "1": null}, "edges": [[0, 1]],
             "nodes": [{"kind": "weight", "name": "fc", "stage": null, "position_codes": [0, 1], "options": [
                {"option": "uaq-4", "original_bytes": 400, "quantized_bytes": 60, "error": 0.1}, {"option": "kmeans-a-3", "original_bytes": 400, "quantized_bytes": 40, "error": 0.2}]},
               {"kind": "combine", "position_codes": [-1, 0]}]}
            """;
        TrainingSet study = ExternalStudy.Parse(Graph, "target,options\n1.5,0\n-2,1");
        Assert.Equal(
            [("block", 2, 1), ("layer", 2, 0)],
            study.Topology.Positions.Select(column => (column.Name, column.Size, column.Shift))
        );
        Assert.Equal(32 * 40 / 400.0, study.Trials[1].AverageBits, 9);
        Assert.Null(study.Topology.HopNodes[4]);
    }

    internal static TrainingSet Study()
    {
        string folder = RepositoryFiles.Golden("predictor/study");
        return ExternalStudy.Parse(
            File.ReadAllText(Path.Combine(folder, "dag.json")),
            File.ReadAllText(Path.Combine(folder, "trials.csv"))
        );
    }

    internal static TrainingSet Part(TrainingSet study, int trials) =>
        new(study.Topology, study.Features, [.. study.Trials.Take(trials)], study.WeightNames);
}
