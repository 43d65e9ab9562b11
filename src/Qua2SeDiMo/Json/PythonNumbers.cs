namespace Qua2SeDiMo.Json;

/// <summary>Replaces the bare words Infinity, -Infinity and NaN, which Python writes although JSON does not allow
/// them.</summary>
internal static class PythonNumbers
{
    /// <summary>A number that stands for NaN; no real document is expected to contain it.</summary>
    internal static ReadOnlySpan<byte> NotANumber => "-0e-0000000000170731"u8;

    // Overflows to infinity in double precision.
    private static ReadOnlySpan<byte> Infinity => "1e99999"u8;

    /// <summary>The document with these words replaced by numbers; null if it has none outside of strings.</summary>
    internal static byte[]? Replace(ReadOnlySpan<byte> json)
    {
        List<byte>? result = null;
        bool inText = false;
        int copied = 0;
        for (int i = 0; i < json.Length; i++)
        {
            if (json[i] == '"')
                inText = !inText;
            else if (inText)
            {
                if (json[i] == '\\')
                    i++;
            }
            else if (json[i] is (byte)'I' or (byte)'N')
            {
                bool infinite = json[i..].StartsWith("Infinity"u8);
                if (!infinite && !json[i..].StartsWith("NaN"u8))
                    continue;
                result ??= [];
                result.AddRange(json[copied..i]);
                result.AddRange(infinite ? Infinity : NotANumber);
                i += infinite ? 7 : 2;
                copied = i + 1;
            }
        }
        result?.AddRange(json[copied..]);
        return result?.ToArray();
    }
}
