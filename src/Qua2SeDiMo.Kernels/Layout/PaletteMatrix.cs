using System.Buffers.Binary;
using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Kernels.Layout;

/// <summary>
/// A palette-coded weight of C output channels × K inputs in the one layout that every kernel variant reads
/// (docs/formats.md). Its bytes (a header, tables, then the codes of each channel) describe themselves, so that a file
/// or an ONNX tensor stores them unchanged.
/// </summary>
public sealed unsafe class PaletteMatrix
{
    // Damaged bytes cannot make kernels read outside the tables: indices are masked to the palette's length.
    private readonly byte[]? owned;
    private readonly byte* start;

    private PaletteMatrix(byte[]? owned, byte* start, PaletteLayout layout)
    {
        this.owned = owned;
        this.start = start;
        Layout = layout;
    }

    /// <summary>Method and bits of the quantization.</summary>
    public QuantizerSpec Spec => Layout.Spec;

    /// <summary>C, output channels.</summary>
    public int OutChannels => Layout.OutChannels;

    /// <summary>K, inputs of one channel; kernels of convolutions flattened (input channel, kernel row, kernel
    /// column).</summary>
    public int RowLength => Layout.RowLength;

    /// <summary>The bytes to store: header, tables, codes.</summary>
    public ReadOnlySpan<byte> Data => new(start, checked((int)Layout.TotalBytes));

    /// <summary>All memory that the weight takes while it is used, in bytes.</summary>
    public long ResidentBytes => Layout.TotalBytes;

    internal PaletteLayout Layout { get; }

    /// <summary>First byte of the tables.</summary>
    internal byte* Tables => start + PaletteLayout.HeaderBytes;

    /// <summary>First byte of a channel's codes.</summary>
    internal byte* Codes(int channel) => start + Layout.CodesOffset + ((long)channel * Layout.CodeRowBytes);

    /// <summary>Packs a weight in the layout of the kernels.</summary>
    public static PaletteMatrix From(QuantizedWeight weight)
    {
        ArgumentNullException.ThrowIfNull(weight);
        var layout = new PaletteLayout(weight.Spec, weight.TableType, weight.OutChannels, weight.RowLength);
        byte[] bytes = GC.AllocateArray<byte>(checked((int)layout.TotalBytes), pinned: true);
        layout.WriteHeader(bytes);
        Span<byte> tables = bytes.AsSpan(PaletteLayout.HeaderBytes);
        if (weight.Affine is { } affine)
        {
            for (int channel = 0; channel < weight.OutChannels; channel++)
            {
                BinaryPrimitives.WriteSingleLittleEndian(tables[(channel * 8)..], affine.Scales[channel]);
                BinaryPrimitives.WriteSingleLittleEndian(tables[((channel * 8) + 4)..], affine.ZeroPoints[channel]);
            }
        }
        else
        {
            TablePrecision.Write(layout.EntryType, weight.Palettes, tables);
        }
        for (int channel = 0; channel < weight.OutChannels; channel++)
        {
            layout.PackRow(
                weight.Codes.AsSpan(channel * weight.RowLength, weight.RowLength),
                bytes.AsSpan(
                    checked((int)(layout.CodesOffset + ((long)channel * layout.CodeRowBytes))),
                    layout.CodeRowBytes
                )
            );
        }
        return new PaletteMatrix(bytes, Start(bytes), layout);
    }

    /// <summary>Copies stored bytes.</summary>
    /// <exception cref="PaletteMatrixException">The header is damaged or the length does not follow from
    /// it.</exception>
    public static PaletteMatrix FromData(ReadOnlySpan<byte> data)
    {
        PaletteLayout layout = PaletteLayout.ReadHeader(data);
        byte[] bytes = GC.AllocateUninitializedArray<byte>(data.Length, pinned: true);
        data.CopyTo(bytes);
        return new PaletteMatrix(bytes, Start(bytes), layout);
    }

    /// <summary>A view of stored bytes, not copied. The caller keeps them alive and unmoved as long as the matrix is
    /// used.</summary>
    /// <param name="data">First byte.</param>
    /// <param name="length">Bytes that may be read.</param>
    /// <exception cref="PaletteMatrixException">The header is damaged or the length does not follow from
    /// it.</exception>
    public static PaletteMatrix View(byte* data, long length) =>
        new(null, data, PaletteLayout.ReadHeader(new ReadOnlySpan<byte>(data, checked((int)length))));

    /// <summary>Writes the palette of a channel.</summary>
    /// <param name="channel">From 0.</param>
    /// <param name="palette">2^bits elements, in weight units.</param>
    internal void ReadPalette(int channel, Span<float> palette)
    {
        byte* tables = Tables;
        int length = Spec.PaletteLength;
        if (Spec.Method == QuantizerMethod.UniformAffine)
        {
            float* pair = (float*)(tables + (channel * 8L));
            for (int code = 0; code < length; code++)
                palette[code] = (code - pair[1]) * pair[0];
            return;
        }
        long first = Spec.Method == QuantizerMethod.KMeansPerTensor ? 0 : (long)channel * length;
        switch (Layout.EntryType)
        {
            case ElementType.Float16:
                for (int code = 0; code < length; code++)
                    palette[code] = (float)((Half*)tables)[first + code];
                break;
            case ElementType.BFloat16:
                BFloat16.Widen(new ReadOnlySpan<ushort>((ushort*)tables + first, length), palette);
                break;
            default:
                new ReadOnlySpan<float>((float*)tables + first, length).CopyTo(palette);
                break;
        }
    }

    /// <summary>Writes the weights of one channel by a plain loop.</summary>
    /// <param name="channel">From 0.</param>
    /// <param name="row">K elements.</param>
    internal void DequantizeRow(int channel, Span<float> row)
    {
        Span<float> palette = stackalloc float[Spec.PaletteLength];
        ReadPalette(channel, palette);
        var codes = new ReadOnlySpan<byte>(Codes(channel), Layout.CodeRowBytes);
        for (int k = 0; k < row.Length; k++)
            row[k] = palette[Layout.Code(codes, k)];
    }

    private static byte* Start(byte[] pinned) =>
        (byte*)
            System.Runtime.CompilerServices.Unsafe.AsPointer(
                ref System.Runtime.InteropServices.MemoryMarshal.GetArrayDataReference(pinned)
            );
}

/// <summary>Thrown when bytes are not a valid palette-coded weight.</summary>
internal sealed class PaletteMatrixException : Q2Exception
{
    internal PaletteMatrixException(string message)
        : base(message) { }
}
