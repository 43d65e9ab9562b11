namespace Qua2SeDiMo.Graphs.Ir;

/// <summary>An ONNX file is damaged, lies about itself or uses what is not supported.</summary>
internal sealed class OnnxFormatException : Q2Exception
{
    /// <summary>States what is wrong and where.</summary>
    public OnnxFormatException(string message)
        : base(message) { }

    /// <summary>States what is wrong and where, and the error behind it.</summary>
    public OnnxFormatException(string message, Exception inner)
        : base(message, inner) { }
}
