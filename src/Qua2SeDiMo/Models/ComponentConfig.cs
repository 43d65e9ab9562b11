using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Qua2SeDiMo.Models;

/// <summary>
/// Typed view of one <c>config.json</c> or <c>scheduler_config.json</c>. A key that is missing or null gives the caller's default,
/// as in diffusers and transformers; a value of the wrong kind is an error that names file and key.
/// </summary>
public sealed partial class ComponentConfig
{
    private const long MaximumBytes = 64L << 20;

    private ComponentConfig(string source, JsonObject root)
    {
        Source = source;
        Root = root;
    }

    /// <summary>File that it came from (and the path of keys inside, for a nested object), for messages.</summary>
    public string Source { get; }

    /// <summary>The JSON object.</summary>
    public JsonObject Root { get; }

    /// <summary><c>_class_name</c> (diffusers) or the first of <c>architectures</c> (transformers); empty when neither is there.</summary>
    public string ClassName => Root["_class_name"]?.GetValueKind() == JsonValueKind.String
        ? Root["_class_name"]!.GetValue<string>()
        : Strings("architectures") is [string first, ..] ? first : "";

    /// <summary>Reads a file; Infinity, -Infinity and NaN are accepted, as Python writes them.</summary>
    /// <exception cref="ModelFolderException">The file is missing, too large or not a JSON object.</exception>
    public static ComponentConfig Read(string path)
    {
        if (!File.Exists(path)) throw new ModelFolderException($"{path}: there is no such file; a diffusers folder has one.");
        if (new FileInfo(path).Length > MaximumBytes) throw new ModelFolderException($"{path}: larger than {MaximumBytes >> 20} MiB, which no configuration is.");
        return Parse(File.ReadAllText(path), path);
    }

    /// <summary>Parses text; <paramref name="source"/> names it in messages.</summary>
    /// <exception cref="ModelFolderException">Not a JSON object.</exception>
    public static ComponentConfig Parse(string json, string source)
    {
        try
        {
            return JsonNode.Parse(PythonNumbers().Replace(json, match => match.Groups["text"].Success ? match.Value : $"\"{match.Value}\"")) is JsonObject root
                ? new ComponentConfig(source, root)
                : throw new ModelFolderException($"{source}: not a JSON object.");
        }
        catch (Exception error) when (error is JsonException or ArgumentException)
        {
            throw new ModelFolderException($"{source}: not valid JSON: {error.Message}", error);
        }
    }

    /// <summary>Whether the key is there with a value other than null.</summary>
    public bool Has(string key) => Root[key] is not null;

    /// <summary>An integer, or the default.</summary>
    public int Int(string key, int defaultValue) => IntOrNull(key) ?? defaultValue;

    /// <summary>An integer that has no default.</summary>
    public int Int(string key) => IntOrNull(key) ?? throw Missing(key);

    /// <summary>An integer, or null.</summary>
    public int? IntOrNull(string key)
    {
        double? value = NumberOrNull(key);
        if (value is null) return null;
        return value == Math.Floor(value.Value) && Math.Abs(value.Value) <= int.MaxValue ? (int)value.Value : throw Wrong(key, "an integer");
    }

    /// <summary>A number, or the default.</summary>
    public double Number(string key, double defaultValue) => NumberOrNull(key) ?? defaultValue;

    /// <summary>A number, or null; infinities are possible.</summary>
    public double? NumberOrNull(string key) => Root[key] is null ? null : ToNumber(Root[key]!) ?? throw Wrong(key, "a number");

    /// <summary>True or false, or the default.</summary>
    public bool Flag(string key, bool defaultValue) => Root[key]?.GetValueKind() switch
    {
        null => defaultValue,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong(key, "true or false"),
    };

    /// <summary>Text, or the default.</summary>
    public string Text(string key, string defaultValue) => TextOrNull(key) ?? defaultValue;

    /// <summary>Text, or null.</summary>
    public string? TextOrNull(string key) => Root[key] is not { } node ? null
        : node.GetValueKind() == JsonValueKind.String ? node.GetValue<string>() : throw Wrong(key, "text");

    /// <summary>A list of integers; a single integer is repeated <paramref name="count"/> times; null when missing.</summary>
    public int[]? Ints(string key, int count = 1)
    {
        if (Root[key] is JsonArray array) return [.. array.Select(item => item is not null && ToNumber(item) is { } value ? (int)value : throw Wrong(key, "a list of integers"))];
        return IntOrNull(key) is { } single ? [.. Enumerable.Repeat(single, count)] : null;
    }

    /// <summary>A list of numbers, or null when missing.</summary>
    public double[]? Numbers(string key) => Root[key] is null ? null
        : Root[key] is JsonArray array ? [.. array.Select(item => item is null ? throw Wrong(key, "a list of numbers") : ToNumber(item) ?? throw Wrong(key, "a list of numbers"))]
        : throw Wrong(key, "a list of numbers");

    /// <summary>A list of texts; empty when missing.</summary>
    public IReadOnlyList<string> Strings(string key) => Root[key] is null ? []
        : Root[key] is JsonArray array ? [.. array.Select(item => item?.GetValueKind() == JsonValueKind.String ? item.GetValue<string>() : throw Wrong(key, "a list of texts"))]
        : throw Wrong(key, "a list of texts");

    /// <summary>A nested object; empty when missing, so that its keys take their defaults.</summary>
    public ComponentConfig Object(string key) => Root[key] switch
    {
        null => new ComponentConfig($"{Source}: {key}", []),
        JsonObject nested => new ComponentConfig($"{Source}: {key}", nested),
        _ => throw Wrong(key, "an object"),
    };

    /// <summary>An error that names this file, a key and its value, for settings that are understood but not supported.</summary>
    public ModelFolderException Unsupported(string key, string supported) =>
        new($"{Source}: '{key}' is {Root[key]?.ToJsonString() ?? "null"}, which is not supported; {supported}.");

    private static double? ToNumber(JsonNode node)
    {
        switch (node.GetValueKind())
        {
            case JsonValueKind.Number:
                return node.GetValue<JsonElement>().GetDouble();
            case JsonValueKind.String:
                return node.GetValue<string>() switch
                {
                    "Infinity" => double.PositiveInfinity,
                    "-Infinity" => double.NegativeInfinity,
                    "NaN" => double.NaN,
                    _ => null,
                };
            default:
                return null;
        }
    }

    private ModelFolderException Missing(string key) => new($"{Source}: '{key}' is missing.");

    private ModelFolderException Wrong(string key, string expected) => new($"{Source}: '{key}' is {Root[key]!.ToJsonString()}, expected {expected}.");

    // Texts are matched first, so that only bare words outside of them are quoted.
    [GeneratedRegex("""(?<text>"(?:[^"\\]|\\.)*")|-?\b(?:Infinity|NaN)\b""", RegexOptions.Singleline | RegexOptions.NonBacktracking)]
    private static partial Regex PythonNumbers();
}
