using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Qua2SeDiMo.Kernels.Decoding;
using Qua2SeDiMo.Kernels.Layout;
using Qua2SeDiMo.Kernels.MicroKernels;
using Qua2SeDiMo.Kernels.Scheduling;

namespace Qua2SeDiMo.Kernels.Gemm;

/// <summary>The product y[t, c] of activations quantized online and palettes rounded to 8-bit integers; see
/// <see cref="PaletteMatMul.MultiplyQuantized"/>.</summary>
internal sealed unsafe class IntegerProduct(
    MicroKernelSet micro,
    float* x,
    int tokens,
    PaletteMatrix weight,
    float* bias,
    int activationBits,
    float* y
) : PanelProduct(micro, weight, tokens, Words(weight, micro.IntegersPerWord))
{
    // Work items that pack the same tokens write the same values.
    private readonly float[] tokenScales = ArrayPool<float>.Shared.Rent(tokens + Padding),
        zeroPoints = ArrayPool<float>.Shared.Rent(tokens + Padding);

    // Results are computed eight tokens at a time, and the last eight may read past the end.
    private const int Padding = 8;

    /// <summary>Computes everything. May be called once, since it returns the rented arrays.</summary>
    internal override void Run(WorkRunner run)
    {
        base.Run(run);
        ArrayPool<float>.Shared.Return(tokenScales);
        ArrayPool<float>.Shared.Return(zeroPoints);
    }

    internal override void Pack(int first, int count, float* panels)
    {
        int words = Words(Weight, Micro.IntegersPerWord),
            wide = Micro.WideTokens;
        float[] rented = ArrayPool<float>.Shared.Rent(wide * words);
        fixed (float* rows = rented)
        {
            for (int i = 0; i < count; i++)
            {
                TokenRange range = TokenQuantizer.Quantize(
                    x + ((long)(first + i) * Weight.RowLength),
                    Weight.RowLength,
                    activationBits,
                    Micro.IntegersPerWord,
                    int.MaxValue,
                    (int*)rows + (i % wide * words),
                    words / PaletteLayout.Lanes,
                    PaletteLayout.Lanes
                );
                tokenScales[first + i] = range.Scale;
                zeroPoints[first + i] = range.ZeroPoint;
                int start = i / wide * wide;
                if (i == count - 1 || i == start + wide - 1)
                    PanelTransposer.Pack(
                        rows,
                        words,
                        i + 1 - start,
                        PanelGeometry.Width(wide, count - start),
                        panels + (start / wide * PanelGeometry.PanelPitch(wide, words))
                    );
            }
        }
        ArrayPool<float>.Shared.Return(rented);
    }

    protected override WorkCosts Costs => new(2, 1, 8);

    // The sum of a channel's integers.
    protected override int MarginWords => 1;

    [SkipLocalsInit]
    protected override void Decode(int channel, int first, int count, float* row, float* margin)
    {
        int* integers = stackalloc int[ChannelPalette.MaxEntries];
        IntegerPalette.ReadRounded(Weight, channel, integers);
        *(int*)margin += RowDecoder.DecodeWords(Micro, Weight, channel, integers, first, count, (int*)row);
    }

    protected override void Tile(float* a, float* b, int first, int count, float* c, nint pitch, int width) =>
        Micro.IntegerTile((int*)a, (int*)b, count, (int*)c, pitch, first > 0, width);

    internal override void Store(
        int firstChannel,
        int channels,
        int firstToken,
        int count,
        float* sums,
        nint pitch,
        float* margins
    )
    {
        fixed (
            float* tokenScale = tokenScales,
                zeroPoint = zeroPoints
        )
        {
            for (int i = 0; i < channels; i++)
            {
                ToValues(
                    (int*)sums + (i * pitch),
                    sums + (i * pitch),
                    count,
                    tokenScale + firstToken,
                    zeroPoint + firstToken,
                    ((int*)margins)[i],
                    IntegerPalette.Scale(Weight, firstChannel + i),
                    bias is null ? 0f : bias[firstChannel + i]
                );
            }
        }
        PanelTransposer.Store(
            sums,
            pitch,
            channels,
            count,
            null,
            y + ((long)firstToken * Weight.OutChannels) + firstChannel,
            Weight.OutChannels
        );
    }

    // TokenRange.Value, eight tokens at a time; the rows of sums and of ranges have room for whole vectors.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ToValues(
        int* sums,
        float* values,
        int count,
        float* tokenScales,
        float* zeroPoints,
        int rowSum,
        float scale,
        float bias
    )
    {
        Vector256<float> sum = Vector256.Create((float)rowSum),
            unit = Vector256.Create(scale),
            added = Vector256.Create(bias);
        for (int i = 0; i < count; i += Vector256<float>.Count)
        {
            Vector256<float> exact = Vector256.ConvertToSingle(Vector256.Load(sums + i));
            Vector256<float> shifted = Vector256.FusedMultiplyAdd(-Vector256.Load(zeroPoints + i), sum, exact);
            Vector256.FusedMultiplyAdd(shifted, Vector256.Load(tokenScales + i) * unit, added).Store(values + i);
        }
    }

    private static int Words(PaletteMatrix weight, int perWord) =>
        (weight.Layout.VectorCount + perWord - 1) / perWord * PaletteLayout.Lanes;
}
