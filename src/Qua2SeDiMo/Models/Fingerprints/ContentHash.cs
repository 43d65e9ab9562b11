using System.Globalization;
using System.IO.Hashing;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Qua2SeDiMo.Models.Fingerprints;

/// <summary>
/// Fingerprints of small contents: XxHash128 as 32 hexadecimal digits. They detect changes, but not deliberate forgery.
/// </summary>
internal static class ContentHash
{
    /// <summary>Fingerprint of bytes.</summary>
    public static string Of(ReadOnlySpan<byte> content) => Convert.ToHexStringLower(XxHash128.Hash(content));

    /// <summary>Fingerprint of a text in UTF-8.</summary>
    public static string Of(string content) => Of(Encoding.UTF8.GetBytes(content));

    /// <summary>Fingerprint of the content of a JSON document, independent of whitespace and of the order of
    /// members.</summary>
    /// <param name="content">The document.</param>
    /// <param name="isLeftOut">Selects members of the outermost object to leave out, by name; null includes
    /// all.</param>
    public static string Of(JsonObject content, Func<string, bool>? isLeftOut = null)
    {
        ArgumentNullException.ThrowIfNull(content);
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
            Write(writer, content, isLeftOut);
        return Of(stream.GetBuffer().AsSpan(0, (int)stream.Length));
    }

    private static void Write(Utf8JsonWriter writer, JsonNode? node, Func<string, bool>? isLeftOut)
    {
        switch (node)
        {
            case JsonObject members:
                writer.WriteStartObject();
                foreach ((string name, JsonNode? value) in members.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                {
                    if (isLeftOut?.Invoke(name) == true)
                        continue;
                    writer.WritePropertyName(name);
                    Write(writer, value, null);
                }
                writer.WriteEndObject();
                break;
            case JsonArray items:
                writer.WriteStartArray();
                foreach (JsonNode? item in items)
                    Write(writer, item, null);
                writer.WriteEndArray();
                break;
            case null:
                writer.WriteNullValue();
                break;
            // Infinities and NaN, which Python writes and JSON does not have, are hashed as strings.
            case JsonValue value when value.TryGetValue(out double number) && !double.IsFinite(number):
                writer.WriteStringValue(number.ToString(CultureInfo.InvariantCulture));
                break;
            default:
                node.WriteTo(writer);
                break;
        }
    }
}
