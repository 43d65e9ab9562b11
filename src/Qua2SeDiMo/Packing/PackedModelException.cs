namespace Qua2SeDiMo.Packing;

/// <summary>Thrown when a packed model is damaged or does not match its manifest, or when a model cannot be packed or
/// written to the given folder.</summary>
internal sealed class PackedModelException : Q2Exception
{
    internal PackedModelException(string message)
        : base(message) { }
}
