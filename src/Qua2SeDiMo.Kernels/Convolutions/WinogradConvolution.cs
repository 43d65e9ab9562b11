using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Qua2SeDiMo.Kernels.Decoding;
using Qua2SeDiMo.Kernels.Gemm;
using Qua2SeDiMo.Kernels.Layout;
using Qua2SeDiMo.Kernels.MicroKernels;
using Qua2SeDiMo.Kernels.Scheduling;

namespace Qua2SeDiMo.Kernels.Convolutions;

/// <summary>
/// A 3×3 convolution in single precision by <see cref="WinogradTransform"/>, with a quarter of the multiplications.
/// Each work item transforms the inputs of a block of tiles, then decodes and transforms the weights of a few output
/// channels, one K block of input channels after another, and multiplies element by element.
/// </summary>
internal sealed unsafe class WinogradConvolution
{
    private const int MinChannels = 16,
        MinTiles = 16,
        MaxTiles = 128,
        WeightCost = 288,
        PanelWords = 1 << 20;

    // Input channels of a K block. Transformed weights are stored as the rows of a panel product: nine elements a row,
    // four rows.
    private const int BlockInputs = 128,
        ElementsPerRow = 9,
        RowSets = WinogradTransform.Elements / ElementsPerRow,
        RowWords = PanelGeometry.GroupChannels * PanelGeometry.Stride;

    private const int Elements = WinogradTransform.Elements,
        Side = WinogradTransform.OutputSide,
        Lanes = 8,
        AlignmentWords = 16,
        Taps = 9;

    private readonly MicroKernelSet micro;
    private readonly ConvolutionShape shape,
        tiles;
    private readonly PaletteMatrix weight;
    private readonly float* x,
        bias,
        y;

    internal WinogradConvolution(
        MicroKernelSet micro,
        ConvolutionShape shape,
        float* x,
        PaletteMatrix weight,
        float* bias,
        float* y
    )
    {
        (this.micro, this.shape, this.weight) = (micro, shape, weight);
        this.x = x;
        this.bias = bias;
        this.y = y;
        tiles = Tiles(shape);
    }

    /// <summary>Whether the algorithm applies to a shape and needs fewer multiplications than a direct
    /// product.</summary>
    internal static bool Fits(ConvolutionShape shape)
    {
        bool possible =
            shape is
            {
                KernelHeight: 3,
                KernelWidth: 3,
                StrideHeight: 1,
                StrideWidth: 1,
                DilationHeight: 1,
                DilationWidth: 1,
                InChannels: >= MinChannels
            };
        if (!possible)
            return false;
        // Multiplications per pair of channels. Tiles may run past the image, few tiles leave vectors unused, and
        // weights have to be transformed.
        long tiles = (Tiles(shape).PositionCount + MinTiles - 1) / MinTiles * MinTiles;
        return (tiles * Elements) + WeightCost < (long)shape.PositionCount * Taps;
    }

    /// <summary>Computes everything.</summary>
    internal void Run(WorkRunner run)
    {
        int count = tiles.PositionCount,
            wide = micro.WideTokens,
            processors = Environment.ProcessorCount,
            groups = ((weight.OutChannels - 1) / PanelGeometry.GroupChannels) + 1;
        int most = Math.Clamp(PanelWords / (Elements * shape.InChannels) / wide * wide, wide, MaxTiles),
            blocks = ((count - 1) / most) + 1,
            shares = 1;
        // Work items never write cache lines that others read. Few tiles are not cut further, since every block
        // transforms the weights of all its channels; channels are split instead.
        if (count >= MinTiles * processors)
            blocks = (((blocks - 1) / processors) + 1) * processors;
        else
            shares = Math.Min(groups, processors);
        int perBlock = ((((count - 1) / blocks) / MinTiles) + 1) * MinTiles,
            perShare = ((groups - 1) / shares) + 1;
        WorkSplit.Run(run, 0, count, perBlock, weight.OutChannels, perShare * PanelGeometry.GroupChannels, RunItem);
    }

    // The inputs of a tile are those of a 6×6 kernel with stride 4.
    private static ConvolutionShape Tiles(ConvolutionShape shape)
    {
        int rows = ((shape.OutHeight - 1) / Side) + 1,
            columns = ((shape.OutWidth - 1) / Side) + 1;
        return shape with
        {
            KernelHeight = WinogradTransform.InputSide,
            KernelWidth = WinogradTransform.InputSide,
            StrideHeight = Side,
            StrideWidth = Side,
            PadBottom = (Side * rows) + 2 - shape.Height - shape.PadTop,
            PadRight = (Side * columns) + 2 - shape.Width - shape.PadLeft,
        };
    }

    private void RunItem(int first, int count, int firstChannel, int endChannel)
    {
        int wide = micro.WideTokens,
            panelCount = ((count - 1) / wide) + 1;
        nint panelWords = (nint)Elements * shape.InChannels * wide,
            pitch = (panelCount * wide) + AlignmentWords;
        float[] rentedPanels = ArrayPool<float>.Shared.Rent(checked((int)(panelCount * panelWords) + AlignmentWords)),
            rentedWeights = ArrayPool<float>.Shared.Rent((RowSets * RowWords) + AlignmentWords);
        float[] rentedSums = ArrayPool<float>.Shared.Rent(
            checked((int)(Elements * PanelGeometry.GroupChannels * pitch) + AlignmentWords)
        );
        fixed (
            float* panelStart = rentedPanels,
                weightStart = rentedWeights,
                sumStart = rentedSums
        )
        {
            float* panels = Aligned(panelStart),
                weights = Aligned(weightStart),
                sums = Aligned(sumStart);
            for (int panel = 0; panel < panelCount; panel++)
                Inputs(
                    first + (panel * wide),
                    Math.Min(wide, count - (panel * wide)),
                    PanelGeometry.Width(wide, count - (panel * wide)),
                    panels + (panel * panelWords)
                );
            for (int channel = firstChannel; channel < endChannel; channel += PanelGeometry.GroupChannels)
            {
                int channels = Math.Min(PanelGeometry.GroupChannels, endChannel - channel);
                for (int k = 0; k < shape.InChannels; k += BlockInputs)
                    Multiply(
                        channel,
                        channels,
                        k,
                        Math.Min(BlockInputs, shape.InChannels - k),
                        count,
                        panels,
                        weights,
                        sums,
                        pitch
                    );
                for (int i = 0; i < channels; i++)
                    Outputs(channel + i, first, count, sums + (i * pitch), PanelGeometry.GroupChannels * pitch);
            }
        }
        ArrayPool<float>.Shared.Return(rentedPanels);
        ArrayPool<float>.Shared.Return(rentedWeights);
        ArrayPool<float>.Shared.Return(rentedSums);
    }

    // Panel [element, input channel, width].
    [SkipLocalsInit]
    private void Inputs(int first, int count, int width, float* panel)
    {
        nint pitch = width + TilePanel.Slack;
        float* gathered = stackalloc float[(int)(Elements * pitch)];
        Span<PositionRun> runs = stackalloc PositionRun[count];
        runs = runs[..ImagePanel.Cut(tiles, x, first, count, count, runs)];
        for (int element = 0; count < width && element < Elements; element++)
            new Span<float>(gathered + (element * pitch) + count, width - count).Clear();
        for (int channel = 0; channel < shape.InChannels; channel++)
        {
            TilePanel.Gather(tiles, runs, channel, gathered, pitch);
            WinogradTransform.Inputs(
                gathered,
                pitch,
                width,
                panel + ((nint)channel * width),
                (nint)shape.InChannels * width
            );
        }
    }

    private void Multiply(
        int firstChannel,
        int channels,
        int k,
        int length,
        int count,
        float* panels,
        float* weights,
        float* sums,
        nint pitch
    )
    {
        int wide = micro.WideTokens,
            tile = micro.TileChannels,
            tiled = (((channels - 1) / tile) + 1) * tile,
            panelCount = ((count - 1) / wide) + 1;
        for (int i = 0; i < channels; i++)
            Weights(firstChannel + i, k, length, weights + (i * PanelGeometry.Stride));
        for (int i = channels; i < tiled; i++)
        {
            for (int set = 0; set < RowSets; set++)
                new Span<float>(weights + (set * RowWords) + (i * PanelGeometry.Stride), PanelGeometry.Stride).Clear();
        }
        for (int element = 0; element < Elements; element++)
        {
            float* a = weights + ElementOffset(element),
                c = sums + (element * PanelGeometry.GroupChannels * pitch);
            for (int panel = 0; panel < panelCount; panel++)
            {
                int width = PanelGeometry.Width(wide, count - (panel * wide));
                float* b =
                    panels
                    + ((nint)panel * Elements * shape.InChannels * wide)
                    + ((((nint)element * shape.InChannels) + k) * width);
                for (int i = 0; i < tiled; i += tile)
                    micro.Tile(
                        a + (i * PanelGeometry.Stride),
                        b,
                        length,
                        c + (i * pitch) + (panel * wide),
                        pitch,
                        k > 0,
                        width
                    );
            }
        }
    }

    // Offset of an element's weights in the rows of a channel.
    private static int ElementOffset(int element) =>
        (element / ElementsPerRow * RowWords) + (element % ElementsPerRow * BlockInputs);

    [SkipLocalsInit]
    private void Weights(int channel, int firstInput, int inputs, float* row)
    {
        float* palette = stackalloc float[ChannelPalette.MaxEntries],
            chunk = stackalloc float[RowDecoder.SlotsFor(BlockInputs * Taps) + (Lanes * Taps)];
        float** targets = stackalloc float*[Elements];
        for (int element = 0; element < Elements; element++)
            targets[element] = row + ElementOffset(element);
        ChannelPalette.Read(weight, channel, palette);
        float* decoded = RowDecoder.DecodeInputs(
            micro,
            weight,
            channel,
            palette,
            firstInput * Taps,
            inputs * Taps,
            chunk
        );
        WinogradTransform.Weights(decoded, inputs, targets);
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Outputs(int channel, int first, int count, float* products, nint pitch)
    {
        const int together = 4;
        float* results = stackalloc float[Side * Side * MaxTiles],
            squares = stackalloc float[together * Side * Side];
        WinogradTransform.Outputs(products, pitch, count, bias is null ? 0f : bias[channel], results, MaxTiles);
        int columns = tiles.OutWidth,
            rows = tiles.OutHeight,
            outWidth = shape.OutWidth,
            outHeight = shape.OutHeight;
        (int line, int column) = Math.DivRem(first, columns);
        for (int tile = 0; tile < count; tile++)
        {
            if (tile % together == 0)
                TilePanel.Rows(results + tile, MaxTiles, squares);
            (int image, int row) = Math.DivRem(line, rows);
            float* source = squares + (tile % together * Side * Side),
                target =
                    y
                    + (((((long)image * weight.OutChannels) + channel) * outHeight + (row * Side)) * outWidth)
                    + (column * Side);
            int height = Math.Min(Side, outHeight - (row * Side)),
                width = Math.Min(Side, outWidth - (column * Side));
            for (int i = 0; i < height; i++, target += outWidth, source += Side)
            {
                if (width == Side)
                    Vector128.Load(source).Store(target);
                else
                    for (int j = 0; j < width; j++)
                        target[j] = source[j];
            }
            if (++column == columns)
                (line, column) = (line + 1, 0);
        }
    }

    private static float* Aligned(float* rented) => PanelGeometry.Aligned(rented);
}
