namespace Qua2SeDiMo.Storage;

/// <summary>Thrown when a file to be read is missing, not a regular file, empty or too large.</summary>
internal sealed class InputFileException : Q2Exception
{
    internal InputFileException(string message, Exception? inner = null)
        : base(message, inner) { }
}
