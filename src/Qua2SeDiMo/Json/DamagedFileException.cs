namespace Qua2SeDiMo.Json;

/// <summary>A file that this program wrote is damaged, was edited, or comes from a newer version; the message names the
/// verb that makes it again.</summary>
internal sealed class DamagedFileException : Q2Exception
{
    internal DamagedFileException(string path, string what, string verb, Exception? inner = null)
        : base($"{path}: damaged ({what}); make it again with `q2 {verb}`.", inner) => What = what;

    /// <summary>What is wrong with it.</summary>
    internal string What { get; }
}
