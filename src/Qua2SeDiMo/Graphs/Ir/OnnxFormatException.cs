namespace Qua2SeDiMo.Graphs.Ir;

/// <summary>Thrown when an ONNX file is damaged, inconsistent, or uses something that is not supported.</summary>
internal sealed class OnnxFormatException : Q2Exception
{
    /// <summary>Creates the exception with a message that states the fault and its location.</summary>
    public OnnxFormatException(string message)
        : base(message) { }

    /// <summary>Creates the exception with such a message and the error that caused it.</summary>
    public OnnxFormatException(string message, Exception inner)
        : base(message, inner) { }
}
