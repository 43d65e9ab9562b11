namespace Qua2SeDiMo.Models.Configs;

/// <summary>A model folder is not what it has to be; the message names the file, what is wrong and what to
/// try.</summary>
internal sealed class ModelFolderException : Q2Exception
{
    /// <summary>Creates the exception.</summary>
    public ModelFolderException(string message)
        : base(message) { }

    internal ModelFolderException(string message, Exception inner)
        : base(message, inner) { }
}
