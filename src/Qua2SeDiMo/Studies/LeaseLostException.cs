namespace Qua2SeDiMo.Studies;

/// <summary>The worker no longer holds the trial: it was silent for too long and another one has taken over. Its result
/// is not wanted.</summary>
internal sealed class LeaseLostException(int trialNumber)
    : InvalidOperationException($"The lease of trial {trialNumber} has passed to another worker.");
