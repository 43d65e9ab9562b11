using System.Buffers.Binary;
using System.Runtime.Intrinsics;
using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Kernels.Layout;

/// <summary>
/// Layout of the bytes of a <see cref="PaletteMatrix"/>. A channel's inputs are cut into vectors of 16; a block of
/// ⌊32/bits⌋ vectors is 16 words of 32 bits, word l holding the codes of lane l of each vector, the first vector in the
/// lowest bits. So a vector is decoded by one shift and one permute. The vectors after the last full block are stored
/// in words of 8, 16 or 32 bits, the smallest that holds their codes.
/// </summary>
internal sealed class PaletteLayout
{
    /// <summary>Inputs of a vector.</summary>
    internal const int Lanes = 16;

    /// <summary>Bytes before the tables.</summary>
    internal const int HeaderBytes = 64;

    private const uint Magic = 0x4D503251; // "Q2PM"
    private const byte Version = 1;
    private const int Alignment = 64;

    internal PaletteLayout(QuantizerSpec spec, ElementType tableType, int outChannels, int rowLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(outChannels, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(rowLength, 1);
        Spec = spec;
        EntryType =
            spec.Method == QuantizerMethod.KMeansPerChannel ? TablePrecision.For(tableType) : ElementType.Float32;
        OutChannels = outChannels;
        RowLength = rowLength;
        VectorsPerBlock = 32 / spec.Bits;
        int vectors = VectorCount;
        BlockCount = vectors / VectorsPerBlock;
        RestVectors = vectors % VectorsPerBlock;
        RestWordBytes = (RestVectors * spec.Bits) switch
        {
            0 => 0,
            <= 8 => 1,
            <= 16 => 2,
            _ => 4,
        };
        CodeRowBytes = (BlockCount * Lanes * sizeof(uint)) + (RestWordBytes * Lanes);
        long entries =
            spec.Method == QuantizerMethod.UniformAffine
                ? 2L * outChannels
                : (long)spec.PaletteCount(outChannels) * spec.PaletteLength;
        CodesOffset = HeaderBytes + Align(entries * EntryType.SizeBytes());
        TotalBytes = CodesOffset + ((long)CodeRowBytes * outChannels);
    }

    internal QuantizerSpec Spec { get; }

    /// <summary>Type of stored palette entries; scales and zero points are always single precision.</summary>
    internal ElementType EntryType { get; }

    internal int OutChannels { get; }

    internal int RowLength { get; }

    /// <summary>Vectors of 16 inputs, the last one padded with code 0.</summary>
    internal int VectorCount => (RowLength + Lanes - 1) / Lanes;

    /// <summary>⌊32/bits⌋.</summary>
    internal int VectorsPerBlock { get; }

    /// <summary>Full blocks of a channel.</summary>
    internal int BlockCount { get; }

    /// <summary>Vectors after the last full block.</summary>
    internal int RestVectors { get; }

    /// <summary>Bytes of one lane's word after the last full block: 0, 1, 2 or 4.</summary>
    internal int RestWordBytes { get; }

    /// <summary>Bytes of one channel's codes.</summary>
    internal int CodeRowBytes { get; }

    /// <summary>First byte of the codes.</summary>
    internal long CodesOffset { get; }

    /// <summary>All bytes.</summary>
    internal long TotalBytes { get; }

    /// <summary>The code of input k.</summary>
    internal int Code(ReadOnlySpan<byte> row, int k)
    {
        int vector = k / Lanes,
            lane = k % Lanes,
            block = vector / VectorsPerBlock;
        uint word =
            block < BlockCount
                ? BinaryPrimitives.ReadUInt32LittleEndian(row[(((block * Lanes) + lane) * sizeof(uint))..])
                : RestWord(row[((BlockCount * Lanes * sizeof(uint)) + (lane * RestWordBytes))..]);
        return (int)(word >> (vector % VectorsPerBlock * Spec.Bits)) & (Spec.PaletteLength - 1);
    }

    /// <summary>Packs one channel.</summary>
    /// <param name="codes">K codes below 2^bits.</param>
    /// <param name="row"><see cref="CodeRowBytes"/> bytes.</param>
    internal void PackRow(ReadOnlySpan<byte> codes, Span<byte> row)
    {
        Span<byte> last = stackalloc byte[Lanes];
        for (int block = 0, vector = 0; vector < VectorCount; block++)
        {
            Vector256<uint> low = Vector256<uint>.Zero,
                high = low;
            int end = Math.Min(vector + VectorsPerBlock, VectorCount);
            for (int shift = 0; vector < end; vector++, shift += Spec.Bits)
            {
                ReadOnlySpan<byte> left = codes[(vector * Lanes)..];
                if (left.Length < Lanes)
                {
                    last.Clear();
                    left.CopyTo(last);
                }
                (Vector128<ushort> first, Vector128<ushort> second) = Vector128.Widen(
                    left.Length < Lanes ? Vector128.Create<byte>(last) : Vector128.Create(left)
                );
                low |= Words(first) << shift;
                high |= Words(second) << shift;
            }
            int at = block * Lanes * sizeof(uint);
            if (block < BlockCount)
            {
                low.AsByte().CopyTo(row[at..]);
                high.AsByte().CopyTo(row[(at + Vector256<byte>.Count)..]);
            }
            else
            {
                for (int lane = 0; lane < Lanes; lane++)
                    WriteRest(
                        lane < Lanes / 2 ? low[lane] : high[lane - (Lanes / 2)],
                        row[(at + (lane * RestWordBytes))..]
                    );
            }
        }
    }

    private static Vector256<uint> Words(Vector128<ushort> codes)
    {
        (Vector128<uint> low, Vector128<uint> high) = Vector128.Widen(codes);
        return Vector256.Create(low, high);
    }

    private void WriteRest(uint word, Span<byte> destination)
    {
        for (int i = 0; i < RestWordBytes; i++, word >>= 8)
            destination[i] = (byte)word;
    }

    internal void WriteHeader(Span<byte> header)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(header, Magic);
        header[4] = Version;
        header[5] = (byte)Spec.Bits;
        header[6] = (byte)Spec.Method;
        header[7] = EntryType switch
        {
            ElementType.Float16 => 1,
            ElementType.BFloat16 => 2,
            _ => 0,
        };
        BinaryPrimitives.WriteInt32LittleEndian(header[8..], OutChannels);
        BinaryPrimitives.WriteInt32LittleEndian(header[12..], RowLength);
    }

    /// <exception cref="PaletteMatrixException">The header is damaged or the length does not follow from
    /// it.</exception>
    internal static PaletteLayout ReadHeader(ReadOnlySpan<byte> data)
    {
        if (data.Length < HeaderBytes || BinaryPrimitives.ReadUInt32LittleEndian(data) != Magic)
            throw Damaged($"{data.Length} bytes do not begin with a palette weight's header");
        if (data[4] != Version)
            throw Damaged($"version {data[4]} of the layout; this program reads version {Version}");
        int bits = data[5],
            method = data[6],
            entry = data[7];
        int outChannels = BinaryPrimitives.ReadInt32LittleEndian(data[8..]),
            rowLength = BinaryPrimitives.ReadInt32LittleEndian(data[12..]);
        if (
            bits is < 2 or > 8
            || method > 2
            || entry > 2
            || outChannels < 1
            || rowLength < 1
            || rowLength > int.MaxValue - Lanes
            || data[16..HeaderBytes].ContainsAnyExcept((byte)0)
        )
        {
            throw Damaged($"{bits} bits, method {method}, entry type {entry}, {outChannels} × {rowLength} weights");
        }
        ElementType type = entry switch
        {
            1 => ElementType.Float16,
            2 => ElementType.BFloat16,
            _ => ElementType.Float32,
        };
        var layout = new PaletteLayout(new QuantizerSpec((QuantizerMethod)method, bits), type, outChannels, rowLength);
        if (layout.TotalBytes != data.Length)
            throw Damaged(
                $"{data.Length} bytes where {layout.Spec} of {outChannels} × {rowLength} weights takes {layout.TotalBytes}"
            );
        return layout;
    }

    private uint RestWord(ReadOnlySpan<byte> word) =>
        RestWordBytes switch
        {
            1 => word[0],
            2 => BinaryPrimitives.ReadUInt16LittleEndian(word),
            _ => BinaryPrimitives.ReadUInt32LittleEndian(word),
        };

    private static long Align(long bytes) => (bytes + Alignment - 1) / Alignment * Alignment;

    private static PaletteMatrixException Damaged(string found) =>
        new($"A palette-coded weight is damaged: {found}. Pack the model again.");
}
