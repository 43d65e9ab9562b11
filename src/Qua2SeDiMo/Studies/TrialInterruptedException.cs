namespace Qua2SeDiMo.Studies;

/// <summary>A trial could not be evaluated for reasons that are not its own: the run stops, and the trial waits
/// again.</summary>
internal sealed class TrialInterruptedException : Q2Exception
{
    /// <summary>Creates the exception from what happened.</summary>
    public TrialInterruptedException(Trial trial, TrialFault fault, Exception inner)
        : base(
            $"{fault.Reason.TrimEnd().TrimEnd('.')}. The run stopped at trial '{trial.Name}' (number "
                + $"{trial.Number}), which has not failed: it is taken up again by the same command.",
            inner
        ) { }
}
