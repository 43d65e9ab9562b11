using System.Text.Json;

namespace Qua2SeDiMo.Verification;

/// <summary>Reads numbers of reference files; anything but a JSON number, such as null or "NaN", becomes NaN.</summary>
internal static class JsonArrays
{
    public static double Number(JsonElement element) =>
        element.ValueKind == JsonValueKind.Number ? element.GetDouble() : double.NaN;

    public static double[] Doubles(JsonElement element) => [.. element.EnumerateArray().Select(Number)];

    public static int[] Integers(JsonElement element) =>
        [.. element.EnumerateArray().Select(value => value.GetInt32())];

    public static long[] Longs(JsonElement element) => [.. element.EnumerateArray().Select(value => value.GetInt64())];
}
