namespace Qua2SeDiMo.Kernels.Codes;

/// <summary>A weight as small codes into palettes. For every method, a value is the entry of its row's palette at its
/// code.</summary>
public sealed class QuantizedWeight
{
    /// <summary>Creates a weight after checking that the parts fit together.</summary>
    /// <param name="spec">Method and bits of the quantization.</param>
    /// <param name="outChannels">C, rows.</param>
    /// <param name="rowLength">K, weights per row, kernels flattened.</param>
    /// <param name="tableType">Type of the original weight, which determines <see cref="TableType"/>.</param>
    /// <param name="codes">Row-major [outChannels, rowLength], each below 2^bits; not copied.</param>
    /// <param name="palettes">Row-major [paletteCount, 2^bits], each ascending, in weight units; not copied.</param>
    /// <param name="affine">Scales and zero points for UAQ; null for k-means.</param>
    /// <param name="meanError">Mean |w − ŵ|^2.4.</param>
    /// <exception cref="ArgumentException">A length does not follow from the spec and the shape, or a code has too many
    /// bits.</exception>
    public QuantizedWeight(
        QuantizerSpec spec,
        int outChannels,
        int rowLength,
        ElementType tableType,
        byte[] codes,
        float[] palettes,
        AffineParameters? affine,
        double meanError
    )
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(codes);
        ArgumentNullException.ThrowIfNull(palettes);
        if (codes.LongLength != (long)outChannels * rowLength)
            throw new ArgumentException($"{codes.Length} codes for {outChannels} rows of {rowLength}.", nameof(codes));
        int paletteCount = spec.PaletteCount(outChannels);
        if (palettes.Length != paletteCount * spec.PaletteLength)
        {
            throw new ArgumentException(
                $"{palettes.Length} palette entries; {spec} of {outChannels} channels has {paletteCount} × {spec.PaletteLength}.",
                nameof(palettes)
            );
        }
        if (affine is not null != (spec.Method == QuantizerMethod.UniformAffine))
            throw new ArgumentException($"{spec}: scales and zero points belong to uaq alone.", nameof(affine));
        if (affine is not null && (affine.Scales.Length != outChannels || affine.ZeroPoints.Length != outChannels))
        {
            throw new ArgumentException(
                $"{affine.Scales.Length} scales and {affine.ZeroPoints.Length} zero points for {outChannels} channels.",
                nameof(affine)
            );
        }
        if (codes.AsSpan().ContainsAnyExceptInRange((byte)0, (byte)(spec.PaletteLength - 1)))
            throw new ArgumentException($"A code does not fit {spec.Bits} bits.", nameof(codes));
        Spec = spec;
        OutChannels = outChannels;
        RowLength = rowLength;
        TableType = TablePrecision.For(tableType);
        Codes = codes;
        Palettes = palettes;
        Affine = affine;
        MeanError = meanError;
    }

    /// <summary>Method and bits of the quantization.</summary>
    public QuantizerSpec Spec { get; }

    /// <summary>C, rows.</summary>
    public int OutChannels { get; }

    /// <summary>K, weights per row, kernels flattened.</summary>
    public int RowLength { get; }

    /// <summary>Type that determines how tables are stored: Float16 or BFloat16 as the original, else Float32. Stored
    /// tables reproduce the palettes exactly.</summary>
    public ElementType TableType { get; }

    /// <summary>One code per weight, row-major [outChannels, rowLength].</summary>
    public byte[] Codes { get; }

    /// <summary>Row-major [paletteCount, 2^bits], each ascending, in weight units; one palette, or one per output
    /// channel.</summary>
    public float[] Palettes { get; }

    /// <summary>Scales and zero points that the palettes follow from; null for k-means.</summary>
    public AffineParameters? Affine { get; }

    /// <summary>Mean |w − ŵ|^2.4 per weight.</summary>
    public double MeanError { get; }

    /// <summary>N, number of weights.</summary>
    public int Count => Codes.Length;

    /// <summary>Bytes by the size formula: packed codes and tables.</summary>
    public long SizeBytes => Spec.SizeBytes(Count, OutChannels, TablePrecision.Bits(TableType));

    /// <summary>The palette of an output channel, 2^bits ascending values.</summary>
    public ReadOnlySpan<float> Palette(int channel) =>
        Palettes.AsSpan(
            Spec.Method == QuantizerMethod.KMeansPerTensor ? 0 : channel * Spec.PaletteLength,
            Spec.PaletteLength
        );

    /// <summary>Writes the reconstructed weights.</summary>
    /// <param name="destination">Row-major [outChannels, rowLength].</param>
    /// <exception cref="ArgumentException">The destination has another length.</exception>
    public void Dequantize(Span<float> destination)
    {
        if (destination.Length != Count)
            throw new ArgumentException($"{destination.Length} elements for {Count} weights.", nameof(destination));
        if (Spec.Method == QuantizerMethod.KMeansPerTensor)
        {
            PaletteDecoder.Decode(Codes, Palettes, destination);
            return;
        }
        for (int channel = 0; channel < OutChannels; channel++)
            DequantizeRow(channel, destination.Slice(channel * RowLength, RowLength));
    }

    /// <summary>Writes the reconstructed weights of one output channel.</summary>
    /// <param name="channel">Row, from 0.</param>
    /// <param name="destination">RowLength elements.</param>
    public void DequantizeRow(int channel, Span<float> destination) =>
        PaletteDecoder.Decode(Codes.AsSpan(channel * RowLength, RowLength), Palette(channel), destination);
}
