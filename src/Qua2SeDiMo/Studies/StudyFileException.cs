namespace Qua2SeDiMo.Studies;

/// <summary>A study file cannot be used: missing, not one of ours, damaged, or of a later version.</summary>
internal sealed class StudyFileException : Q2Exception
{
    /// <summary>What to do about a file whose content cannot be trusted.</summary>
    internal const string MakeAgain =
        "Put a copy of it back; without one, make the study again in another run directory (--run).";

    /// <summary>Creates the exception with a message for the user.</summary>
    public StudyFileException(string message, Exception? inner = null)
        : base(message, inner) { }
}
