using Qua2SeDiMo.Quantizers;

namespace Qua2SeDiMo.Studies;

/// <summary>Evaluates one allocation. Implemented outside this folder, which is independent of images.</summary>
internal interface ITrialObjective
{
    /// <summary>Evaluates on the calling thread. The result depends on the arguments only, not on earlier
    /// evaluations.</summary>
    /// <param name="trialNumber">Number of the trial in its study.</param>
    /// <param name="allocation">Option of each weight.</param>
    /// <param name="progress">Receives the progress of the trial; may be null.</param>
    /// <param name="cancellationToken">Cancels the evaluation with <see cref="OperationCanceledException"/>.</param>
    TrialResult Evaluate(
        int trialNumber,
        BitAllocation allocation,
        IProgress<TrialProgress>? progress,
        CancellationToken cancellationToken
    );
}
