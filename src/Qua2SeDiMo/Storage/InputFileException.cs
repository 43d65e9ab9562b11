namespace Qua2SeDiMo.Storage;

/// <summary>A file that was to be read is missing, no regular file, too large, or may not be read.</summary>
internal sealed class InputFileException : Q2Exception
{
    internal InputFileException(string message, Exception? inner = null)
        : base(message, inner) { }
}
