namespace Qua2SeDiMo.Graphs.Ir;

/// <summary>A checkpoint tensor does not fit the model that its configuration describes.</summary>
internal sealed class ParameterException : Q2Exception
{
    /// <summary>Creates the exception.</summary>
    public ParameterException(string message)
        : base(message) { }

    /// <summary>Extents that the configuration asks for, where a shape is the matter; empty otherwise.</summary>
    public IReadOnlyList<long> Wanted { get; init; } = [];

    /// <summary>Extents that are stored.</summary>
    public IReadOnlyList<long> Stored { get; init; } = [];
}
