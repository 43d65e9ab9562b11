namespace Qua2SeDiMo.Studies;

/// <summary>Thrown when a study file cannot be used: it is missing, of another kind, damaged, or of a later
/// version.</summary>
internal sealed class StudyFileException : Q2Exception
{
    /// <summary>Advice for a file whose content cannot be trusted.</summary>
    internal const string MakeAgain =
        "Put a copy of it back; without one, make the study again in another run directory (--run).";

    /// <summary>Creates the exception with a message for the user.</summary>
    public StudyFileException(string message, Exception? inner = null)
        : base(message, inner) { }
}
