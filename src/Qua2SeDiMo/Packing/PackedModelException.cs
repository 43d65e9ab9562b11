namespace Qua2SeDiMo.Packing;

/// <summary>A packed model is damaged, is not what its manifest says, or cannot be written where it was asked
/// for.</summary>
internal sealed class PackedModelException : Q2Exception
{
    internal PackedModelException(string message)
        : base(message) { }
}
