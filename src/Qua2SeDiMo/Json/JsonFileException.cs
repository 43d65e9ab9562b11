namespace Qua2SeDiMo.Json;

/// <summary>A JSON file of others is not JSON, or a value in it is not what it has to be; the message names the file
/// and the place inside it.</summary>
internal sealed class JsonFileException : Q2Exception
{
    internal JsonFileException(string source, string detail, Exception? inner = null)
        : base($"{source}: {detail}", inner) => Detail = detail;

    /// <summary>The message without the name of the file.</summary>
    public string Detail { get; }
}
