using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Quantizers.Palettes;

/// <summary>K-Means C and K-Means A (method.md, section 3), solved to the global optimum: one free palette per output
/// channel or for the whole tensor.</summary>
internal static class PaletteQuantizer
{
    /// <summary>Quantizes a weight with one palette per output channel, for several numbers of bits at once.</summary>
    /// <param name="weight">Finite weights.</param>
    /// <param name="bits">Bits of a code, 2 to 8 each.</param>
    /// <param name="tableType">Precision of the palettes: the optimal means are rounded to it and each weight takes the
    /// nearest rounded entry.</param>
    /// <param name="parallel">Threads and cancellation; the result does not depend on it.</param>
    /// <returns>One result per number of bits, in their order.</returns>
    /// <exception cref="UnquantizableWeightException">The weight holds a NaN or an infinity.</exception>
    public static IReadOnlyList<QuantizedWeight> PerChannel(
        WeightMatrix weight,
        IReadOnlyList<int> bits,
        ElementType tableType,
        ParallelOptions? parallel = null
    )
    {
        ArgumentNullException.ThrowIfNull(weight);
        ArgumentNullException.ThrowIfNull(bits);
        int rows = weight.OutChannels,
            rowLength = weight.RowLength;
        QuantizerSpec[] specs = [.. bits.Select(width => new QuantizerSpec(QuantizerMethod.KMeansPerChannel, width))];
        byte[][] codes = [.. specs.Select(_ => new byte[weight.Count])];
        float[][] palettes = [.. specs.Select(spec => new float[rows * spec.PaletteLength])];
        double[][] errors = [.. specs.Select(_ => new double[rows])];
        int clusters = specs.Max(spec => spec.PaletteLength);
        RowBlocks.Run(
            rows,
            rowLength,
            parallel,
            () => new KMeans1D(),
            (row, kmeans) =>
            {
                kmeans.Load(weight.Row(row));
                kmeans.Solve(clusters);
                for (int i = 0; i < specs.Length; i++)
                {
                    Span<float> palette = palettes[i].AsSpan(row * specs[i].PaletteLength, specs[i].PaletteLength);
                    WritePalette(kmeans, specs[i].PaletteType(tableType), palette);
                    errors[i][row] = PaletteEncoder.Encode(
                        weight.Row(row),
                        palette,
                        codes[i].AsSpan(row * rowLength, rowLength)
                    );
                }
            }
        );
        return
        [
            .. specs.Select(
                (spec, i) =>
                    new QuantizedWeight(
                        spec,
                        rows,
                        rowLength,
                        tableType,
                        codes[i],
                        palettes[i],
                        null,
                        errors[i].Sum() / weight.Count
                    )
            ),
        ];
    }

    /// <summary>Quantizes a weight with one palette for the whole tensor, kept in single precision, for several numbers
    /// of bits at once.</summary>
    /// <inheritdoc cref="PerChannel"/>
    public static IReadOnlyList<QuantizedWeight> PerTensor(
        WeightMatrix weight,
        IReadOnlyList<int> bits,
        ElementType tableType,
        ParallelOptions? parallel = null
    )
    {
        ArgumentNullException.ThrowIfNull(weight);
        ArgumentNullException.ThrowIfNull(bits);
        QuantizerSpec[] specs = [.. bits.Select(width => new QuantizerSpec(QuantizerMethod.KMeansPerTensor, width))];
        var kmeans = new KMeans1D();
        kmeans.Load(weight.Values.Span, weight.OriginalType);
        kmeans.Solve(specs.Max(spec => spec.PaletteLength));
        return
        [
            .. specs.Select(spec =>
            {
                float[] palette = new float[spec.PaletteLength];
                WritePalette(kmeans, spec.PaletteType(tableType), palette);
                byte[] codes = new byte[weight.Count];
                double[] errors = new double[weight.OutChannels];
                RowBlocks.Run(
                    weight.OutChannels,
                    weight.RowLength,
                    parallel,
                    row =>
                        errors[row] = PaletteEncoder.Encode(
                            weight.Row(row),
                            palette,
                            codes.AsSpan(row * weight.RowLength, weight.RowLength)
                        )
                );
                return new QuantizedWeight(
                    spec,
                    weight.OutChannels,
                    weight.RowLength,
                    tableType,
                    codes,
                    palette,
                    null,
                    errors.Sum() / weight.Count
                );
            }),
        ];
    }

    private static void WritePalette(KMeans1D kmeans, ElementType tableType, Span<float> palette)
    {
        Span<double> means = stackalloc double[palette.Length];
        kmeans.Means(means);
        for (int i = 0; i < palette.Length; i++)
            palette[i] = TablePrecision.Round(tableType, (float)means[i]);
    }
}
