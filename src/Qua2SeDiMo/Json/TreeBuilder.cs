using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Qua2SeDiMo.Json;

/// <summary>Converts a parsed document to nodes. A repeated key keeps its first position and takes its last value, as
/// in Python's dictionaries.</summary>
/// <param name="source">Name of the document in messages.</param>
/// <param name="hasPythonNumbers">Whether NaN was replaced by <see cref="PythonNumbers.NotANumber"/>.</param>
internal sealed class TreeBuilder(string source, bool hasPythonNumbers)
{
    private readonly List<(string? Name, int Index)> place = [];
    private readonly HashSet<string> twice = new(StringComparer.Ordinal);

    /// <summary>Paths of keys that occur more than once in one object.</summary>
    internal IReadOnlyCollection<string> KeysThatStandTwice => twice;

    /// <exception cref="JsonFileException">A string or a key is not valid Unicode.</exception>
    internal JsonNode? Build(JsonElement element) =>
        element.ValueKind switch
        {
            JsonValueKind.Object => BuildObject(element),
            JsonValueKind.Array => BuildList(element),
            JsonValueKind.String => JsonValue.Create(TextOf(element)),
            JsonValueKind.Number => hasPythonNumbers
            && JsonMarshal.GetRawUtf8Value(element).SequenceEqual(PythonNumbers.NotANumber)
                ? JsonValue.Create(double.NaN)
                : JsonValue.Create(element),
            JsonValueKind.True => JsonValue.Create(true),
            JsonValueKind.False => JsonValue.Create(false),
            _ => null,
        };

    private JsonObject BuildObject(JsonElement element)
    {
        var members = new OrderedDictionary<string, JsonNode?>(StringComparer.Ordinal);
        foreach (JsonProperty property in element.EnumerateObject())
        {
            string name = NameOf(property);
            place.Add((name, 0));
            JsonNode? value = Build(property.Value);
            if (!members.TryAdd(name, value))
            {
                members[name] = value;
                twice.Add(Place());
            }
            place.RemoveAt(place.Count - 1);
        }
        return new JsonObject(members);
    }

    private JsonArray BuildList(JsonElement element)
    {
        var items = new JsonNode?[element.GetArrayLength()];
        int index = 0;
        foreach (JsonElement item in element.EnumerateArray())
        {
            place.Add((null, index));
            items[index++] = Build(item);
            place.RemoveAt(place.Count - 1);
        }
        return new JsonArray(items);
    }

    private string TextOf(JsonElement element)
    {
        try
        {
            return element.GetString()!;
        }
        catch (InvalidOperationException error)
        {
            throw NotUnicode("this text", error);
        }
    }

    private string NameOf(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException error)
        {
            throw NotUnicode("a key", error);
        }
    }

    private JsonFileException NotUnicode(string what, Exception error) =>
        new(
            source,
            $"{(place.Count == 0 ? "" : $"{Place()}: ")}{what} is not Unicode (half a surrogate pair, or bytes that are not UTF-8).",
            error
        );

    private string Place()
    {
        string path = string.Concat(place.Select(step => ForeignValue.Step(step.Name, step.Index)));
        return path.StartsWith('.') ? path[1..] : path;
    }
}
