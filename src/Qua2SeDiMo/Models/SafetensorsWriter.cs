using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Models;

/// <summary>
/// Writes a safetensors file: shapes are declared first, then each tensor's bytes are produced in turn, so that at most
/// one tensor is in memory. Tensors are stored in the given order; equal input gives equal bytes.
/// </summary>
internal static class SafetensorsWriter
{
    /// <summary>One tensor to write.</summary>
    /// <param name="Info">Name, type and shape.</param>
    /// <param name="Write">Writes exactly <c>Info.SizeBytes</c> bytes, little-endian, row-major.</param>
    public sealed record Item(TensorInfo Info, Action<Stream> Write)
    {
        /// <summary>A tensor held in memory as single precision.</summary>
        public static Item Single(string name, IReadOnlyList<long> shape, ReadOnlyMemory<float> values) =>
            new(
                new TensorInfo(name, ElementType.Float32, shape),
                stream => stream.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.Span))
            );

        /// <summary>A tensor held in memory as 64-bit integers.</summary>
        public static Item Int64(string name, IReadOnlyList<long> shape, ReadOnlyMemory<long> values) =>
            new(
                new TensorInfo(name, ElementType.Int64, shape),
                stream => stream.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.Span))
            );

        /// <summary>A tensor held in memory as bytes.</summary>
        public static Item UInt8(string name, IReadOnlyList<long> shape, ReadOnlyMemory<byte> values) =>
            new(new TensorInfo(name, ElementType.UInt8, shape), stream => stream.Write(values.Span));

        /// <summary>A tensor copied unchanged from another source in bounded pieces.</summary>
        public static Item Copy(ITensorSource source, TensorInfo info) =>
            new(
                info,
                stream =>
                {
                    byte[] buffer = new byte[Math.Min(1 << 20, Math.Max(1, info.SizeBytes))];
                    for (long start = 0; start < info.SizeBytes; start += buffer.Length)
                    {
                        Span<byte> piece = buffer.AsSpan(0, (int)Math.Min(buffer.Length, info.SizeBytes - start));
                        source.ReadBytes(info.Name, start, piece);
                        stream.Write(piece);
                    }
                }
            );
    }

    /// <summary>Writes the file atomically.</summary>
    /// <exception cref="ArgumentException">A name is repeated, or an item wrote a number of bytes other than
    /// declared.</exception>
    public static void Write(
        string path,
        IReadOnlyList<Item> items,
        IReadOnlyDictionary<string, string>? metadata = null
    ) => AtomicFile.Write(path, stream => Write(stream, items, metadata));

    /// <summary>Writes to a stream.</summary>
    /// <exception cref="ArgumentException">A name is repeated, or an item wrote a number of bytes other than
    /// declared.</exception>
    public static void Write(
        Stream stream,
        IReadOnlyList<Item> items,
        IReadOnlyDictionary<string, string>? metadata = null
    )
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(items);
        byte[] header = Header(items, metadata);
        Span<byte> prefix = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(prefix, (ulong)header.Length);
        stream.Write(prefix);
        stream.Write(header);
        foreach (Item item in items)
        {
            long before = stream.Position;
            item.Write(stream);
            long written = stream.Position - before;
            if (written != item.Info.SizeBytes)
                throw new ArgumentException(
                    $"Tensor '{item.Info.Name}' declared {item.Info.SizeBytes} bytes and wrote {written}.",
                    nameof(items)
                );
        }
    }

    private static byte[] Header(IReadOnlyList<Item> items, IReadOnlyDictionary<string, string>? metadata)
    {
        var root = new JsonObject();
        if (metadata is { Count: > 0 })
        {
            root["__metadata__"] = new JsonObject(
                metadata
                    .OrderBy(pair => pair.Key, StringComparer.Ordinal)
                    .Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)JsonValue.Create(pair.Value)))
            );
        }
        long offset = 0;
        foreach (TensorInfo info in items.Select(item => item.Info))
        {
            root.Add(
                info.Name,
                new JsonObject
                {
                    ["dtype"] = SafetensorsTypes.NameOf(info),
                    ["shape"] = new JsonArray([.. info.Shape.Select(extent => JsonValue.Create(extent))]),
                    ["data_offsets"] = new JsonArray(offset, offset + info.SizeBytes),
                }
            );
            offset += info.SizeBytes;
        }
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(root);
        // The data starts at a multiple of eight bytes, so that readers may map it as any element type.
        int padded = (json.Length + 7) / 8 * 8;
        byte[] header = new byte[padded];
        json.CopyTo(header, 0);
        header.AsSpan(json.Length).Fill((byte)' ');
        return header;
    }
}
