namespace Qua2SeDiMo.Studies;

/// <summary>Thrown when the worker no longer holds the lease of a trial, because another worker has taken it over. The
/// result is discarded.</summary>
internal sealed class LeaseLostException(int trialNumber)
    : InvalidOperationException($"The lease of trial {trialNumber} has passed to another worker.");
