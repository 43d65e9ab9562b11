using System.Buffers.Binary;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Models;

/// <summary>
/// The header of a safetensors file, which consists of eight bytes of length (little-endian), that many bytes of JSON,
/// and the data. Source: the format description of the safetensors project. Every statement of the header is checked
/// against the file before use.
/// </summary>
internal sealed class SafetensorsHeader
{
    /// <summary>Largest header that the format allows, in bytes.</summary>
    internal const long MaximumHeaderBytes = 100_000_000;
    private const int MaximumRank = 16;
    private const int MaximumDepth = 8;

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

    /// <summary>Reads and checks the header; the position of the stream afterwards is undefined.</summary>
    /// <exception cref="SafetensorsException">The header is inconsistent with the file, or the file has another
    /// format.</exception>
    /// <exception cref="JsonFileException">The header is not JSON, or a value in it has the wrong type.</exception>
    internal static SafetensorsHeader Read(Stream stream, string path)
    {
        long fileBytes = stream.Length;
        byte[] start = new byte[Math.Min(ForeignContent.StartBytes, fileBytes)];
        stream.ReadExactly(start);
        stream.Position = 0;
        // In a safetensors file, a brace follows the eight bytes of length.
        if ((start.Length <= 8 || start[8] != '{') && ForeignContent.Format(start) is { } foreign)
            throw new SafetensorsException(path, foreign);
        if (fileBytes < 8)
            throw new SafetensorsException(
                path,
                $"{fileBytes} bytes are too few for a safetensors file; was the copy cut short?"
            );
        Span<byte> prefix = stackalloc byte[8];
        stream.ReadExactly(prefix);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > MaximumHeaderBytes)
        {
            throw new SafetensorsException(
                path,
                $"the header claims {length} bytes, more than the limit of {MaximumHeaderBytes}; this is not a safetensors file."
            );
        }
        if ((long)length > fileBytes - 8)
            throw new SafetensorsException(
                path,
                $"the header claims {length} bytes, the file has {fileBytes - 8} after its length field; was the copy cut short?"
            );
        byte[] json = new byte[length];
        stream.ReadExactly(json);
        var twice = new Notes();
        ForeignValue root = ForeignJson.Parse(json, path, twice, maximumDepth: MaximumDepth);
        // Repeated keys are tolerated in other JSON files, but not in a header, as in the reference implementation: two
        // readers could see two different models.
        if (twice.All is [string first, ..])
            throw new SafetensorsException(
                path,
                $"the header says a thing more than once ({first}); make the file again."
            );
        if (!root.IsObject)
            throw new SafetensorsException(path, "the header is not a JSON object.");
        return Parse(root, path, dataStart: 8 + (long)length, dataBytes: fileBytes - 8 - (long)length);
    }

    private static SafetensorsHeader Parse(ForeignValue root, string path, long dataStart, long dataBytes)
    {
        var entries = new Dictionary<string, Entry>(StringComparer.Ordinal);
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((string name, ForeignValue value) in root.Members)
        {
            if (name != "__metadata__")
                entries.Add(name, ReadEntry(name, value, path, dataBytes));
            else
                foreach ((string key, ForeignValue text) in value.Members)
                    metadata.Add(key, text.Text());
        }
        CheckCoverage(entries, path, dataBytes);
        return new SafetensorsHeader(dataStart, entries, metadata);
    }

    private static Entry ReadEntry(string name, ForeignValue value, string path, long dataBytes)
    {
        long[] shape = ReadIntegers(value["shape"]);
        if (shape.Length > MaximumRank)
            throw new SafetensorsException(
                path,
                name,
                $"{shape.Length} dimensions; at most {MaximumRank} are accepted."
            );
        long[] offsets = ReadIntegers(value["data_offsets"]);
        if (offsets.Length != 2)
            throw new SafetensorsException(path, name, $"'data_offsets' has {offsets.Length} entries, not 2.");
        if (offsets[0] > offsets[1])
            throw new SafetensorsException(path, name, $"data ends at {offsets[1]}, before it begins at {offsets[0]}.");
        if (offsets[1] > dataBytes)
            throw new SafetensorsException(
                path,
                name,
                $"data ends at byte {offsets[1]}, the file has {dataBytes} bytes of data; was the copy cut short?"
            );
        return new Entry(Describe(path, name, value["dtype"].Text(), shape, offsets[1] - offsets[0]), offsets[0]);
    }

    private static TensorInfo Describe(string path, string name, string typeName, long[] shape, long bytes)
    {
        // The size of a tensor of unknown type cannot be checked; reading such a tensor is an error.
        ElementType type = SafetensorsTypes.Parse(typeName) ?? ElementType.Unknown;
        TensorInfo info =
            TensorInfo.Checked(name, type, shape)
            ?? throw new SafetensorsException(path, name, $"shape [{string.Join(", ", shape)}] overflows.");
        if (type == ElementType.Unknown)
            return TensorInfo.OfUnknownType(name, typeName, shape, bytes);
        if (type.Bits() is { } bits && info.ElementCount * bits % 8 != 0)
        {
            throw new SafetensorsException(
                path,
                name,
                $"shape [{string.Join(", ", shape)}] of {typeName} does not fill whole bytes."
            );
        }
        return info.SizeBytes == bytes
            ? info
            : throw new SafetensorsException(
                path,
                name,
                $"shape [{string.Join(", ", shape)}] of {typeName} needs {info.SizeBytes} bytes, 'data_offsets' span {bytes}."
            );
    }

    private static long[] ReadIntegers(ForeignValue list) =>
        [
            .. list.Items.Select(item =>
                item.Long() is >= 0 and var value ? value : throw item.Fault("a non-negative integer")
            ),
        ];

    // The format requires that tensors cover the data without gaps or overlaps.
    private static void CheckCoverage(Dictionary<string, Entry> entries, string path, long dataBytes)
    {
        long end = 0;
        foreach (Entry entry in entries.Values.OrderBy(entry => entry.Offset).ThenBy(entry => entry.Info.SizeBytes))
        {
            if (entry.Offset != end)
            {
                throw new SafetensorsException(
                    path,
                    entry.Info.Name,
                    entry.Offset < end
                        ? $"data begins at byte {entry.Offset}, inside the tensor before it, which ends at {end}."
                        : $"data begins at byte {entry.Offset}; bytes {end} to {entry.Offset} belong to no tensor."
                );
            }
            end = entry.Offset + entry.Info.SizeBytes;
        }
        if (end != dataBytes)
            throw new SafetensorsException(path, $"{dataBytes - end} bytes after the last tensor belong to nothing.");
    }
}
