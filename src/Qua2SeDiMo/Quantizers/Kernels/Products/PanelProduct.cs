using System.Buffers;

namespace Qua2SeDiMo.Quantizers.Kernels;

/// <summary>
/// A product cut so that everything is read from the nearest cache: each part lays out the inputs of a block of tokens as panels [k, token]; then it decodes the weights of a few
/// channels at a time, a stretch of k after another, and multiplies them with all its panels.
/// </summary>
internal abstract unsafe class PanelProduct(PanelInstructions instructions, PaletteMatrix weight, int tokens, int depth)
{
    /// <summary>Words k of one stretch: a multiple of 32·lcm of the layout's block lengths, whose panel and weights fit the second cache.</summary>
    internal const int Depth = 1280;

    /// <summary>Words from one channel's decoded weights to the next: an odd number of cache lines, so that channels do not evict each other.</summary>
    internal const int Stride = Depth + 16;

    /// <summary>The most tokens of a panel.</summary>
    internal const int WidestPanel = 32;

    /// <summary>Words from one panel to the next: a panel's words and two cache lines, so that neighbouring panels do not evict each other.</summary>
    internal static long PanelPitch(int wide, int depth) => ((long)wide * depth) + WidestPanel;

    /// <summary>Words between sums of channels, and before the first, so that those lie on cache lines.</summary>
    internal const int AlignmentWords = 16;

    /// <summary>Channels of one part.</summary>
    internal const int GroupChannels = 24;

    private const int MostTokens = 512, FewestTokens = 96, PanelWords = 3 << 19;

    /// <summary>What multiplies.</summary>
    protected PanelInstructions Instructions => instructions;

    /// <summary>C × K.</summary>
    protected PaletteMatrix Weight => weight;

    /// <summary>Rows of inputs.</summary>
    protected int Tokens => tokens;

    /// <summary>Lays out inputs of tokens [first, first + count) as panels [depth, width], a <see cref="PanelPitch"/> apart; missing tokens are zeros.</summary>
    internal abstract void Pack(int first, int count, float* panels);

    /// <summary>Where the words end that are decoded and multiplied together with a first one: at most <see cref="Depth"/> after it.</summary>
    protected virtual int StretchEnd(int first) => Math.Min(first + Depth, depth);

    /// <summary>Words that <see cref="Decode"/> keeps of each channel for <see cref="Store"/>.</summary>
    protected virtual int MarginWords => 0;

    /// <summary>What parts cost, with groups of channels as units.</summary>
    protected abstract PartCosts Costs { get; }

    /// <summary>Decodes words [first, first + count) of a channel and adds to its margin, which begins as zeros.</summary>
    protected abstract void Decode(int channel, int first, int count, float* row, float* margin);

    /// <summary>See <see cref="PanelInstructions.Tile"/>; the sums c are those of all words before the first, if it is not 0.</summary>
    protected abstract void Tile(float* a, float* b, int first, int count, float* c, nint pitch, int width);

    /// <summary>Writes results from sums [channels, pitch] and margins [channels, <see cref="MarginWords"/>].</summary>
    internal abstract void Store(int firstChannel, int channels, int firstToken, int count, float* sums, nint pitch, float* margins);

    /// <summary>Computes everything.</summary>
    internal virtual void Run(PartRunner run) => Run(run, 0);

    /// <summary>Computes the results of a token and all that follow it.</summary>
    protected void Run(PartRunner run, int firstToken)
    {
        int wide = instructions.WideTokens, panels = ((tokens - firstToken - 1) / wide) + 1, groups = ((weight.OutChannels - 1) / GroupChannels) + 1;
        (int perBlock, int perShare) = PartCut.Find(panels, groups, Math.Clamp(PanelWords / depth, FewestTokens, MostTokens) / wide, Costs, Environment.ProcessorCount);
        PartCut.Run(run, firstToken, tokens, perBlock * wide, weight.OutChannels, perShare * GroupChannels, Part);
    }

    private void Part(int first, int count, int firstChannel, int endChannel)
    {
        float[] rented = ArrayPool<float>.Shared.Rent(checked((int)((((count - 1) / instructions.WideTokens) + 1) * PanelPitch(instructions.WideTokens, depth)) + AlignmentWords));
        fixed (float* start = rented)
        {
            float* panels = Aligned(start);
            Pack(first, count, panels);
            for (int channel = firstChannel; channel < endChannel; channel += GroupChannels) Multiply(channel, first, count, panels);
        }
        ArrayPool<float>.Shared.Return(rented);
    }

    private void Multiply(int firstChannel, int firstToken, int count, float* panels)
    {
        int wide = instructions.WideTokens, tile = instructions.TileChannels, channels = Math.Min(GroupChannels, weight.OutChannels - firstChannel), panelCount = ((count - 1) / wide) + 1;
        int tiledChannels = (((channels - 1) / tile) + 1) * tile, margin = MarginWords;
        long panelPitch = PanelPitch(wide, depth);
        // Half a line more than the tokens, so that channels do not evict each other.
        nint pitch = (panelCount * wide) + AlignmentWords;
        float[] rentedWeights = ArrayPool<float>.Shared.Rent((GroupChannels * Stride) + AlignmentWords), rentedSums = ArrayPool<float>.Shared.Rent((int)(GroupChannels * pitch) + AlignmentWords);
        float[] rentedMargins = ArrayPool<float>.Shared.Rent(GroupChannels * margin);
        rentedMargins.AsSpan().Clear();
        fixed (float* weightStart = rentedWeights, sumStart = rentedSums, margins = rentedMargins)
        {
            float* weights = Aligned(weightStart), sums = Aligned(sumStart);
            for (int k = 0, length; k < depth; k += length)
            {
                length = StretchEnd(k) - k;
                for (int i = 0; i < channels; i++) Decode(firstChannel + i, k, length, weights + (i * Stride), margins + (i * margin));
                for (int i = channels; i < tiledChannels; i++) new Span<float>(weights + (i * Stride), length).Clear();
                for (int panel = 0; panel < panelCount; panel++)
                {
                    int width = Width(wide, count - (panel * wide));
                    float* inputs = panels + (panel * panelPitch) + ((long)k * width);
                    for (int i = 0; i < tiledChannels; i += tile) Tile(weights + (i * Stride), inputs, k, length, sums + (i * pitch) + (panel * wide), pitch, width);
                }
            }
            Store(firstChannel, channels, firstToken, count, sums, pitch, margins);
        }
        ArrayPool<float>.Shared.Return(rentedMargins);
        ArrayPool<float>.Shared.Return(rentedWeights);
        ArrayPool<float>.Shared.Return(rentedSums);
    }

    /// <summary>Width of a panel when so many tokens are left: half of it when that holds them.</summary>
    internal static int Width(int wide, int left) => left <= wide / 2 ? wide / 2 : wide;

    /// <summary>The first place of a rented array on a cache line.</summary>
    internal static float* Aligned(float* rented) => (float*)(((nint)rented + 63) & ~(nint)63);
}
