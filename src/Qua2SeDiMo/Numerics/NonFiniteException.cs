namespace Qua2SeDiMo.Numerics;

/// <summary>Thrown when a result holds NaN or infinity, because of a damaged weight, an overflow, or a quantized model
/// that diverges. The computation is deterministic, so a retry fails in the same way.</summary>
internal sealed class NonFiniteException : Q2Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">States the component, the step, and the first tensor that is not finite.</param>
    public NonFiniteException(string message)
        : base(message) { }

    /// <inheritdoc/>
    public override FaultOrigin Origin => FaultOrigin.Subject;
}
