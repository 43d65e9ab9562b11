using Qua2SeDiMo.Predictors.Network;

namespace Qua2SeDiMo.Predictors.Training;

/// <summary>Everything that further epochs depend on: training resumed from here ends with the same bits as without the
/// interruption.</summary>
/// <param name="Epoch">Number of epochs done.</param>
/// <param name="Finished">Whether training has ended.</param>
/// <param name="Random">State of the random generator.</param>
/// <param name="Order">Training trials in their current order.</param>
/// <param name="Weights">Parameters and running statistics.</param>
/// <param name="Moments">First and second moments of the optimizer.</param>
/// <param name="Steps">Number of optimizer steps taken.</param>
/// <param name="Best">The best epoch so far; null without early stopping.</param>
internal sealed record TrainingState(
    int Epoch,
    bool Finished,
    ulong Random,
    int[] Order,
    NetworkWeights Weights,
    NetworkWeights Moments,
    int Steps,
    BestEpoch? Best
);

/// <summary>The epoch whose weights ranked the held-out training trials best.</summary>
/// <param name="Rank">Spearman correlation on those trials.</param>
/// <param name="Epoch">Index of the epoch, from 0.</param>
/// <param name="Weights">Parameters and running statistics.</param>
internal sealed record BestEpoch(double Rank, int Epoch, NetworkWeights Weights);

/// <summary>Where a training run resumes from, and where it saves its states.</summary>
/// <param name="Start">State to resume from. When it is null or does not fit the run, training starts from the
/// beginning.</param>
/// <param name="Keep">Called with the state every few epochs, when training ends, and when it is cancelled.</param>
internal sealed record TrainingCheckpoint(TrainingState? Start, Action<TrainingState> Keep);
