using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Json;

/// <summary>
/// Reads and writes the JSON files of this program, such as those of a run directory. Their content is known exactly,
/// so a missing or null member, a repeated key, an unknown name of an enumeration or a newer version counts as damage;
/// the error names the step that makes the file again.
/// </summary>
internal static class OwnJson
{
    /// <summary>Version of all these files; files without a version are of version 1.</summary>
    public const int Version = 1;

    private const string VersionKey = "version";
    internal const long MaximumBytes = 1L << 30;

    /// <summary>Options for files; <see cref="Compact"/> has the same without line breaks.</summary>
    public static JsonSerializerOptions Options { get; } =
        new(JsonSerializerDefaults.Web)
        {
            WriteIndented = true,
            NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
            Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
            AllowDuplicateProperties = false,
            RespectNullableAnnotations = true,
            RespectRequiredConstructorParameters = true,
            TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
        };

    /// <summary>Options for JSON inside other files.</summary>
    public static JsonSerializerOptions Compact { get; } = new(Options) { WriteIndented = false };

    /// <summary>Writes a file atomically; the first member of an object is its version.</summary>
    public static void Write<T>(string path, T value)
    {
        JsonNode? node = JsonSerializer.SerializeToNode(value, Options);
        if (node is JsonObject members && value is not System.Collections.IDictionary)
            members.Insert(0, VersionKey, Version);
        AtomicFile.WriteText(path, node?.ToJsonString(Options) ?? "null");
    }

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="remedy">The step that makes the file.</param>
    /// <exception cref="InputFileException">The file is missing, not a regular file, or too large.</exception>
    /// <exception cref="DamagedFileException">The content does not have the form that <see cref="Write"/>
    /// writes.</exception>
    public static T Read<T>(string path, Remedy? remedy) =>
        Parse<T>(RegularFile.ReadAllBytes(path, MaximumBytes), path, remedy);

    /// <summary>Reads a document in memory.</summary>
    /// <param name="json">UTF-8.</param>
    /// <param name="source">Name of the document in messages.</param>
    /// <param name="remedy">The step that makes the file.</param>
    /// <exception cref="DamagedFileException">The content does not have the form that <see cref="Write"/>
    /// writes.</exception>
    public static T Parse<T>(ReadOnlyMemory<byte> json, string source, Remedy? remedy)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(
                json,
                new JsonDocumentOptions { AllowDuplicateProperties = false }
            );
            CheckVersion(document.RootElement, source, remedy);
            JsonTypeInfo type = Options.GetTypeInfo(typeof(T));
            CheckNulls(document.RootElement, type, "$");
            return document.RootElement.Deserialize((JsonTypeInfo<T>)type)!;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException)
        {
            throw new DamagedFileException(source, error.Message, remedy, error);
        }
    }

    /// <summary>Reads a file whose form is not that of a record type.</summary>
    /// <param name="path">The file.</param>
    /// <param name="remedy">The step that makes the file.</param>
    /// <param name="read">Reads the document; its <see cref="JsonFileException"/> is reported as damage.</param>
    /// <exception cref="InputFileException">The file is missing, not a regular file, or too large.</exception>
    /// <exception cref="DamagedFileException">The content is not valid.</exception>
    public static T Read<T>(string path, Remedy? remedy, Func<ForeignValue, T> read) =>
        Parse(RegularFile.ReadAllBytes(path, MaximumBytes), path, remedy, read);

    /// <summary>Reads a document in memory whose form is not that of a record type.</summary>
    public static T Parse<T>(ReadOnlyMemory<byte> json, string source, Remedy? remedy, Func<ForeignValue, T> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        try
        {
            var twice = new Notes();
            ForeignValue document = ForeignJson.Parse(json, source, twice);
            if (twice.All is [string first, ..])
                throw new DamagedFileException(source, first, remedy);
            return read(document);
        }
        catch (JsonFileException error)
        {
            throw new DamagedFileException(source, error.Detail, remedy, error);
        }
    }

    private static void CheckVersion(JsonElement root, string source, Remedy? remedy)
    {
        if (
            root.ValueKind != JsonValueKind.Object
            || !root.TryGetProperty(VersionKey, out JsonElement stated)
            || stated.ValueKind != JsonValueKind.Number
        )
            return;
        if (!stated.TryGetInt32(out int version) || version is < 1 or > Version)
        {
            throw new DamagedFileException(
                source,
                $"version {stated.GetRawText()}, and this program reads version {Version}: use the program that wrote it, or",
                remedy
            );
        }
    }

    // The serializer accepts null for items of reference types in lists and dictionaries; no file of this program
    // contains one.
    private static void CheckNulls(JsonElement element, JsonTypeInfo type, string path)
    {
        if (element.ValueKind == JsonValueKind.Null)
        {
            if (path is "$" || (path[^1] == ']' && (!type.Type.IsValueType)))
                throw new JsonException($"null at {path}");
            return;
        }
        switch (type.Kind)
        {
            case JsonTypeInfoKind.Object when element.ValueKind == JsonValueKind.Object:
                foreach (JsonPropertyInfo property in type.Properties)
                {
                    if (element.TryGetProperty(property.Name, out JsonElement member))
                        CheckNulls(member, Options.GetTypeInfo(property.PropertyType), $"{path}.{property.Name}");
                }
                break;
            case JsonTypeInfoKind.Dictionary
                when element.ValueKind == JsonValueKind.Object && type.ElementType is { IsValueType: false } valueType:
                foreach (JsonProperty member in element.EnumerateObject())
                    CheckNulls(member.Value, Options.GetTypeInfo(valueType), $"{path}['{member.Name}']");
                break;
            case JsonTypeInfoKind.Enumerable
                when element.ValueKind == JsonValueKind.Array && type.ElementType is { IsValueType: false } itemType:
                int index = 0;
                foreach (JsonElement item in element.EnumerateArray())
                    CheckNulls(item, Options.GetTypeInfo(itemType), $"{path}[{index++}]");
                break;
            default:
                break;
        }
    }
}
