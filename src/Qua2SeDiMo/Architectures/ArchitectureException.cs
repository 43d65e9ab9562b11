namespace Qua2SeDiMo.Architectures;

/// <summary>Thrown when no architecture supports a model, or its settings, checkpoint or the request do not
/// fit.</summary>
internal sealed class ArchitectureException : Q2Exception
{
    /// <summary>Creates the exception.</summary>
    public ArchitectureException(string message)
        : base(message) { }

    /// <summary>Creates the exception with the error that caused it.</summary>
    public ArchitectureException(string message, Exception inner)
        : base(message, inner) { }
}
