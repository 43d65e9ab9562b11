using System.Buffers.Binary;
using System.Text.Json;
using Qua2SeDiMo.Numerics;

namespace Qua2SeDiMo.Models;

/// <summary>
/// The header of a safetensors file: eight bytes of length (little-endian), that many bytes of JSON, then the data.
/// Source: the format description of the safetensors project. Every claim of the header is checked against the file before use.
/// </summary>
internal sealed class SafetensorsHeader
{
    /// <summary>The published limit of a header, in bytes.</summary>
    internal const long MaximumHeaderBytes = 100_000_000;
    private const int MaximumRank = 16;

    private SafetensorsHeader(long dataStart, Dictionary<string, Entry> entries, Dictionary<string, string> metadata)
    {
        DataStart = dataStart;
        Entries = entries;
        Metadata = metadata;
    }

    internal readonly record struct Entry(TensorInfo Info, long Offset);

    /// <summary>Position of the first data byte in the file.</summary>
    internal long DataStart { get; }

    /// <summary>Tensors with their offsets from <see cref="DataStart"/>.</summary>
    internal IReadOnlyDictionary<string, Entry> Entries { get; }

    /// <summary>The text pairs under <c>__metadata__</c>.</summary>
    internal IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Reads and checks the header; the stream is left anywhere.</summary>
    /// <exception cref="SafetensorsException">The header lies.</exception>
    internal static SafetensorsHeader Read(Stream stream, string path)
    {
        long fileBytes = stream.Length;
        if (fileBytes < 8) throw new SafetensorsException(path, $"{fileBytes} bytes are too few for a safetensors file; was the copy cut short?");
        Span<byte> prefix = stackalloc byte[8];
        stream.ReadExactly(prefix);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > MaximumHeaderBytes)
        {
            throw new SafetensorsException(path, $"the header claims {length} bytes, more than the limit of {MaximumHeaderBytes}; this is not a safetensors file "
                + "(pickles such as .bin and .pt are never read: convert them with the safetensors library).");
        }
        if ((long)length > fileBytes - 8) throw new SafetensorsException(path, $"the header claims {length} bytes, the file has {fileBytes - 8} after its length field; was the copy cut short?");
        byte[] json = new byte[length];
        stream.ReadExactly(json);
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 8 });
            return Parse(document.RootElement, path, dataStart: 8 + (long)length, dataBytes: fileBytes - 8 - (long)length);
        }
        catch (JsonException error)
        {
            throw new SafetensorsException(path, $"the header is not JSON: {error.Message}");
        }
        catch (InvalidOperationException error)
        {
            throw new SafetensorsException(path, $"the header holds text that is not UTF-8: {error.Message}");
        }
    }

    private static SafetensorsHeader Parse(JsonElement root, string path, long dataStart, long dataBytes)
    {
        if (root.ValueKind != JsonValueKind.Object) throw new SafetensorsException(path, "the header is not a JSON object.");
        var entries = new Dictionary<string, Entry>(StringComparer.Ordinal);
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        bool sawMetadata = false;
        foreach (JsonProperty property in root.EnumerateObject())
        {
            if (property.Name == "__metadata__")
            {
                if (sawMetadata) throw new SafetensorsException(path, "'__metadata__' stands twice.");
                sawMetadata = true;
                ReadMetadata(property.Value, path, metadata);
            }
            else if (!entries.TryAdd(property.Name, ReadEntry(property, path, dataBytes)))
            {
                throw new SafetensorsException(path, property.Name, "the name stands twice in the header.");
            }
        }
        CheckCoverage(entries, path, dataBytes);
        return new SafetensorsHeader(dataStart, entries, metadata);
    }

    private static void ReadMetadata(JsonElement element, string path, Dictionary<string, string> metadata)
    {
        if (element.ValueKind != JsonValueKind.Object) throw new SafetensorsException(path, "'__metadata__' is not an object.");
        foreach (JsonProperty pair in element.EnumerateObject())
        {
            if (pair.Value.ValueKind != JsonValueKind.String) throw new SafetensorsException(path, $"metadata '{pair.Name}' is not text.");
            metadata[pair.Name] = pair.Value.GetString()!;
        }
    }

    private static Entry ReadEntry(JsonProperty property, string path, long dataBytes)
    {
        string name = property.Name;
        JsonElement element = property.Value;
        if (element.ValueKind != JsonValueKind.Object) throw new SafetensorsException(path, name, "its entry is not an object.");
        if (!element.TryGetProperty("dtype", out JsonElement dtype) || dtype.ValueKind != JsonValueKind.String) throw new SafetensorsException(path, name, "'dtype' is missing.");
        ElementType type = ReadType(dtype.GetString()!, path, name);
        long[] shape = ReadIntegers(element, "shape", path, name);
        if (shape.Length > MaximumRank) throw new SafetensorsException(path, name, $"{shape.Length} dimensions; at most {MaximumRank} are accepted.");
        long[] offsets = ReadIntegers(element, "data_offsets", path, name);
        if (offsets.Length != 2) throw new SafetensorsException(path, name, $"'data_offsets' has {offsets.Length} entries, not 2.");
        if (offsets[0] > offsets[1]) throw new SafetensorsException(path, name, $"data ends at {offsets[1]}, before it begins at {offsets[0]}.");
        if (offsets[1] > dataBytes) throw new SafetensorsException(path, name, $"data ends at byte {offsets[1]}, the file has {dataBytes} bytes of data; was the copy cut short?");
        TensorInfo info;
        try
        {
            info = new TensorInfo(name, type, shape);
            if (checked(info.ElementCount * type.SizeBytes()) != offsets[1] - offsets[0])
            {
                throw new SafetensorsException(path, name, $"shape [{string.Join(", ", shape)}] of {type} needs {info.SizeBytes} bytes, 'data_offsets' span {offsets[1] - offsets[0]}.");
            }
        }
        catch (OverflowException)
        {
            throw new SafetensorsException(path, name, $"shape [{string.Join(", ", shape)}] overflows.");
        }
        return new Entry(info, offsets[0]);
    }

    private static ElementType ReadType(string text, string path, string name) => text switch
    {
        "F32" => ElementType.Float32,
        "F16" => ElementType.Float16,
        "BF16" => ElementType.BFloat16,
        "F64" => ElementType.Float64,
        "I64" => ElementType.Int64,
        "I32" => ElementType.Int32,
        "I8" => ElementType.Int8,
        "U8" => ElementType.UInt8,
        "BOOL" => ElementType.Bool,
        _ => throw new SafetensorsException(path, name, $"element type '{text}' is not supported; F32, F16, BF16, F64, I64, I32, I8, U8 and BOOL are."),
    };

    private static long[] ReadIntegers(JsonElement element, string key, string path, string name)
    {
        if (!element.TryGetProperty(key, out JsonElement array) || array.ValueKind != JsonValueKind.Array) throw new SafetensorsException(path, name, $"'{key}' is missing.");
        long[] values = new long[array.GetArrayLength()];
        int index = 0;
        foreach (JsonElement item in array.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetInt64(out long value) || value < 0)
            {
                throw new SafetensorsException(path, name, $"'{key}' holds {item}, which is not a non-negative integer.");
            }
            values[index++] = value;
        }
        return values;
    }

    // The format demands that tensors tile the data without holes or overlaps: two names must not share bytes.
    private static void CheckCoverage(Dictionary<string, Entry> entries, string path, long dataBytes)
    {
        long end = 0;
        foreach (Entry entry in entries.Values.OrderBy(entry => entry.Offset).ThenBy(entry => entry.Info.SizeBytes))
        {
            if (entry.Offset != end)
            {
                throw new SafetensorsException(path, entry.Info.Name, entry.Offset < end
                    ? $"data begins at byte {entry.Offset}, inside the tensor before it, which ends at {end}."
                    : $"data begins at byte {entry.Offset}; bytes {end} to {entry.Offset} belong to no tensor.");
            }
            end = entry.Offset + entry.Info.SizeBytes;
        }
        if (end != dataBytes) throw new SafetensorsException(path, $"{dataBytes - end} bytes after the last tensor belong to nothing.");
    }
}
