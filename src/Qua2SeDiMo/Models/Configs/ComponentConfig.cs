using System.Text.Json.Nodes;
using Qua2SeDiMo.Json;

namespace Qua2SeDiMo.Models.Configs;

/// <summary>
/// Typed view of one <c>config.json</c> or <c>scheduler_config.json</c>. A missing or null key gives the caller's
/// default, as in diffusers and transformers; a value of the wrong type throws a <see cref="JsonFileException"/> that
/// names file and key.
/// </summary>
internal sealed class ComponentConfig
{
    private readonly ForeignValue value;
    private readonly string? assignedClass;
    private readonly HashSet<string> asked = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ComponentConfig> objects = new(StringComparer.Ordinal);

    private ComponentConfig(string source, ForeignValue value, string? assignedClass = null)
    {
        Source = source;
        this.value = value;
        this.assignedClass = assignedClass;
    }

    /// <summary>File of the configuration (followed by the key, for a nested object), for error messages.</summary>
    public string Source { get; }

    /// <summary>The JSON object.</summary>
    public JsonObject Root => value.AsObject();

    /// <summary>The class that the configuration is opened as: that of model_index.json, else the file's own.</summary>
    public string ClassName => assignedClass ?? OwnClassName;

    /// <summary>The class that the file itself names: <c>_class_name</c> (diffusers) or the first of
    /// <c>architectures</c> (transformers); empty when both are missing.</summary>
    public string OwnClassName =>
        value["_class_name"].IsText ? value["_class_name"].Text()
        : Strings("architectures") is [string first, ..] ? first
        : "";

    /// <summary>Keys whose value is not null.</summary>
    public IEnumerable<string> Keys => Root.Where(pair => pair.Value is not null).Select(pair => pair.Key);

    /// <summary>The value of a key; a null value when it is missing. This and all readers below record the key in
    /// <see cref="AskedKeys"/>.</summary>
    public ForeignValue this[string key]
    {
        get
        {
            asked.Add(key);
            return value[key];
        }
    }

    /// <summary>Keys that were read, whether or not the file has them.</summary>
    public IReadOnlySet<string> AskedKeys => asked;

    /// <summary>All keys with their values, in the order of the file.</summary>
    public IEnumerable<KeyValuePair<string, ForeignValue>> Members => value.Members;

    /// <summary>Reads a file; Infinity, -Infinity and NaN are accepted, as Python writes them.</summary>
    /// <param name="path">The file.</param>
    /// <param name="notes">Receives a line for every repeated key.</param>
    /// <exception cref="ModelFolderException">The file is missing.</exception>
    /// <exception cref="Q2Exception">The file is not a regular file, is too large, or is not a JSON object.</exception>
    public static ComponentConfig Read(string path, Notes? notes = null)
    {
        if (!File.Exists(path))
            throw new ModelFolderException($"{path}: there is no such file; a diffusers folder has one.");
        return Of(ForeignJson.Read(path, notes));
    }

    /// <summary>Parses JSON text; <paramref name="source"/> names it in error messages.</summary>
    /// <exception cref="JsonFileException">The value is not a JSON object.</exception>
    public static ComponentConfig Parse(string json, string source) =>
        Of(ForeignJson.Parse(System.Text.Encoding.UTF8.GetBytes(json), source));

    /// <summary>Creates the view of a parsed object.</summary>
    /// <exception cref="JsonFileException">The value is not a JSON object.</exception>
    public static ComponentConfig Of(ForeignValue value) =>
        value.IsObject ? new ComponentConfig(value.Source, value) : throw value.Fault("a JSON object");

    /// <summary>The same file, opened as another class.</summary>
    public ComponentConfig As(string className) => new(Source, value, className);

    /// <summary>The same file with another value of one key.</summary>
    public ComponentConfig With(string key, JsonNode? newValue)
    {
        JsonObject root = Root.DeepClone().AsObject();
        root[key] = newValue;
        return new ComponentConfig(Source, new ForeignValue(Source, root), assignedClass);
    }

    /// <summary>The same file and class with the given keys and no others.</summary>
    public ComponentConfig Restricted(IEnumerable<KeyValuePair<string, JsonNode?>> keys) =>
        new(Source, new ForeignValue(Source, new JsonObject(keys)), ClassName);

    /// <summary>The raw JSON value of a key, or null.</summary>
    public JsonNode? Value(string key)
    {
        asked.Add(key);
        return Root[key];
    }

    /// <summary>Whether the file has the key, even with the value null; for classes that distinguish null from
    /// missing.</summary>
    public bool Contains(string key)
    {
        asked.Add(key);
        return Root.ContainsKey(key);
    }

    /// <summary>Whether the file has the key with a value other than null.</summary>
    public bool Has(string key) => !this[key].IsNull;

    /// <summary>An integer, or the default.</summary>
    public int Int(string key, int defaultValue) => IntOrNull(key) ?? defaultValue;

    /// <summary>A required integer; throws when it is missing.</summary>
    public int Int(string key) => this[key].Int();

    /// <summary>An integer, or null.</summary>
    public int? IntOrNull(string key) => this[key].IntOrNull();

    /// <summary>A number, or the default.</summary>
    public double Number(string key, double defaultValue) => NumberOrNull(key) ?? defaultValue;

    /// <summary>A number, or null; infinities are possible.</summary>
    /// <exception cref="JsonFileException">The value is not a number, or is NaN.</exception>
    public double? NumberOrNull(string key) =>
        this[key].NumberOrNull() is { } number
            ? !double.IsNaN(number)
                ? number
                : throw this[key].Fault("a number (it is NaN)")
            : null;

    /// <summary>True or false, or the default.</summary>
    public bool Flag(string key, bool defaultValue) => this[key].FlagOrNull() ?? defaultValue;

    /// <summary>Text, or the default.</summary>
    public string Text(string key, string defaultValue) => TextOrNull(key) ?? defaultValue;

    /// <summary>Text, or null.</summary>
    public string? TextOrNull(string key) => this[key].TextOrNull();

    /// <summary>A list of integers; a single integer is repeated <paramref name="count"/> times; null when
    /// missing.</summary>
    public int[]? Ints(string key, int count = 1)
    {
        if (this[key].IsList)
            return [.. this[key].Items.Select(item => item.Int())];
        return IntOrNull(key) is { } single ? [.. Enumerable.Repeat(single, count)] : null;
    }

    /// <summary>A list of numbers, or null when missing.</summary>
    public double[]? Numbers(string key) => Has(key) ? [.. this[key].Items.Select(item => item.Number())] : null;

    /// <summary>A list of texts; empty when missing.</summary>
    public IReadOnlyList<string> Strings(string key) =>
        Has(key) ? [.. this[key].Items.Select(item => item.Text())] : [];

    /// <summary>A nested object; empty when missing, so that its keys take their defaults.</summary>
    public ComponentConfig Object(string key)
    {
        if (objects.TryGetValue(key, out ComponentConfig? known))
            return known;
        string source = $"{Source}: {key}";
        return objects[key] = new ComponentConfig(
            source,
            this[key] switch
            {
                { IsNull: true } => new ForeignValue(source, new JsonObject()),
                { IsObject: true } nested => nested,
                var other => throw other.Fault("an object"),
            }
        );
    }

    /// <summary>The exception for a value that is valid but not supported; its message names file, key and
    /// value.</summary>
    public ModelFolderException Unsupported(string key, string supported) =>
        new($"{Source}: '{key}' is {value[key].Excerpt()}, which is not supported; {supported}.");
}
