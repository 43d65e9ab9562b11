namespace Qua2SeDiMo.Predictors.Training;

/// <summary>How a predictor is trained. The defaults are this project's; <see cref="Faithful"/> gives the published
/// code's loop.</summary>
public sealed record PredictorOptions
{
    /// <summary>The training loss. Default: mean squared error plus rank correlation of the hops.</summary>
    public PredictorLoss Loss { get; init; } = PredictorLoss.Srcc;

    /// <summary>Hops whose embedding norms are ranked, 0 … 4. Default: all. Ignored by
    /// <see cref="PredictorLoss.Mse"/>.</summary>
    public IReadOnlyList<int> Hops { get; init; } = [0, 1, 2, 3, 4];

    /// <summary>Passes over the training trials; 0 (default) means 160, as in the reference figures.</summary>
    public int Epochs { get; init; }

    /// <summary>Largest number of trials per step; an epoch is divided into steps of about equal size. Default
    /// 128.</summary>
    public int BatchSize { get; init; } = 128;

    /// <summary>Learning rate of the first epoch; it falls to zero along half a cosine. Default 1e-3.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Decoupled weight decay. Default 1e-6.</summary>
    public double WeightDecay { get; init; } = 1e-6;

    /// <summary>Seed of the initial weights and of the order of trials. Default 0.</summary>
    public ulong Seed { get; init; }

    /// <summary>Number of threads; 0 for one per core. Results do not depend on it.</summary>
    public int Threads { get; init; }

    /// <summary>
    /// Holds out an eighth of the training trials, ranks them every four epochs and keeps the weights that rank them
    /// best; stops after a quarter of all epochs without improvement. Ignored when <see cref="Faithful"/>. Default off:
    /// it saves a third of the epochs, but the held-out trials are missing from training (docs/sensitivity.md).
    /// </summary>
    public bool EarlyStopping { get; init; }

    /// <summary>
    /// The published training loop: gradients are multiplied by 1 + min(1, 5/norm), LambdaRank gradients are dropped,
    /// and the last batch of an epoch is smaller. Default off.
    /// </summary>
    public bool Faithful { get; init; }

    private const int DefaultEpochs = 160;

    /// <summary>Number of steps of one epoch.</summary>
    internal int StepsPerEpoch(int trials) => (trials + BatchSize - 1) / BatchSize;

    /// <summary><see cref="Epochs"/>, or the default.</summary>
    internal int EpochsOrDefault => Epochs > 0 ? Epochs : DefaultEpochs;

    /// <summary>Scaling of labels: relevances for losses with LambdaRank, otherwise zero mean and unit variance
    /// (method.md, section 6).</summary>
    internal TargetScale ScaleFor(IReadOnlyList<double> labels) =>
        Loss is PredictorLoss.Ndcg or PredictorLoss.Hybrid
            ? TargetScale.Relevance(labels)
            : TargetScale.Standard(labels);
}

/// <summary>Progress of training.</summary>
/// <param name="Fold">Index of the fold, from 0.</param>
/// <param name="FoldCount">Number of folds.</param>
/// <param name="Epoch">Number of epochs done.</param>
/// <param name="EpochCount">Number of epochs planned.</param>
/// <param name="Loss">Mean training loss of the last epoch; NaN when training has resumed from a checkpoint.</param>
/// <param name="HeldOut">Latest ranking of the fold's test trials, made every few epochs; null before the first.
/// Training does not use it.</param>
internal sealed record TrainingProgress(
    int Fold,
    int FoldCount,
    int Epoch,
    int EpochCount,
    double Loss,
    HeldOutRank? HeldOut = null
);

/// <summary>How a network ranks its held-out trials during training.</summary>
/// <param name="Epoch">Number of epochs done.</param>
/// <param name="Srcc">Spearman correlation of the predictions.</param>
/// <param name="Ndcg">NDCG of the predictions, over all trials.</param>
/// <param name="HopSrcc">Spearman correlation of the embedding norms, per hop.</param>
/// <param name="HopNdcg">NDCG of the embedding norms, per hop.</param>
internal sealed record HeldOutRank(
    int Epoch,
    double Srcc,
    double Ndcg,
    IReadOnlyList<double> HopSrcc,
    IReadOnlyList<double> HopNdcg
);
