namespace Qua2SeDiMo.Studies;

/// <summary>Thrown when too few of the requested trials have a label for a result.</summary>
internal sealed class TrialsIncompleteException : Q2Exception
{
    /// <summary>Creates the exception from the unfinished trials.</summary>
    /// <param name="what">Which result cannot be given, as the beginning of a sentence.</param>
    /// <param name="unfinished">The trials without a label.</param>
    public TrialsIncompleteException(string what, UnfinishedTrials unfinished)
        : base($"{what}: {unfinished}") { }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">Which result cannot be given, which trials lack a label, and what to do.</param>
    public TrialsIncompleteException(string message)
        : base(message) { }
}
