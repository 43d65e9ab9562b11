namespace Qua2SeDiMo;

/// <summary>
/// An error that a user can repair. The message states what was found, where, what was expected and what to try. Each
/// kind of such an error has its own derived type; any other exception that escapes is a defect of this project.
/// </summary>
public abstract class Q2Exception : Exception
{
    /// <summary>Creates the exception with a message for the user.</summary>
    protected Q2Exception(string message)
        : base(message) { }

    /// <summary>Creates the exception with a message for the user and the error that it explains.</summary>
    protected Q2Exception(string message, Exception? inner)
        : base(message, inner) { }

    /// <summary>The step that creates what is missing, damaged or out of date; null when no step does, or when the
    /// message already names it.</summary>
    public Remedy? Remedy
    {
        get => field ?? (InnerException as Q2Exception)?.Remedy;
        init;
    }

    /// <summary>Where the cause lies when one of many tried subjects fails with this error.</summary>
    public virtual FaultOrigin Origin => FaultOrigin.Surroundings;
}
