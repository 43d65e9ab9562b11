namespace Qua2SeDiMo.Quantizers.Palettes;

/// <summary>A weight cannot be quantized: it holds a NaN or an infinity, or no values at all.</summary>
internal sealed class UnquantizableWeightException : Q2Exception
{
    internal UnquantizableWeightException(string message)
        : base(message) { }
}
