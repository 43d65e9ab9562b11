namespace Qua2SeDiMo.Diffusion;

/// <summary>Thrown when a model cannot serve a request.</summary>
internal sealed class GenerationException : Q2Exception
{
    /// <summary>Creates the exception.</summary>
    public GenerationException(string message)
        : base(message) { }
}
