using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Qua2SeDiMo.Kernels.Decoding;
using Qua2SeDiMo.Kernels.Gemm;
using Qua2SeDiMo.Kernels.Layout;
using Qua2SeDiMo.Kernels.MicroKernels;
using Qua2SeDiMo.Kernels.Scheduling;

namespace Qua2SeDiMo.Kernels.Convolutions;

/// <summary>
/// A convolution of one quantized image in integers. With codes q, scales s and zero points z of input channels,
/// weights w, u = max |palette| / 127, units M of groups and integers a = round(v) of v = w·s / (u·M): Σ w·s·(q − z) =
/// u·(Σ M·Σ a·q − Σ M·((a − v)·m + v·z)). In the second sum, the correction, the middle code m replaces q, so that
/// rounding a weight changes only products whose code differs from m. The correction is kept per kernel tap, since
/// padding is zero and has no code.
/// </summary>
internal sealed unsafe class IntegerConvolution(
    MicroKernelSet micro,
    ConvolutionShape shape,
    ImageQuantizer image,
    PaletteMatrix weight,
    float* bias,
    int activationBits,
    float* y
) : PanelProduct(micro, weight, shape.PositionCount, image.PlaneCount * shape.TapCount)
{
    /// <summary>Largest number of taps of a kernel.</summary>
    internal const int MaxTaps = 256;

    // A whole number of blocks for every number of bits that fits a table.
    private const int ChunkInputs = 1280;

    private readonly ConvolutionShape planes = shape with { InChannels = image.PlaneCount };
    private readonly float middle = ChannelCodes.Middle(activationBits);

    // Length of the correction row: taps × lanes, the period after which lanes and kernel taps realign.
    private readonly int lanes = shape.TapCount * PaletteLayout.Lanes;

    protected override WorkCosts Costs => new(2, 4, 1);

    // The correction row, then all integer weights of the channel as bytes in order of k, then padding for one vector.
    protected override int MarginWords => lanes + (((shape.RowLength - 1) / sizeof(float)) + 1) + PaletteLayout.Lanes;

    protected override int BlockEnd(int first)
    {
        foreach (PlaneBlock block in image.Blocks)
        {
            if (block.EndPlane * shape.TapCount > first)
                return block.EndPlane * shape.TapCount;
        }
        throw new ArgumentOutOfRangeException(nameof(first));
    }

    internal override void Pack(int first, int count, float* panels)
    {
        fixed (int* words = image.Words)
            ImagePanel.Gather(planes, (float*)words, first, count, Micro.WideTokens, panels);
    }

    protected override void Decode(int channel, int first, int count, float* row, float* margin)
    {
        var integers = (sbyte*)(margin + lanes);
        if (first == 0)
            Round(channel, integers, margin);
        int taps = shape.TapCount,
            perWord = Micro.IntegersPerWord;
        ReadOnlySpan<int> channels = image.Channels.AsSpan(first / taps * perWord, count / taps * perWord);
        if (perWord == 4)
            PlanePacker.Four(integers, channels, taps, (int*)row);
        else
            PlanePacker.Two(integers, channels, taps, (int*)row);
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Round(int channel, sbyte* integers, float* margin)
    {
        float* palette = stackalloc float[ChannelPalette.MaxEntries],
            chunk = stackalloc float[ChunkInputs];
        IntegerPalette.ReadScaled(Weight, channel, palette);
        Vector256<float> middles = Vector256.Create(middle);
        int lane = 0;
        fixed (
            float* shares = image.Shares,
                zeroPoints = image.ZeroPoints,
                units = image.Units
        )
        {
            for (int start = 0; start < Weight.RowLength; start += ChunkInputs)
            {
                int count = Math.Min(ChunkInputs, Weight.RowLength - start),
                    k = 0;
                RowDecoder.Decode(
                    Micro,
                    Weight,
                    channel,
                    palette,
                    start / PaletteLayout.Lanes,
                    ((count - 1) / PaletteLayout.Lanes) + 1,
                    chunk
                );
                float* share = shares + start,
                    zeroPoint = zeroPoints + start,
                    unit = units + start;
                for (; k + PaletteLayout.Lanes <= count; k += PaletteLayout.Lanes)
                {
                    Vector256<int> low = Term(chunk + k, share + k, zeroPoint + k, unit + k, middles, margin + lane);
                    Vector256<int> high = Term(
                        chunk + k + 8,
                        share + k + 8,
                        zeroPoint + k + 8,
                        unit + k + 8,
                        middles,
                        margin + lane + 8
                    );
                    Vector256<short> both = Vector256.Narrow(low, high);
                    Vector128.Narrow(both.GetLower(), both.GetUpper()).Store(integers + start + k);
                    if ((lane += PaletteLayout.Lanes) == lanes)
                        lane = 0;
                }
                for (; k < count; k++, lane++)
                {
                    float exact = chunk[k] * share[k],
                        rounded = MathF.Round(exact);
                    margin[lane] = MathF.FusedMultiplyAdd(
                        unit[k],
                        MathF.FusedMultiplyAdd(exact, zeroPoint[k], (rounded - exact) * middle),
                        margin[lane]
                    );
                    integers[start + k] = (sbyte)rounded;
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Term(
        float* weights,
        float* share,
        float* zeroPoint,
        float* unit,
        Vector256<float> middles,
        float* margin
    )
    {
        Vector256<float> exact = Vector256.Load(weights) * Vector256.Load(share),
            rounded = Vector256.Round(exact);
        Vector256<float> term = Vector256.FusedMultiplyAdd(
            exact,
            Vector256.Load(zeroPoint),
            (rounded - exact) * middles
        );
        Vector256.FusedMultiplyAdd(Vector256.Load(unit), term, Vector256.Load(margin)).Store(margin);
        return Vector256.ConvertToInt32Native(rounded);
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Tile(float* a, float* b, int first, int count, float* c, nint pitch, int width)
    {
        int* sums = stackalloc int[PanelGeometry.GroupChannels * PanelGeometry.MaxPanelTokens];
        Micro.IntegerTile((int*)a, (int*)b, count, sums, width, add: false, width);
        int block = 0;
        while (image.Blocks[block].EndPlane * shape.TapCount <= first)
            block++;
        Vector256<float> unit = Vector256.Create(image.Blocks[block].Unit);
        for (int i = 0; i < Micro.TileChannels; i++, c += pitch)
        {
            for (int token = 0; token < width; token += Vector256<int>.Count, sums += Vector256<int>.Count)
            {
                Vector256<float> before = first == 0 ? Vector256<float>.Zero : Vector256.Load(c + token);
                Vector256
                    .FusedMultiplyAdd(Vector256.ConvertToSingle(Vector256.Load(sums)), unit, before)
                    .Store(c + token);
            }
        }
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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
        var corrections = new PaddedSums(shape);
        Span<float> terms = stackalloc float[MaxTaps];
        terms = terms[..shape.TapCount];
        int outWidth = shape.OutWidth,
            positions = shape.PositionCount;
        for (int i = 0; i < channels; i++)
        {
            terms.Clear();
            for (float* lane = margins + (i * MarginWords), end = lane + lanes; lane < end; lane += terms.Length)
            {
                for (int tap = 0; tap < terms.Length; tap++)
                    terms[tap] += lane[tap];
            }
            corrections.Set(terms);
            float scale = IntegerPalette.Scale(Weight, firstChannel + i),
                added = bias is null ? 0f : bias[firstChannel + i];
            float* result = y + ((long)(firstChannel + i) * positions) + firstToken;
            for (int done = 0, length; done < count; done += length)
            {
                (int outRow, int outColumn) = Math.DivRem(firstToken + done, outWidth);
                length = Math.Min(count - done, outWidth - outColumn);
                fixed (float* correction = corrections.Row(outRow)[outColumn..])
                    ToValues(sums + (i * pitch) + done, correction, length, scale, added, result + done);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ToValues(float* sums, float* corrections, int count, float scale, float bias, float* result)
    {
        Vector256<float> unit = Vector256.Create(scale),
            added = Vector256.Create(bias);
        int i = 0;
        for (; i + Vector256<float>.Count <= count; i += Vector256<float>.Count)
        {
            Vector256
                .FusedMultiplyAdd(unit, Vector256.Load(sums + i) - Vector256.Load(corrections + i), added)
                .Store(result + i);
        }
        for (; i < count; i++)
            result[i] = MathF.FusedMultiplyAdd(scale, sums[i] - corrections[i], bias);
    }
}
