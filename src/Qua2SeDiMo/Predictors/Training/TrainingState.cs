using Qua2SeDiMo.Predictors.Network;

namespace Qua2SeDiMo.Predictors.Training;

/// <summary>All that further epochs of a training depend on: continued from here, it ends with the same bits as without
/// the break.</summary>
/// <param name="Epoch">Epochs done.</param>
/// <param name="Finished">Whether none are to follow.</param>
/// <param name="Random">State of the random numbers.</param>
/// <param name="Order">Training trials in their present order.</param>
/// <param name="Weights">Parameters and running statistics.</param>
/// <param name="Moments">First and second moments of the optimizer.</param>
/// <param name="Steps">Steps of the optimizer.</param>
/// <param name="Best">The best epoch so far, where training may stop early.</param>
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

/// <summary>The weights that ranked held-out training trials best.</summary>
/// <param name="Rank">Their rank correlation.</param>
/// <param name="Epoch">When, from 0.</param>
/// <param name="Weights">Parameters and running statistics.</param>
internal sealed record BestEpoch(double Rank, int Epoch, NetworkWeights Weights);

/// <summary>Where one training begins, and who keeps its states.</summary>
/// <param name="Start">State to go on from; null, or one that does not fit the training, starts from the
/// beginning.</param>
/// <param name="Keep">Told every few epochs, when training ends, and when it is cancelled.</param>
internal sealed record TrainingCheckpoint(TrainingState? Start, Action<TrainingState> Keep);
