namespace Qua2SeDiMo.Studies;

/// <summary>Thrown when several trials in a row fail, because the others would probably fail too.</summary>
internal sealed class TrialFailureException : Q2Exception
{
    /// <summary>Creates the exception from the last failure.</summary>
    public TrialFailureException(int consecutive, Trial last, Exception inner)
        : base(
            $"{consecutive} trials in a row failed, the last ('{last.Name}', number {last.Number}) with: {inner.Message} "
                + "The study was stopped; repair the cause and run the same command with --retry-failed.",
            inner
        ) { }
}
