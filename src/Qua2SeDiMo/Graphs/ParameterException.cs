namespace Qua2SeDiMo.Graphs;

/// <summary>A checkpoint tensor does not fit the model that its configuration describes.</summary>
public sealed class ParameterException : Q2Exception
{
    /// <summary>Creates the exception.</summary>
    public ParameterException(string message) : base(message) { }
}
