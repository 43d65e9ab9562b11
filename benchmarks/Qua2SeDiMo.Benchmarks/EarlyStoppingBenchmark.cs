using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Import;
using Qua2SeDiMo.Predictors.Training;

namespace Qua2SeDiMo.Benchmarks;

/// <summary>Measures how early stopping by the ranking of held-out training trials changes the ranking of test trials,
/// and how many epochs it saves.</summary>
internal static class EarlyStoppingBenchmark
{
    private const int Seeds = 2;

    internal static IReadOnlyList<Row> Run(string folder)
    {
        TrainingSet study = ExternalStudy.Parse(
            File.ReadAllText(Path.Combine(folder, "dag.json")),
            File.ReadAllText(Path.Combine(folder, "trials.csv"))
        );
        var rows = new StudyRows(study);
        var results = new List<Row>();
        for (ulong seed = 0; seed < Seeds; seed++)
        {
            for (int fold = 0; fold < study.Folds!.Count; fold++)
            {
                foreach (bool early in new[] { false, true })
                {
                    results.Add(One(study, rows, fold, seed, early));
                    Console.WriteLine(results[^1]);
                }
            }
        }
        return results;
    }

    private static Row One(TrainingSet study, StudyRows rows, int fold, ulong seed, bool early)
    {
        int[] test = [.. study.Folds![fold]],
            training = [.. Enumerable.Range(0, study.Trials.Count).Except(test)];
        int epochs = 0;
        using Predictor predictor = PredictorTrainer.Train(
            study,
            rows,
            training,
            new PredictorOptions { Seed = (100 * seed) + (ulong)fold, EarlyStopping = early },
            (_, epoch, _, _) => epochs = epoch
        );
        double[] labels = [.. test.Select(t => study.Trials[t].Target)],
            bits = [.. test.Select(t => study.Trials[t].AverageBits)],
            predictions = [.. predictor.Predict(rows, test).Predictions];
        return new Row(
            seed,
            fold,
            early,
            epochs,
            RankStatistics.Spearman(predictions, labels),
            RankStatistics.PartialSpearman(predictions, labels, bits)
        );
    }

    internal sealed record Row(ulong Seed, int Fold, bool EarlyStopping, int Epochs, double Srcc, double PartialSrcc);
}
