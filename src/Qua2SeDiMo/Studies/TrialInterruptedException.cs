namespace Qua2SeDiMo.Studies;

/// <summary>Thrown when a trial could not be evaluated for a reason that it did not cause. The run stops and the trial
/// waits again.</summary>
internal sealed class TrialInterruptedException : Q2Exception
{
    /// <summary>Creates the exception from the trial and the classified error.</summary>
    public TrialInterruptedException(Trial trial, TrialFault fault, Exception inner)
        : base(
            $"{fault.Reason.TrimEnd().TrimEnd('.')}. The run stopped at trial '{trial.Name}' (number "
                + $"{trial.Number}), which has not failed: it is taken up again by the same command.",
            inner
        ) { }
}
