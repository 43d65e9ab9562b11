namespace Qua2SeDiMo.Predictors.Training;

/// <summary>How a predictor is trained. The defaults are ours; <see cref="Faithful"/> gives the published
/// code's.</summary>
public sealed record PredictorOptions
{
    /// <summary>What is minimised. Default: mean squared error plus rank correlation of the hops.</summary>
    public PredictorLoss Loss { get; init; } = PredictorLoss.Srcc;

    /// <summary>Hops whose embedding norms are ranked, 0 … 4. Default: all. Ignored by
    /// <see cref="PredictorLoss.Mse"/>.</summary>
    public IReadOnlyList<int> Hops { get; init; } = [0, 1, 2, 3, 4];

    /// <summary>Passes over the training trials; 0 takes 160, as the reference figures do.</summary>
    public int Epochs { get; init; }

    /// <summary>Largest number of trials per step; the trials of an epoch are shared out evenly. Default 128.</summary>
    public int BatchSize { get; init; } = 128;

    /// <summary>Learning rate of the first epoch; it falls to zero along half a cosine. Default 1e-3.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Decoupled weight decay. Default 1e-6.</summary>
    public double WeightDecay { get; init; } = 1e-6;

    /// <summary>Seed of the weights and of the order of trials. Default 0.</summary>
    public ulong Seed { get; init; }

    /// <summary>Threads; 0 for one per core. Results do not depend on it.</summary>
    public int Threads { get; init; }

    /// <summary>
    /// Holds an eighth of the training trials out, ranks them every few epochs and keeps the best weights; stops after
    /// a quarter of all epochs without a better one. Ignored when <see cref="Faithful"/>. Default off: it saves a third
    /// of the epochs, but the trials that it holds out are missed (docs/sensitivity.md).
    /// </summary>
    public bool EarlyStopping { get; init; }

    /// <summary>
    /// The published training loop: gradients times 1 + min(1, 5/norm), LambdaRank gradients dropped, a last smaller
    /// batch. Default off.
    /// </summary>
    public bool Faithful { get; init; }

    private const int DefaultEpochs = 160;

    /// <summary>Steps of one epoch.</summary>
    internal int StepsPerEpoch(int trials) => (trials + BatchSize - 1) / BatchSize;

    /// <summary><see cref="Epochs"/>, or the default.</summary>
    internal int EpochsOrDefault => Epochs > 0 ? Epochs : DefaultEpochs;

    /// <summary>How labels are scaled: relevances for losses with LambdaRank, standardised otherwise (method.md,
    /// section 6).</summary>
    internal TargetScale ScaleFor(IReadOnlyList<double> labels) =>
        Loss is PredictorLoss.Ndcg or PredictorLoss.Hybrid
            ? TargetScale.Relevance(labels)
            : TargetScale.Standard(labels);
}

/// <summary>Progress of training.</summary>
/// <param name="Fold">Fold from 0.</param>
/// <param name="FoldCount">Number of folds.</param>
/// <param name="Epoch">Epochs done.</param>
/// <param name="EpochCount">Epochs planned.</param>
/// <param name="Loss">Mean training loss of the last epoch; NaN where training goes on from a kept state.</param>
/// <param name="HeldOut">The fold's test trials, ranked every few epochs; null before the first time. Training does not
/// see it.</param>
internal sealed record TrainingProgress(
    int Fold,
    int FoldCount,
    int Epoch,
    int EpochCount,
    double Loss,
    HeldOutRank? HeldOut = null
);

/// <summary>How a network in training ranks the trials that it does not train on.</summary>
/// <param name="Epoch">Epochs done.</param>
/// <param name="Srcc">Spearman of the predictions.</param>
/// <param name="Ndcg">NDCG of the predictions' whole order.</param>
/// <param name="HopSrcc">Spearman of the embedding norms of each hop.</param>
/// <param name="HopNdcg">NDCG of the same.</param>
internal sealed record HeldOutRank(
    int Epoch,
    double Srcc,
    double Ndcg,
    IReadOnlyList<double> HopSrcc,
    IReadOnlyList<double> HopNdcg
);
