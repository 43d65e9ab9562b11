namespace Qua2SeDiMo.Diffusion;

/// <summary>A request that the model cannot serve.</summary>
internal sealed class GenerationException : Q2Exception
{
    /// <summary>Creates the exception.</summary>
    public GenerationException(string message)
        : base(message) { }
}
