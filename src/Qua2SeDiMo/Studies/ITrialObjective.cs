using Qua2SeDiMo.Quantizers;

namespace Qua2SeDiMo.Studies;

/// <summary>Evaluates one allocation. Implemented outside this folder, which knows nothing of images.</summary>
internal interface ITrialObjective
{
    /// <summary>Evaluates on the calling thread; the result depends on the arguments only, whatever ran
    /// before.</summary>
    /// <param name="trialNumber">Number of the trial in its study.</param>
    /// <param name="allocation">Option of each weight.</param>
    /// <param name="progress">Told how far the trial is; may be null.</param>
    /// <param name="cancellationToken">Ends the evaluation with <see cref="OperationCanceledException"/>.</param>
    TrialResult Evaluate(
        int trialNumber,
        BitAllocation allocation,
        IProgress<TrialProgress>? progress,
        CancellationToken cancellationToken
    );
}
