using System.Buffers;

namespace Qua2SeDiMo.Quantizers.Kernels;

/// <summary>
/// A product cut so that everything is read from the nearest cache: inputs of a block of tokens are laid out once as panels [k, token]; then each part
/// decodes the weights of a few channels once per block, a stretch of k at a time, and multiplies them with all panels.
/// </summary>
internal abstract unsafe class PanelProduct(PanelInstructions instructions, PaletteMatrix weight, int tokens, int depth)
{
    /// <summary>Words k of one stretch: a multiple of 32·lcm of the layout's block lengths, whose panel and weights fit the second cache.</summary>
    internal const int Depth = 1280;

    /// <summary>Words from one channel's decoded weights to the next: an odd number of cache lines, so that channels do not evict each other.</summary>
    internal const int Stride = Depth + 16;

    /// <summary>Channels of one part.</summary>
    internal const int GroupChannels = 24;

    private const int MostTokens = 512, FewestTokens = 96, PanelWords = 3 << 19, AlignmentWords = 16;

    /// <summary>What multiplies.</summary>
    protected PanelInstructions Instructions => instructions;

    /// <summary>C × K.</summary>
    protected PaletteMatrix Weight => weight;

    /// <summary>Lays out inputs of tokens [first, first + count) as [depth, width]; missing tokens are zeros.</summary>
    protected abstract void Pack(int first, int count, int width, float* panel);

    /// <summary>Decodes words [first, first + count) of a channel.</summary>
    /// <returns>Sum of the integers; nothing for floats.</returns>
    protected abstract int Decode(int channel, int first, int count, float* row);

    /// <summary>See <see cref="PanelInstructions.Tile"/>.</summary>
    protected abstract void Tile(float* a, float* b, int count, float* c, nint pitch, bool add, int width);

    /// <summary>Writes results from sums [channels, pitch]; rowSums are those of <see cref="Decode"/> over all words.</summary>
    protected abstract void Store(int firstChannel, int channels, int firstToken, int count, float* sums, nint pitch, int* rowSums);

    /// <summary>Computes everything.</summary>
    internal virtual void Run(PartRunner run)
    {
        int wide = instructions.WideTokens;
        int most = Math.Clamp(PanelWords / depth / wide * wide, FewestTokens, MostTokens);
        int blocks = ((tokens - 1) / most) + 1, perBlock = ((((tokens - 1) / blocks) / wide) + 1) * wide;
        float[] panels = ArrayPool<float>.Shared.Rent(checked((perBlock * depth) + AlignmentWords));
        fixed (float* rented = panels)
        {
            float* start = Aligned(rented);
            for (int first = 0; first < tokens; first += perBlock)
            {
                int count = Math.Min(perBlock, tokens - first), origin = first;
                run(((count - 1) / wide) + 1, panel => Pack(origin + (panel * wide), Math.Min(wide, count - (panel * wide)), Width(count, panel), start + ((long)panel * wide * depth)));
                run(((weight.OutChannels - 1) / GroupChannels) + 1, group => Multiply(group * GroupChannels, origin, count, start));
            }
        }
        ArrayPool<float>.Shared.Return(panels);
    }

    private void Multiply(int firstChannel, int firstToken, int count, float* panels)
    {
        int wide = instructions.WideTokens, tile = instructions.TileChannels, channels = Math.Min(GroupChannels, weight.OutChannels - firstChannel), panelCount = ((count - 1) / wide) + 1;
        int tiledChannels = (((channels - 1) / tile) + 1) * tile;
        // Half a line more than the tokens, so that channels do not evict each other.
        nint pitch = (panelCount * wide) + AlignmentWords;
        float[] rentedWeights = ArrayPool<float>.Shared.Rent((GroupChannels * Stride) + AlignmentWords), rentedSums = ArrayPool<float>.Shared.Rent((int)(GroupChannels * pitch) + AlignmentWords);
        int* rowSums = stackalloc int[GroupChannels];
        fixed (float* weightStart = rentedWeights, sumStart = rentedSums)
        {
            float* weights = Aligned(weightStart), sums = Aligned(sumStart);
            for (int k = 0; k < depth; k += Depth)
            {
                int length = Math.Min(Depth, depth - k);
                for (int i = 0; i < channels; i++) rowSums[i] += Decode(firstChannel + i, k, length, weights + (i * Stride));
                for (int i = channels; i < tiledChannels; i++) new Span<float>(weights + (i * Stride), length).Clear();
                for (int panel = 0; panel < panelCount; panel++)
                {
                    int width = Width(count, panel);
                    float* inputs = panels + ((long)panel * wide * depth) + ((long)k * width);
                    for (int i = 0; i < tiledChannels; i += tile) Tile(weights + (i * Stride), inputs, length, sums + (i * pitch) + (panel * wide), pitch, k > 0, width);
                }
            }
            Store(firstChannel, channels, firstToken, count, sums, pitch, rowSums);
        }
        ArrayPool<float>.Shared.Return(rentedWeights);
        ArrayPool<float>.Shared.Return(rentedSums);
    }

    // The last panel is narrow when half the width holds its tokens.
    private int Width(int count, int panel) => count - (panel * instructions.WideTokens) <= instructions.WideTokens / 2 ? instructions.WideTokens / 2 : instructions.WideTokens;

    private static float* Aligned(float* rented) => (float*)(((nint)rented + 63) & ~(nint)63);
}
