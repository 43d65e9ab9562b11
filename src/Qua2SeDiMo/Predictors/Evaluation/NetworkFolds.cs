using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Training;

namespace Qua2SeDiMo.Predictors.Evaluation;

/// <summary>Trains one network per fold and records how the norms of its hops rank the test trials.</summary>
/// <param name="study">Labelled trials.</param>
/// <param name="options">Training options; the seed of fold f is this seed + f.</param>
/// <param name="foldCount">Number of folds, for progress reports.</param>
/// <param name="checkpoints">Checkpoint of each fold, to resume from and to save to; null for neither.</param>
/// <param name="progress">Called after each epoch.</param>
internal sealed class NetworkFolds(
    TrainingSet study,
    PredictorOptions options,
    int foldCount,
    Func<int, TrainingCheckpoint>? checkpoints,
    IProgress<TrainingProgress>? progress
)
{
    // Ranking is done every fifth epoch only: it takes about a tenth of an epoch.
    private const int RankPeriod = 5;

    private readonly StudyRows rows = new(study);
    private readonly List<Predictor> predictors = [];
    private readonly List<double>[] srcc = PerHop(),
        ndcg = PerHop();

    /// <summary>The networks of the folds trained so far, with target scale and hop weights.</summary>
    public IReadOnlyList<Predictor> Predictors => predictors;

    /// <summary>How each hop ranks the test trials of the folds trained so far.</summary>
    public HopMetrics[] Hops() =>
        [.. Enumerable.Range(0, PredictorTopology.HopCount).Select(m => new HopMetrics(m, srcc[m], ndcg[m]))];

    /// <summary>Trains the network of a fold.</summary>
    /// <returns>Its predictions for the test trials, in label units, in their order.</returns>
    public double[] Train(HeldOutFold fold, CancellationToken cancellationToken)
    {
        HeldOutRank? rank = null;
        Predictor predictor = PredictorTrainer.Train(
            study,
            rows,
            fold.Training,
            options with
            {
                Seed = options.Seed + (ulong)fold.Number,
            },
            progress is null ? null : Report,
            checkpoints?.Invoke(fold.Number),
            cancellationToken
        );
        PredictorOutput output = predictor.Predict(rows, fold.Test);
        for (int m = 0; m < PredictorTopology.HopCount; m++)
        {
            srcc[m].Add(fold.Srcc(output.HopNorms[m]));
            ndcg[m].Add(fold.Ndcg(output.HopNorms[m]));
            predictor.HopWeight[m] = CrossValidation.HopWeight(predictor.Loss, srcc[m][^1], ndcg[m][^1]);
        }
        predictors.Add(predictor);
        return [.. output.Predictions];

        void Report(Predictor trained, int epoch, int epochs, double loss)
        {
            if (epoch % RankPeriod == 0)
                rank = fold.Rank(epoch, trained.Predict(rows, fold.Test));
            progress!.Report(new TrainingProgress(fold.Number, foldCount, epoch, epochs, loss, rank));
        }
    }

    private static List<double>[] PerHop() =>
        [.. Enumerable.Range(0, PredictorTopology.HopCount).Select(_ => new List<double>())];
}
