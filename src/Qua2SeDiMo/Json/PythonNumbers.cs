namespace Qua2SeDiMo.Json;

/// <summary>The bare words Infinity, -Infinity and NaN, which Python writes for numbers that JSON does not
/// have.</summary>
internal static class PythonNumbers
{
    /// <summary>An improbable number in place of NaN.</summary>
    internal static ReadOnlySpan<byte> NotANumber => "-0e-0000000000170731"u8;

    // Its value is infinite in double precision.
    private static ReadOnlySpan<byte> Infinity => "1e99999"u8;

    /// <summary>The text with the words replaced by numbers; null if it has none of them outside of texts.</summary>
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
