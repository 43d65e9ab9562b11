using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Kernels.Gemm;
using Qua2SeDiMo.Kernels.Layout;
using Qua2SeDiMo.Kernels.Scheduling;

namespace Qua2SeDiMo.Kernels.Convolutions;

/// <summary>Planes of words that one K block multiplies: they belong to one group of scales.</summary>
/// <param name="EndPlane">First plane after it.</param>
/// <param name="Unit">The value of integer 1, in activation units.</param>
internal readonly record struct PlaneBlock(int EndPlane, float Unit);

/// <summary>
/// One image, quantized online with one range per channel (<see cref="ActivationQuantizer"/>). Holds planes of words of
/// codes in the order of <see cref="ScaleGroups"/>, and the scale and zero point of every input k of the convolution in
/// the order of the weight.
/// </summary>
internal sealed unsafe class ImageQuantizer : IDisposable
{
    private readonly ConvolutionShape shape;
    private readonly List<PlaneBlock> blocks = [];
    private readonly float[] scales,
        zeroPoints;

    /// <summary>Quantizes an image.</summary>
    /// <param name="shape">Extents of one image.</param>
    /// <param name="image">[inChannels, height, width].</param>
    /// <param name="bits">2 to 8.</param>
    /// <param name="perWord">Codes of a word: 2 of 16 bits or 4 of 8.</param>
    /// <param name="run">How channels are spread over threads.</param>
    internal ImageQuantizer(ConvolutionShape shape, float* image, int bits, int perWord, WorkRunner run)
    {
        this.shape = shape;
        int size = shape.Height * shape.Width;
        var ranges = new ActivationRange[shape.InChannels];
        (scales, zeroPoints) = (new float[shape.InChannels], new float[shape.InChannels]);
        run(
            shape.InChannels,
            channel =>
                (scales[channel], zeroPoints[channel]) = ChannelCodes.Range(
                    new ReadOnlySpan<float>(image + ((long)channel * size), size),
                    bits,
                    out ranges[channel]
                )
        );
        var groups = new ScaleGroups(scales);
        Channels = Order(groups, perWord);
        Words = ArrayPool<int>.Shared.Rent(checked(PlaneCount * size));
        run(
            PlaneCount,
            plane =>
            {
                fixed (int* target = &Words[plane * size])
                {
                    for (int i = 0; i < perWord; i++)
                    {
                        int channel = Channels[(plane * perWord) + i];
                        if (channel >= 0)
                            ChannelCodes.Quantize(
                                image + ((long)channel * size),
                                size,
                                ranges[channel],
                                bits,
                                target,
                                i * (32 / perWord)
                            );
                    }
                }
            }
        );
        (Shares, ZeroPoints, Units) = (Rent(shape.RowLength), Rent(shape.RowLength), Rent(shape.RowLength));
        int taps = shape.TapCount;
        for (int channel = 0; channel < shape.InChannels; channel++)
        {
            Shares.AsSpan(channel * taps, taps).Fill(groups.Share(channel));
            ZeroPoints.AsSpan(channel * taps, taps).Fill(zeroPoints[channel]);
            Units.AsSpan(channel * taps, taps).Fill(groups.Units[groups.Of(channel)]);
        }
    }

    /// <summary>[plane, height, width].</summary>
    internal int[] Words { get; }

    /// <summary>Planes of words.</summary>
    internal int PlaneCount => blocks[^1].EndPlane;

    /// <summary>Input channel of each slot of each plane's words, lowest bits first; −1 for an empty slot.</summary>
    internal int[] Channels { get; }

    /// <summary>The K blocks, in order of planes.</summary>
    internal IReadOnlyList<PlaneBlock> Blocks => blocks;

    /// <summary>Scale of each input k over its unit.</summary>
    internal float[] Shares { get; }

    /// <summary>Zero point of each input k.</summary>
    internal float[] ZeroPoints { get; }

    /// <summary>Unit of each input k.</summary>
    internal float[] Units { get; }

    public void Dispose()
    {
        ArrayPool<int>.Shared.Return(Words);
        foreach (float[] rented in (ReadOnlySpan<float[]>)[Shares, ZeroPoints, Units])
            ArrayPool<float>.Shared.Return(rented);
    }

    private static float[] Rent(int length) => ArrayPool<float>.Shared.Rent(length);

    // Fills the list of blocks, none longer than the K block of a panel, and returns the order of channels.
    private int[] Order(ScaleGroups groups, int perWord)
    {
        int longest = PanelGeometry.Depth / shape.TapCount;
        var order = new List<int>(shape.InChannels + (ScaleGroups.Max * perWord));
        for (int group = 0; group < ScaleGroups.Max; group++)
        {
            int first = order.Count / perWord;
            for (int channel = 0; channel < shape.InChannels; channel++)
            {
                if (groups.Of(channel) == group)
                    order.Add(channel);
            }
            while (order.Count % perWord != 0)
                order.Add(-1);
            for (int plane = first, end = order.Count / perWord; plane < end; plane += longest)
                blocks.Add(new PlaneBlock(Math.Min(plane + longest, end), groups.Units[group]));
        }
        return [.. order];
    }
}

/// <summary>Quantizes one channel of an image.</summary>
internal static unsafe class ChannelCodes
{
    // A constant channel has the middle code everywhere, at which rounding of weights has no effect. Its scale is its
    // magnitude divided by this factor, usually too small to determine the groups' units.
    private const float ConstantFraction = 1 << 20;

    /// <summary>The middle code 2^(bits − 1), at which the rounding of weights has no effect.</summary>
    internal static float Middle(int bits) => 1 << (bits - 1);

    /// <summary>Scale (not negative) and zero point of a channel: value = (code − zero point)·scale. A constant channel
    /// has the middle code everywhere.</summary>
    internal static (float Scale, float ZeroPoint) Range(
        ReadOnlySpan<float> channel,
        int bits,
        out ActivationRange range
    )
    {
        range = ActivationRange.Of(channel, bits);
        if (!range.IsExact)
            return (range.Scale, range.ZeroPoint);
        float value = TokenRange.Constant(channel).Scale;
        return (MathF.Abs(value) / ConstantFraction, Middle(bits) - MathF.CopySign(ConstantFraction, value));
    }

    /// <summary>Sets (shift 0) or adds the codes of a channel to the words of its plane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Quantize(float* channel, int size, ActivationRange range, int bits, int* words, int shift)
    {
        int i = 0;
        if (range.IsExact)
        {
            int code = (int)Middle(bits) << shift;
            for (; i < size; i++)
                words[i] = shift == 0 ? code : words[i] | code;
            return;
        }
        Vector256<float> scale = Vector256.Create(range.Scale),
            zeroPoint = Vector256.Create(range.ZeroPoint),
            last = Vector256.Create(range.LastCode);
        for (; i + Vector256<float>.Count <= size; i += Vector256<float>.Count)
        {
            Vector256<float> code = Vector256.MinNative(
                Vector256.MaxNative(
                    Vector256.Round(Vector256.Load(channel + i) / scale) + zeroPoint,
                    Vector256<float>.Zero
                ),
                last
            );
            Vector256<int> placed = Vector256.ConvertToInt32Native(code) << shift;
            (shift == 0 ? placed : Vector256.Load(words + i) | placed).Store(words + i);
        }
        for (; i < size; i++)
        {
            int placed = (int)range.Code(channel[i]) << shift;
            words[i] = shift == 0 ? placed : words[i] | placed;
        }
    }
}
