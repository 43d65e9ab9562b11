using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Qua2SeDiMo.Plans;

/// <summary>Converts a budget to and from the text that <see cref="BitBudget.Parse"/> reads, without
/// rounding.</summary>
internal sealed class BitBudgetConverter : JsonConverter<BitBudget>
{
    public override BitBudget Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        try
        {
            return BitBudget.Parse(reader.GetString() ?? "");
        }
        catch (FormatException error)
        {
            throw new JsonException(error.Message, error);
        }
    }

    public override void Write(Utf8JsonWriter writer, BitBudget value, JsonSerializerOptions options) =>
        writer.WriteStringValue(
            value.AverageBits is { } bits ? bits.ToString("R", CultureInfo.InvariantCulture) : value.Name
        );
}
