namespace Qua2SeDiMo.Models.Configs;

/// <summary>Thrown when a model folder is incomplete, damaged or not supported; the message names the file, the fault
/// and a remedy.</summary>
internal sealed class ModelFolderException : Q2Exception
{
    /// <summary>Creates the exception.</summary>
    public ModelFolderException(string message)
        : base(message) { }

    internal ModelFolderException(string message, Exception inner)
        : base(message, inner) { }
}
