using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Qua2SeDiMo.Json;

/// <summary>
/// A value of a <see cref="ForeignJson"/> document together with its path. Callers request the expected type; any other
/// is an error like <c>config.json: down_block_types[2]: found 7, expected text</c>. A missing member and a null one
/// are treated alike.
/// </summary>
internal readonly struct ForeignValue
{
    private const int LongestExcerpt = 80;

    private readonly JsonNode? node;

    // A null or missing value has no node; its path follows from its parent and its name or index.
    private readonly JsonNode? parent;
    private readonly string? name;
    private readonly int index;

    internal ForeignValue(string source, JsonNode? node)
    {
        Source = source;
        this.node = node;
    }

    private ForeignValue(string source, JsonNode? node, JsonNode parent, string? name, int index = 0)
        : this(source, node)
    {
        this.parent = parent;
        this.name = name;
        this.index = index;
    }

    /// <summary>File of the document.</summary>
    public string Source { get; }

    /// <summary>Path inside the document, for instance <c>text_config.layers[2]</c>; empty for the root.</summary>
    public string Path =>
        node is not null ? PathOf(node)
        : parent is not null ? (PathOf(parent) + Step(name, index)).TrimStart('.')
        : "";

    /// <summary>Whether the value is null or missing.</summary>
    public bool IsNull => node is null;

    /// <summary>Whether the value is an object.</summary>
    public bool IsObject => node is JsonObject;

    /// <summary>Whether the value is a list.</summary>
    public bool IsList => node is JsonArray;

    /// <summary>Whether the value is text.</summary>
    public bool IsText => node?.GetValueKind() == JsonValueKind.String;

    /// <summary>Whether the value is a number.</summary>
    public bool IsNumber => TryNumber(out _);

    /// <summary>Whether the value is true or false.</summary>
    public bool IsFlag => node?.GetValueKind() is JsonValueKind.True or JsonValueKind.False;

    /// <summary>The member with the given name; a null value if there is none.</summary>
    /// <exception cref="JsonFileException">The value is not an object.</exception>
    public ForeignValue this[string name] =>
        node is JsonObject members
            ? new ForeignValue(
                Source,
                members.TryGetPropertyValue(name, out JsonNode? member) ? member : null,
                members,
                name
            )
            : throw Fault("an object");

    /// <summary>Items of a list.</summary>
    /// <exception cref="JsonFileException">The value is not a list.</exception>
    public IReadOnlyList<ForeignValue> Items
    {
        get
        {
            if (node is not JsonArray list)
                throw Fault("a list");
            var items = new ForeignValue[list.Count];
            for (int i = 0; i < items.Length; i++)
                items[i] = new ForeignValue(Source, list[i], list, null, i);
            return items;
        }
    }

    /// <summary>Members of an object in the order of the file.</summary>
    /// <exception cref="JsonFileException">The value is not an object.</exception>
    public IEnumerable<KeyValuePair<string, ForeignValue>> Members
    {
        get
        {
            if (node is not JsonObject members)
                throw Fault("an object");
            string source = Source;
            return members.Select(pair =>
                KeyValuePair.Create(pair.Key, new ForeignValue(source, pair.Value, members, pair.Key))
            );
        }
    }

    /// <summary>Whether a member exists, even if it is null.</summary>
    public bool Has(string name) => node is JsonObject members && members.ContainsKey(name);

    /// <summary>The object as unchecked nodes.</summary>
    /// <exception cref="JsonFileException">The value is not an object.</exception>
    public JsonObject AsObject() => node as JsonObject ?? throw Fault("an object");

    /// <summary>The value as text.</summary>
    /// <exception cref="JsonFileException">The value has another type.</exception>
    public string Text() => IsText ? node!.GetValue<string>() : throw Fault("text");

    /// <summary>The value as text; null if it is null or missing.</summary>
    /// <exception cref="JsonFileException">The value has another type.</exception>
    public string? TextOrNull() => IsNull ? null : Text();

    /// <summary>The value as true or false.</summary>
    /// <exception cref="JsonFileException">The value has another type.</exception>
    public bool Flag() => IsFlag ? node!.GetValue<bool>() : throw Fault("true or false");

    /// <summary>The value as true or false; null if it is null or missing.</summary>
    /// <exception cref="JsonFileException">The value has another type.</exception>
    public bool? FlagOrNull() => IsNull ? null : Flag();

    /// <summary>The value as a double, which may be infinite or NaN.</summary>
    /// <exception cref="JsonFileException">The value has another type.</exception>
    public double Number() => TryNumber(out double value) ? value : throw Fault("a number");

    /// <summary>The value as a double; null if it is null or missing.</summary>
    /// <exception cref="JsonFileException">The value has another type.</exception>
    public double? NumberOrNull() => IsNull ? null : Number();

    /// <summary>The value as a 32-bit integer; 2.0 is accepted, 2.5 and 1e10 are not.</summary>
    /// <exception cref="JsonFileException">The value has another type.</exception>
    public int Int() => TryInt(out int value) ? value : throw Fault("an integer");

    /// <summary>Tries to read the value as a 32-bit integer.</summary>
    public bool TryInt(out int value)
    {
        bool isWhole = TryLong(out long number) && number is >= int.MinValue and <= int.MaxValue;
        value = isWhole ? (int)number : 0;
        return isWhole;
    }

    /// <summary>The value as a 32-bit integer; null if it is null or missing.</summary>
    /// <exception cref="JsonFileException">The value has another type.</exception>
    public int? IntOrNull() => IsNull ? null : Int();

    /// <summary>The value as a 64-bit integer.</summary>
    /// <exception cref="JsonFileException">The value has another type.</exception>
    public long Long() => TryLong(out long value) ? value : throw Fault("an integer");

    /// <summary>Creates an error that states the found value and the expected one.</summary>
    public JsonFileException Fault(string expected) =>
        Error(
            IsNull && name is not null && !parent!.AsObject().ContainsKey(name)
                ? $"missing; expected {expected}."
                : $"found {Excerpt()}, expected {expected}."
        );

    /// <summary>Creates an error that names the path of this value.</summary>
    public JsonFileException Error(string text) => new(Source, Path is { Length: > 0 } path ? $"{path}: {text}" : text);

    /// <summary>The value as JSON for a message, shortened if it is long.</summary>
    public string Excerpt() => Excerpt(node);

    /// <inheritdoc/>
    public override string ToString() => Excerpt();

    /// <summary>A value as JSON for a message, shortened if it is long.</summary>
    internal static string Excerpt(JsonNode? node)
    {
        var text = new StringBuilder();
        Append(text, node);
        return Shorten(text.ToString());
    }

    /// <summary>One step of a path: a member's name, or the index of an item.</summary>
    internal static string Step(string? name, int index) =>
        name is null ? string.Create(CultureInfo.InvariantCulture, $"[{index}]") : "." + Shorten(name);

    private static void Append(StringBuilder text, JsonNode? node)
    {
        if (text.Length > LongestExcerpt)
            return;
        switch (node)
        {
            case null:
                text.Append("null");
                break;
            case JsonArray list:
                text.Append('[');
                AppendAll(text, list, item => Append(text, item));
                text.Append(']');
                break;
            case JsonObject members:
                text.Append('{');
                AppendAll(
                    text,
                    members,
                    member =>
                    {
                        text.Append('"').Append(Shorten(member.Key)).Append("\": ");
                        Append(text, member.Value);
                    }
                );
                text.Append('}');
                break;
            case JsonValue value when value.TryGetValue(out string? content):
                text.Append('"').Append(Shorten(content)).Append('"');
                break;
            case JsonValue value when value.TryGetValue(out double number) && !double.IsFinite(number):
                text.Append(
                    double.IsNaN(number) ? "NaN"
                    : number > 0 ? "Infinity"
                    : "-Infinity"
                );
                break;
            default:
                text.Append(Shorten(node.ToJsonString()));
                break;
        }
    }

    private static void AppendAll<T>(StringBuilder text, IEnumerable<T> items, Action<T> append)
    {
        int start = text.Length;
        foreach (T item in items)
        {
            if (text.Length > LongestExcerpt)
                return;
            if (text.Length > start)
                text.Append(", ");
            append(item);
        }
    }

    // Does not cut inside a surrogate pair.
    private static string Shorten(string text) =>
        text.Length <= LongestExcerpt
            ? text
            : text[..(char.IsHighSurrogate(text[LongestExcerpt - 1]) ? LongestExcerpt - 1 : LongestExcerpt)] + "…";

    private static string PathOf(JsonNode node)
    {
        var steps = new Stack<string>();
        for (JsonNode current = node; current.Parent is { } above; current = above)
        {
            steps.Push(above is JsonArray ? Step(null, current.GetElementIndex()) : Step(current.GetPropertyName(), 0));
        }
        return string.Concat(steps).TrimStart('.');
    }

    private bool TryNumber(out double number)
    {
        number = 0;
        if (node is not JsonValue value || value.GetValueKind() != JsonValueKind.Number)
            return false;
        return value.TryGetValue(out number)
            || (value.TryGetValue(out JsonElement element) && element.TryGetDouble(out number));
    }

    private bool TryLong(out long number)
    {
        number = 0;
        if (
            node is JsonValue value
            && value.TryGetValue(out JsonElement element)
            && element.ValueKind == JsonValueKind.Number
            && element.TryGetInt64(out number)
        )
            return true;
        // 2.0 and 1e3 are integers too. Beyond 2^53 a double cannot show whether there was a fraction.
        if (!TryNumber(out double real) || real != Math.Floor(real) || Math.Abs(real) > 1L << 53)
            return false;
        number = (long)real;
        return true;
    }
}
