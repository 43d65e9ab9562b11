using System.Runtime.CompilerServices;
using Qua2SeDiMo.Kernels.Decoding;
using Qua2SeDiMo.Kernels.Layout;
using Qua2SeDiMo.Kernels.MicroKernels;
using Qua2SeDiMo.Kernels.Scheduling;

namespace Qua2SeDiMo.Kernels.Gemm;

/// <summary>y[t, c] = Σ_k x[t, k]·w[c, k] + bias[c] in single precision, for many tokens.</summary>
internal sealed unsafe class LinearProduct(
    MicroKernelSet micro,
    float* x,
    int tokens,
    PaletteMatrix weight,
    float* bias,
    float* y
) : FloatProduct(micro, weight, tokens)
{
    internal override void Pack(int first, int count, float* panels)
    {
        int length = Weight.RowLength,
            wide = Micro.WideTokens;
        for (int done = 0; done < count; done += wide, panels += PanelGeometry.PanelPitch(wide, length))
        {
            PanelTransposer.Pack(
                x + ((long)(first + done) * length),
                length,
                Math.Min(wide, count - done),
                PanelGeometry.Width(wide, count - done),
                panels
            );
        }
    }

    internal override void Store(
        int firstChannel,
        int channels,
        int firstToken,
        int count,
        float* sums,
        nint pitch,
        float* margins
    ) =>
        PanelTransposer.Store(
            sums,
            pitch,
            channels,
            count,
            bias is null ? null : bias + firstChannel,
            y + ((long)firstToken * Weight.OutChannels) + firstChannel,
            Weight.OutChannels
        );
}

/// <summary>A product in single precision.</summary>
internal abstract unsafe class FloatProduct(MicroKernelSet micro, PaletteMatrix weight, int tokens)
    : PanelProduct(micro, weight, tokens, weight.RowLength)
{
    protected override WorkCosts Costs => new(6, 1, 2);

    internal override void Run(WorkRunner run)
    {
        int many = StrassenProduct.TokensFor(Micro, Weight, Tokens);
        if (many > 0)
            new StrassenProduct(Micro, this, Weight, many).Run(run);
        if (many < Tokens)
            Run(run, many);
    }

    [SkipLocalsInit]
    protected override void Decode(int channel, int first, int count, float* row, float* margin)
    {
        float* palette = stackalloc float[ChannelPalette.MaxEntries];
        ChannelPalette.Read(Weight, channel, palette);
        RowDecoder.Decode(
            Micro,
            Weight,
            channel,
            palette,
            first / PaletteLayout.Lanes,
            (count + PaletteLayout.Lanes - 1) / PaletteLayout.Lanes,
            row
        );
    }

    protected override void Tile(float* a, float* b, int first, int count, float* c, nint pitch, int width) =>
        Micro.Tile(a, b, count, c, pitch, first > 0, width);
}
