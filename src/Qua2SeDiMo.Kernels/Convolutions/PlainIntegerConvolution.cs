using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Kernels.Decoding;
using Qua2SeDiMo.Kernels.Layout;

namespace Qua2SeDiMo.Kernels.Convolutions;

/// <summary>Plain loops for one image: the specification of <see cref="IntegerConvolution"/>.</summary>
internal sealed unsafe class PlainIntegerConvolution
{
    private readonly ConvolutionShape shape;
    private readonly ScaleGroups groups;
    private readonly byte[] codes;
    private readonly float[] zeroPoints;
    private readonly float middle;

    internal PlainIntegerConvolution(ConvolutionShape shape, float* image, int bits)
    {
        this.shape = shape;
        middle = ChannelCodes.Middle(bits);
        int size = shape.Height * shape.Width;
        codes = new byte[shape.ImageLength];
        zeroPoints = new float[shape.InChannels];
        float[] scales = new float[shape.InChannels];
        for (int channel = 0; channel < shape.InChannels; channel++)
        {
            var values = new ReadOnlySpan<float>(image + ((long)channel * size), size);
            (scales[channel], zeroPoints[channel]) = ChannelCodes.Range(values, bits, out ActivationRange range);
            for (int i = 0; i < size; i++)
                codes[(channel * size) + i] = (byte)(range.IsExact ? middle : range.Code(values[i]));
        }
        groups = new ScaleGroups(scales);
    }

    /// <summary>Computes all positions of one output channel.</summary>
    internal void Run(PaletteMatrix weight, int channel, float bias, float* y)
    {
        float scale = IntegerPalette.Scale(weight, channel);
        int[] integers = new int[weight.RowLength];
        float[] terms = Round(weight, channel, integers);
        for (int position = 0; position < shape.PositionCount; position++)
        {
            (int row, int column) = Math.DivRem(position, shape.OutWidth);
            float sum = 0f,
                correction = 0f;
            for (int group = 0; group < ScaleGroups.Max; group++)
                sum = MathF.FusedMultiplyAdd(Sum(integers, group, row, column), groups.Units[group], sum);
            for (int i = 0; i < shape.KernelHeight; i++)
            {
                float line = 0f;
                for (int j = 0; j < shape.KernelWidth; j++)
                {
                    if (Offset(row, column, i, j) >= 0)
                        line += terms[(i * shape.KernelWidth) + j];
                }
                if (IsRow(row, i))
                    correction += line;
            }
            y[position] = MathF.FusedMultiplyAdd(scale, sum - correction, bias);
        }
    }

    // Sets the integer weights of all inputs and returns the correction of each kernel tap.
    private float[] Round(PaletteMatrix weight, int channel, int[] integers)
    {
        int taps = shape.TapCount,
            lanes = taps * PaletteLayout.Lanes;
        float[] margin = new float[lanes],
            terms = new float[taps];
        float* palette = stackalloc float[ChannelPalette.MaxEntries];
        IntegerPalette.ReadScaled(weight, channel, palette);
        var packed = new ReadOnlySpan<byte>(weight.Codes(channel), weight.Layout.CodeRowBytes);
        for (int k = 0; k < integers.Length; k++)
        {
            int input = k / taps,
                lane = k % lanes;
            float unit = groups.Units[groups.Of(input)],
                exact = palette[weight.Layout.Code(packed, k)] * groups.Share(input),
                rounded = MathF.Round(exact);
            integers[k] = float.IsNaN(rounded) ? 0 : (int)rounded;
            margin[lane] = MathF.FusedMultiplyAdd(
                unit,
                MathF.FusedMultiplyAdd(exact, zeroPoints[input], (rounded - exact) * middle),
                margin[lane]
            );
        }
        for (int lane = 0; lane < lanes; lane++)
            terms[lane % taps] += margin[lane];
        return terms;
    }

    private int Sum(int[] integers, int group, int row, int column)
    {
        int sum = 0;
        for (int input = 0; input < shape.InChannels; input++)
        {
            if (groups.Of(input) != group)
                continue;
            for (int i = 0; i < shape.KernelHeight; i++)
            {
                for (int j = 0; j < shape.KernelWidth; j++)
                {
                    int offset = Offset(row, column, i, j);
                    if (offset >= 0)
                        sum +=
                            integers[(((input * shape.KernelHeight) + i) * shape.KernelWidth) + j]
                            * codes[(input * shape.Height * shape.Width) + offset];
                }
            }
        }
        return sum;
    }

    private bool IsRow(int row, int i) =>
        (uint)((row * shape.StrideHeight) + (i * shape.DilationHeight) - shape.PadTop) < (uint)shape.Height;

    // Offset in a channel of the value that a kernel tap reads; −1 in the padding.
    private int Offset(int row, int column, int i, int j)
    {
        int inRow = (row * shape.StrideHeight) + (i * shape.DilationHeight) - shape.PadTop,
            inColumn = (column * shape.StrideWidth) + (j * shape.DilationWidth) - shape.PadLeft;
        return IsRow(row, i) && (uint)inColumn < (uint)shape.Width ? (inRow * shape.Width) + inColumn : -1;
    }
}
