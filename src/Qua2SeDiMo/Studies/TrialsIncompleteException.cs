namespace Qua2SeDiMo.Studies;

/// <summary>Too few of the trials asked for have a label to give a result.</summary>
internal sealed class TrialsIncompleteException : Q2Exception
{
    /// <summary>Creates the exception from what is missing.</summary>
    /// <param name="what">What there is no result of, as the beginning of a sentence.</param>
    /// <param name="unfinished">The trials in question.</param>
    public TrialsIncompleteException(string what, UnfinishedTrials unfinished)
        : base($"{what}: {unfinished}") { }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">What there is no result of, the trials, and what to do.</param>
    public TrialsIncompleteException(string message)
        : base(message) { }
}
