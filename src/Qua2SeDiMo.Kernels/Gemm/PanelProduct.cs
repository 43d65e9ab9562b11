using System.Buffers;
using Qua2SeDiMo.Kernels.Layout;
using Qua2SeDiMo.Kernels.MicroKernels;
using Qua2SeDiMo.Kernels.Scheduling;

namespace Qua2SeDiMo.Kernels.Gemm;

/// <summary>
/// A product blocked for the caches: each work item packs the inputs of a block of tokens as panels [k, token]; then,
/// for a few channels at a time and one K block after another, it decodes the weights and multiplies them with all its
/// panels.
/// </summary>
internal abstract unsafe class PanelProduct(MicroKernelSet micro, PaletteMatrix weight, int tokens, int depth)
{
    private const int MaxTokens = 512,
        MinTokens = 96,
        PanelWords = 3 << 19;

    /// <summary>The micro-kernels that multiply.</summary>
    protected MicroKernelSet Micro => micro;

    /// <summary>C × K.</summary>
    protected PaletteMatrix Weight => weight;

    /// <summary>Rows of inputs.</summary>
    protected int Tokens => tokens;

    /// <summary>Packs inputs of tokens [first, first + count) as panels [depth, width], a
    /// <see cref="PanelGeometry.PanelPitch"/> apart; missing tokens are zeros.</summary>
    internal abstract void Pack(int first, int count, float* panels);

    /// <summary>End of the K block that begins with a word: at most <see cref="PanelGeometry.Depth"/> words after
    /// it.</summary>
    protected virtual int BlockEnd(int first) => Math.Min(first + PanelGeometry.Depth, depth);

    /// <summary>Words that <see cref="Decode"/> keeps of each channel for <see cref="Store"/>.</summary>
    protected virtual int MarginWords => 0;

    /// <summary>Costs of work items, with groups of channels as units.</summary>
    protected abstract WorkCosts Costs { get; }

    /// <summary>Decodes words [first, first + count) of a channel and adds to its margin, which begins as
    /// zeros.</summary>
    protected abstract void Decode(int channel, int first, int count, float* row, float* margin);

    /// <summary>See <see cref="MicroKernelSet.Tile"/>; if <paramref name="first"/> is not 0, c holds the sums of all
    /// earlier words.</summary>
    protected abstract void Tile(float* a, float* b, int first, int count, float* c, nint pitch, int width);

    /// <summary>Writes results from sums [channels, pitch] and margins [channels, <see cref="MarginWords"/>].</summary>
    internal abstract void Store(
        int firstChannel,
        int channels,
        int firstToken,
        int count,
        float* sums,
        nint pitch,
        float* margins
    );

    /// <summary>Computes everything.</summary>
    internal virtual void Run(WorkRunner run) => Run(run, 0);

    /// <summary>Computes the results of the given token and all later ones.</summary>
    protected void Run(WorkRunner run, int firstToken)
    {
        int wide = micro.WideTokens,
            panels = ((tokens - firstToken - 1) / wide) + 1,
            groups = ((weight.OutChannels - 1) / PanelGeometry.GroupChannels) + 1;
        (int perBlock, int perShare) = WorkSplit.Find(
            panels,
            groups,
            Math.Clamp(PanelWords / depth, MinTokens, MaxTokens) / wide,
            Costs,
            Environment.ProcessorCount
        );
        WorkSplit.Run(
            run,
            firstToken,
            tokens,
            perBlock * wide,
            weight.OutChannels,
            perShare * PanelGeometry.GroupChannels,
            RunItem
        );
    }

    private void RunItem(int first, int count, int firstChannel, int endChannel)
    {
        float[] rented = ArrayPool<float>.Shared.Rent(
            checked(
                (int)((((count - 1) / micro.WideTokens) + 1) * PanelGeometry.PanelPitch(micro.WideTokens, depth))
                + PanelGeometry.AlignmentWords
            )
        );
        fixed (float* start = rented)
        {
            float* panels = PanelGeometry.Aligned(start);
            Pack(first, count, panels);
            for (int channel = firstChannel; channel < endChannel; channel += PanelGeometry.GroupChannels)
                Multiply(channel, first, count, panels);
        }
        ArrayPool<float>.Shared.Return(rented);
    }

    private void Multiply(int firstChannel, int firstToken, int count, float* panels)
    {
        int wide = micro.WideTokens,
            tile = micro.TileChannels,
            channels = Math.Min(PanelGeometry.GroupChannels, weight.OutChannels - firstChannel),
            panelCount = ((count - 1) / wide) + 1;
        int tiledChannels = (((channels - 1) / tile) + 1) * tile,
            margin = MarginWords;
        long panelPitch = PanelGeometry.PanelPitch(wide, depth);
        // One cache line more than the tokens, so that channels do not evict each other.
        nint pitch = (panelCount * wide) + PanelGeometry.AlignmentWords;
        float[] rentedWeights = ArrayPool<float>.Shared.Rent(
                (PanelGeometry.GroupChannels * PanelGeometry.Stride) + PanelGeometry.AlignmentWords
            ),
            rentedSums = ArrayPool<float>.Shared.Rent(
                (int)(PanelGeometry.GroupChannels * pitch) + PanelGeometry.AlignmentWords
            );
        float[] rentedMargins = ArrayPool<float>.Shared.Rent(PanelGeometry.GroupChannels * margin);
        rentedMargins.AsSpan().Clear();
        fixed (
            float* weightStart = rentedWeights,
                sumStart = rentedSums,
                margins = rentedMargins
        )
        {
            float* weights = PanelGeometry.Aligned(weightStart),
                sums = PanelGeometry.Aligned(sumStart);
            for (int k = 0, length; k < depth; k += length)
            {
                length = BlockEnd(k) - k;
                for (int i = 0; i < channels; i++)
                    Decode(firstChannel + i, k, length, weights + (i * PanelGeometry.Stride), margins + (i * margin));
                for (int i = channels; i < tiledChannels; i++)
                    new Span<float>(weights + (i * PanelGeometry.Stride), length).Clear();
                for (int panel = 0; panel < panelCount; panel++)
                {
                    int width = PanelGeometry.Width(wide, count - (panel * wide));
                    float* inputs = panels + (panel * panelPitch) + ((long)k * width);
                    for (int i = 0; i < tiledChannels; i += tile)
                        Tile(
                            weights + (i * PanelGeometry.Stride),
                            inputs,
                            k,
                            length,
                            sums + (i * pitch) + (panel * wide),
                            pitch,
                            width
                        );
                }
            }
            Store(firstChannel, channels, firstToken, count, sums, pitch, margins);
        }
        ArrayPool<float>.Shared.Return(rentedMargins);
        ArrayPool<float>.Shared.Return(rentedWeights);
        ArrayPool<float>.Shared.Return(rentedSums);
    }
}
