namespace Qua2SeDiMo.Numerics;

/// <summary>
/// NaN or infinity where numbers were to come out: a damaged weight, an overflow, or a quantized model that diverges.
/// Depends on what was computed alone, so that trying again gives the same.
/// </summary>
internal sealed class NonFiniteException : Q2Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">Which component, at which step, and the first tensor that is not finite.</param>
    public NonFiniteException(string message)
        : base(message) { }

    /// <inheritdoc/>
    public override FaultOrigin Origin => FaultOrigin.Subject;
}
