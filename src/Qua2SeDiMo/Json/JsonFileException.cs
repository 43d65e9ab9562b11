namespace Qua2SeDiMo.Json;

/// <summary>Thrown when a JSON file is not valid JSON or holds an invalid value; the message names the file and the
/// path inside it.</summary>
internal sealed class JsonFileException : Q2Exception
{
    internal JsonFileException(string source, string detail, Exception? inner = null)
        : base($"{source}: {detail}", inner) => Detail = detail;

    /// <summary>The message without the name of the file.</summary>
    public string Detail { get; }
}
