namespace Qua2SeDiMo.Graphs.Ir;

/// <summary>Thrown when a checkpoint tensor does not fit the model that its configuration describes.</summary>
internal sealed class ParameterException : Q2Exception
{
    /// <summary>Creates the exception.</summary>
    public ParameterException(string message)
        : base(message) { }

    /// <summary>Extents that the configuration asks for, when the shape is wrong; empty otherwise.</summary>
    public IReadOnlyList<long> Wanted { get; init; } = [];

    /// <summary>Extents in the checkpoint, when the shape is wrong; empty otherwise.</summary>
    public IReadOnlyList<long> Stored { get; init; } = [];
}
