namespace Qua2SeDiMo.Architectures;

/// <summary>A model that no architecture here can build, or a request that does not fit it.</summary>
internal sealed class ArchitectureException : Q2Exception
{
    /// <summary>Creates the exception.</summary>
    public ArchitectureException(string message)
        : base(message) { }

    /// <summary>Creates the exception with the error that it explains.</summary>
    public ArchitectureException(string message, Exception inner)
        : base(message, inner) { }
}
