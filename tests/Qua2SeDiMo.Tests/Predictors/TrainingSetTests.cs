using System.Diagnostics;
using System.Text.Json;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Predictors.Training;
using Qua2SeDiMo.Sensitivity;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests.Predictors;

public class TrainingSetTests(ITestOutputHelper output)
{
    [Fact]
    [Trait("Speed", "Slow")]
    public void Five_folds_of_the_simulated_study_rank_held_out_trials_as_well_as_the_reference()
    {
        TrainingSet study = CrossValidationTests.Study();
        using JsonDocument reference = JsonDocument.Parse(
            File.ReadAllBytes(RepositoryFiles.Golden("predictor/study/reference.json"))
        );
        var watch = Stopwatch.StartNew();
        TimeSpan before = Process.GetCurrentProcess().TotalProcessorTime;
        using FittedModels fit = CrossValidation.Run(study, new PredictorOptions());
        double epochs = 160 * fit.Predictors.Count;
        output.WriteLine(
            $"{watch.Elapsed.TotalSeconds / epochs:F3} s and "
                + $"{(Process.GetCurrentProcess().TotalProcessorTime - before).TotalSeconds / epochs:F3} CPU s per "
                + "epoch, baselines included"
        );

        ModelScores network = fit.Result.Find(ModelNames.Network)!;
        double referenceMean = 0,
            referenceNdcg = 0;
        foreach (JsonElement fold in reference.RootElement.GetProperty("folds").EnumerateArray())
        {
            int number = fold.GetProperty("fold").GetInt32();
            double srcc = fold.GetProperty("mlp").GetProperty("srcc_raw_target").GetDouble(),
                ndcg = fold.GetProperty("mlp").GetProperty("ndcg_at_10").GetDouble();
            referenceMean += srcc / fit.Predictors.Count;
            referenceNdcg += ndcg / fit.Predictors.Count;
            output.WriteLine(
                $"fold {number}: SRCC {network.Folds[number].Srcc:F4} (reference {srcc:F4}), NDCG@10 "
                    + $"{network.Folds[number].Ndcg10:F4} (reference {ndcg:F4}), partial "
                    + $"{network.Folds[number].PartialSrcc:F4}"
            );
            // Each fold uses one seed; scores of a fold vary by up to 0.06 between seeds.
            Assert.True(network.Folds[number].Srcc > srcc - 0.03);
        }
        foreach (ModelScores scores in fit.Result.Models)
        {
            output.WriteLine(
                $"{scores.Model}: SRCC {scores.Srcc.Mean:F4} ± {scores.Srcc.Deviation:F4}, partial "
                    + $"{scores.PartialSrcc.Mean:F4}, NDCG@10 {scores.Ndcg10.Mean:F4}, NDCG {scores.NdcgAll.Mean:F4}, "
                    + $"MAE {scores.MeanAbsoluteError.Mean:F2}"
            );
        }
        foreach (HopMetrics hop in fit.Result.Hops)
            output.WriteLine($"hop {hop.Hop}: SRCC {hop.Srcc.Average():F4}, NDCG {hop.NdcgAll.Average():F4}");
        PrintAgreementWithTruth(study, fit);
        Assert.True(network.Srcc.Mean >= referenceMean);
        Assert.True(network.Ndcg10.Mean >= referenceNdcg - 0.02);
    }

    private void PrintAgreementWithTruth(TrainingSet study, FittedModels fit)
    {
        using JsonDocument file = JsonDocument.Parse(
            File.ReadAllBytes(RepositoryFiles.Golden("predictor/study/truth.json"))
        );
        double[][] truth =
        [
            .. file
                .RootElement.GetProperty("sensitivity")
                .EnumerateArray()
                .Select(row => row.EnumerateArray().Select(value => value.GetDouble()).ToArray()),
        ];
        double[] trueDrop = [.. truth.Select(row => row[1] + row[3] + row[5] - row[0] - row[2] - row[4])];
        foreach (
            SensitivityResult result in new[]
            {
                SensitivityAnalysis.OfNetwork(study, fit.Predictors, []),
                SensitivityAnalysis.OfRidge(study, fit.Ridge, resamples: 20),
            }
        )
        {
            double within = result
                .Weights.Select(
                    (weight, w) => RankStatistics.KendallTauB([.. weight.Scores], [.. truth[w].Select(value => -value)])
                )
                .Average();
            double drop = RankStatistics.KendallTauB(
                [.. result.Weights.Select(weight => weight.FewerBitsCost)],
                trueDrop
            );
            output.WriteLine(
                $"{result.Model}: Kendall τ with the true sensitivities {within:F3} over the options of a weight, "
                    + $"{drop:F3} over weights; samples agree by {result.SampleAgreement:F3}"
            );
        }
    }
}
