using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Qua2SeDiMo.Json;

/// <summary>
/// A value of a document that others wrote, together with its place. Readers ask for what they expect; anything else is
/// an error like <c>config.json: down_block_types[2]: found 7, expected text</c>. A member that is missing and one that
/// is null are the same.
/// </summary>
internal readonly struct ForeignValue
{
    private const int LongestExcerpt = 80;

    private readonly JsonNode? node;

    // A value that is null or missing has no node, and is known by its place.
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

    /// <summary>File that holds it.</summary>
    public string Source { get; }

    /// <summary>Its place inside, for instance <c>text_config.layers[2]</c>; empty for the whole document.</summary>
    public string Path =>
        node is not null ? PathOf(node)
        : parent is not null ? (PathOf(parent) + Step(name, index)).TrimStart('.')
        : "";

    /// <summary>Whether it is null or missing.</summary>
    public bool IsNull => node is null;

    /// <summary>Whether it is an object.</summary>
    public bool IsObject => node is JsonObject;

    /// <summary>Whether it is a list.</summary>
    public bool IsList => node is JsonArray;

    /// <summary>Whether it is text.</summary>
    public bool IsText => node?.GetValueKind() == JsonValueKind.String;

    /// <summary>Whether it is a number.</summary>
    public bool IsNumber => TryNumber(out _);

    /// <summary>Whether it is true or false.</summary>
    public bool IsFlag => node?.GetValueKind() is JsonValueKind.True or JsonValueKind.False;

    /// <summary>A member; null when there is none.</summary>
    /// <exception cref="JsonFileException">This is no object.</exception>
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
    /// <exception cref="JsonFileException">This is no list.</exception>
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
    /// <exception cref="JsonFileException">This is no object.</exception>
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

    /// <summary>Whether a member is there, be it null.</summary>
    public bool Has(string name) => node is JsonObject members && members.ContainsKey(name);

    /// <summary>The object as nodes; values of it are not checked.</summary>
    /// <exception cref="JsonFileException">This is no object.</exception>
    public JsonObject AsObject() => node as JsonObject ?? throw Fault("an object");

    /// <summary>Text.</summary>
    /// <exception cref="JsonFileException">It is something else.</exception>
    public string Text() => IsText ? node!.GetValue<string>() : throw Fault("text");

    /// <summary>Text; null when missing.</summary>
    /// <exception cref="JsonFileException">It is something else.</exception>
    public string? TextOrNull() => IsNull ? null : Text();

    /// <summary>True or false.</summary>
    /// <exception cref="JsonFileException">It is something else.</exception>
    public bool Flag() => IsFlag ? node!.GetValue<bool>() : throw Fault("true or false");

    /// <summary>True or false; null when missing.</summary>
    /// <exception cref="JsonFileException">It is something else.</exception>
    public bool? FlagOrNull() => IsNull ? null : Flag();

    /// <summary>A number in double precision, which may be infinite or not a number where Python wrote so.</summary>
    /// <exception cref="JsonFileException">It is something else.</exception>
    public double Number() => TryNumber(out double value) ? value : throw Fault("a number");

    /// <summary>A number; null when missing.</summary>
    /// <exception cref="JsonFileException">It is something else.</exception>
    public double? NumberOrNull() => IsNull ? null : Number();

    /// <summary>A whole number of 32 bits; 2.0 is one, 2.5 and 1e10 are not.</summary>
    /// <exception cref="JsonFileException">It is something else.</exception>
    public int Int() => TryInt(out int value) ? value : throw Fault("an integer");

    /// <summary>Whether it is a whole number of 32 bits, and which.</summary>
    public bool TryInt(out int value)
    {
        bool isWhole = TryLong(out long number) && number is >= int.MinValue and <= int.MaxValue;
        value = isWhole ? (int)number : 0;
        return isWhole;
    }

    /// <summary>A whole number of 32 bits; null when missing.</summary>
    /// <exception cref="JsonFileException">It is something else.</exception>
    public int? IntOrNull() => IsNull ? null : Int();

    /// <summary>A whole number of 64 bits.</summary>
    /// <exception cref="JsonFileException">It is something else.</exception>
    public long Long() => TryLong(out long value) ? value : throw Fault("an integer");

    /// <summary>An error that says what was found here and what was expected.</summary>
    public JsonFileException Fault(string expected) =>
        Error(
            IsNull && name is not null && !parent!.AsObject().ContainsKey(name)
                ? $"missing; expected {expected}."
                : $"found {Excerpt()}, expected {expected}."
        );

    /// <summary>An error that names this place.</summary>
    public JsonFileException Error(string text) => new(Source, Path is { Length: > 0 } path ? $"{path}: {text}" : text);

    /// <summary>The value as JSON for a message, cut where it is long.</summary>
    public string Excerpt() => Excerpt(node);

    /// <inheritdoc/>
    public override string ToString() => Excerpt();

    /// <summary>A value as JSON for a message, cut where it is long.</summary>
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

    // Half a surrogate pair at the cut would not be text any more.
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
        // 2.0 and 1e3 are whole as well; beyond 2^53 a fraction could not be seen.
        if (!TryNumber(out double real) || real != Math.Floor(real) || Math.Abs(real) > 1L << 53)
            return false;
        number = (long)real;
        return true;
    }
}
