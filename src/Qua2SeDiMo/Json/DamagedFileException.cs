namespace Qua2SeDiMo.Json;

/// <summary>A file that this program wrote is damaged, was edited, or comes from a newer version; it can be made
/// again.</summary>
internal sealed class DamagedFileException : Q2Exception
{
    internal DamagedFileException(string path, string what, Remedy? remedy, Exception? inner = null)
        : base($"{path}: damaged ({what}); make it again.", inner) => (What, Remedy) = (what, remedy);

    /// <summary>What is wrong with it.</summary>
    internal string What { get; }
}
