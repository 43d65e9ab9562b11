using System.Text.Json;

namespace Qua2SeDiMo.Verification;

/// <summary>Numbers of reference files; null and "NaN" mean not a number.</summary>
internal static class JsonArrays
{
    public static double Number(JsonElement element) =>
        element.ValueKind == JsonValueKind.Number ? element.GetDouble() : double.NaN;

    public static double[] Doubles(JsonElement element) => [.. element.EnumerateArray().Select(Number)];

    public static int[] Integers(JsonElement element) =>
        [.. element.EnumerateArray().Select(value => value.GetInt32())];

    public static long[] Longs(JsonElement element) => [.. element.EnumerateArray().Select(value => value.GetInt64())];
}
