namespace Qua2SeDiMo;

/// <summary>
/// Something a user can repair: the message says what was found, where, what was expected and what to try.
/// Each kind of repairable thing derives its own type; anything else that escapes is a defect of ours.
/// </summary>
public abstract class Q2Exception : Exception
{
    /// <summary>Creates the exception with a message for the user.</summary>
    protected Q2Exception(string message)
        : base(message) { }

    /// <summary>Creates the exception with a message for the user and the error that it explains.</summary>
    protected Q2Exception(string message, Exception? inner)
        : base(message, inner) { }

    /// <summary>What would make the thing that is missing, damaged or out of date; null when the message says all, or
    /// nothing makes it.</summary>
    public Remedy? Remedy
    {
        get => field ?? (InnerException as Q2Exception)?.Remedy;
        init;
    }

    /// <summary>Whom to blame when one of many things that are tried ends with this error.</summary>
    public virtual FaultOrigin Origin => FaultOrigin.Surroundings;
}
