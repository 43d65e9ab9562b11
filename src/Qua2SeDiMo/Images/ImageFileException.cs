namespace Qua2SeDiMo.Images;

/// <summary>Thrown when an image file cannot be read.</summary>
internal sealed class ImageFileException : Q2Exception
{
    /// <summary>Creates the exception with a message for the user.</summary>
    public ImageFileException(string message)
        : base(message) { }
}
