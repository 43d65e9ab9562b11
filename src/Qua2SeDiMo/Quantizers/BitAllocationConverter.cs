using System.Text.Json;
using System.Text.Json.Serialization;
using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Quantizers;

/// <summary>Converts an allocation inside a JSON file of this program: an object of weight name to option.</summary>
internal sealed class BitAllocationConverter : JsonConverter<BitAllocation>
{
    /// <exception cref="JsonException">The value is not an object of weight name to option.</exception>
    public override BitAllocation Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new JsonException("an allocation is an object of weight name to option");
        var choices = new Dictionary<string, QuantizerSpec>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            if (
                !reader.Read()
                || reader.TokenType != JsonTokenType.String
                || !QuantizerSpec.TryParse(reader.GetString(), out QuantizerSpec? spec)
            )
            {
                throw new JsonException(
                    $"the option of weight '{name}' is none; options are {string.Join(", ", QuantizerSpec.PaperOptions)}"
                );
            }
            choices[name] = spec;
        }
        return new BitAllocation(choices);
    }

    public override void Write(Utf8JsonWriter writer, BitAllocation value, JsonSerializerOptions options) =>
        value.ToJsonObject().WriteTo(writer, options);
}
