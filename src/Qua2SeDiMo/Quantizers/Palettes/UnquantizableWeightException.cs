namespace Qua2SeDiMo.Quantizers.Palettes;

/// <summary>Thrown when a weight cannot be quantized: it has no values, holds a NaN or an infinity, spans too wide a
/// range, or does not match its tensor's shape.</summary>
internal sealed class UnquantizableWeightException : Q2Exception
{
    internal UnquantizableWeightException(string message)
        : base(message) { }
}
