using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Training;

namespace Qua2SeDiMo.Predictors.Evaluation;

/// <summary>The network of each fold, and how the norms of its hops rank the test trials.</summary>
/// <param name="study">Labelled trials.</param>
/// <param name="options">How each network is trained; its seed is that of fold 0.</param>
/// <param name="foldCount">Folds in all, for the progress.</param>
/// <param name="checkpoints">By fold: where training goes on from, and who keeps its states; null does neither.</param>
/// <param name="progress">Called after each epoch.</param>
internal sealed class NetworkFolds(
    TrainingSet study,
    PredictorOptions options,
    int foldCount,
    Func<int, TrainingCheckpoint>? checkpoints,
    IProgress<TrainingProgress>? progress
)
{
    // Ranking the test trials takes about a tenth of an epoch.
    private const int RankPeriod = 5;

    private readonly StudyRows rows = new(study);
    private readonly List<Predictor> predictors = [];
    private readonly List<double>[] srcc = PerHop(),
        ndcg = PerHop();

    /// <summary>One network per fold trained so far, with moments and hop weights.</summary>
    public IReadOnlyList<Predictor> Predictors => predictors;

    /// <summary>How each hop ranked the test trials of the folds so far.</summary>
    public HopMetrics[] Hops() =>
        [.. Enumerable.Range(0, PredictorTopology.HopCount).Select(m => new HopMetrics(m, srcc[m], ndcg[m]))];

    /// <summary>Trains the network of a fold.</summary>
    /// <returns>Its predictions of the test trials, in their order.</returns>
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
