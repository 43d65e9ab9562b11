namespace Qua2SeDiMo.Json;

/// <summary>Thrown when a file written by this program is damaged, was edited, or is of a newer version. The file can
/// be made again.</summary>
internal sealed class DamagedFileException : Q2Exception
{
    internal DamagedFileException(string path, string what, Remedy? remedy, Exception? inner = null)
        : base($"{path}: damaged ({what}); make it again.", inner) => (What, Remedy) = (what, remedy);

    /// <summary>Description of the damage.</summary>
    internal string What { get; }
}
