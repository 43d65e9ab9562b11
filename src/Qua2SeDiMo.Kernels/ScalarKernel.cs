using System.Buffers;
using System.Numerics.Tensors;
using Qua2SeDiMo.Kernels.Convolutions;
using Qua2SeDiMo.Kernels.Gemm;
using Qua2SeDiMo.Kernels.Layout;
using Qua2SeDiMo.Kernels.Scheduling;

namespace Qua2SeDiMo.Kernels;

/// <summary>Plain loops: the specification of every other variant, with which tests compare them.</summary>
internal sealed unsafe class ScalarKernel : PaletteKernel
{
    internal override string Name => "scalar";

    internal override string Description => "plain loops";

    internal override bool IsSupported => true;

    internal override void Multiply(
        float* x,
        int tokens,
        PaletteMatrix weight,
        float* bias,
        float* y,
        WorkRunner run
    ) =>
        run(
            weight.OutChannels,
            channel =>
            {
                float[] row = ArrayPool<float>.Shared.Rent(weight.RowLength);
                weight.DequantizeRow(channel, row.AsSpan(0, weight.RowLength));
                for (int token = 0; token < tokens; token++)
                {
                    float* input = x + ((long)token * weight.RowLength);
                    float sum = 0f;
                    for (int k = 0; k < weight.RowLength; k++)
                        sum += row[k] * input[k];
                    y[((long)token * weight.OutChannels) + channel] = bias is null ? sum : sum + bias[channel];
                }
                ArrayPool<float>.Shared.Return(row);
            }
        );

    internal override void MultiplyQuantized(
        float* x,
        int tokens,
        PaletteMatrix weight,
        float* bias,
        int activationBits,
        float* y,
        WorkRunner run
    )
    {
        int length = weight.RowLength;
        byte[] codes = ArrayPool<byte>.Shared.Rent(checked(tokens * length));
        TokenRange[] ranges = ArrayPool<TokenRange>.Shared.Rent(tokens);
        run(
            tokens,
            token =>
                ranges[token] = TokenRange.Quantize(
                    new ReadOnlySpan<float>(x + ((long)token * length), length),
                    activationBits,
                    codes.AsSpan(token * length, length)
                )
        );
        run(
            weight.OutChannels,
            channel =>
            {
                Span<float> palette = stackalloc float[weight.Spec.PaletteLength];
                weight.ReadPalette(channel, palette);
                float scale = MathF.Abs(TensorPrimitives.MaxMagnitude(palette)) / 127f;
                var packed = new ReadOnlySpan<byte>(weight.Codes(channel), weight.Layout.CodeRowBytes);
                sbyte[] row = ArrayPool<sbyte>.Shared.Rent(length);
                int rowSum = 0;
                for (int k = 0; k < length; k++)
                    rowSum += row[k] =
                        scale == 0f
                            ? (sbyte)0
                            : (sbyte)
                                Math.Clamp(MathF.Round(palette[weight.Layout.Code(packed, k)] / scale), -127f, 127f);
                for (int token = 0; token < tokens; token++)
                {
                    int sum = 0;
                    for (int k = 0; k < length; k++)
                        sum += row[k] * codes[(token * length) + k];
                    y[((long)token * weight.OutChannels) + channel] = ranges[token]
                        .Value(sum, rowSum, scale, bias is null ? 0f : bias[channel]);
                }
                ArrayPool<sbyte>.Shared.Return(row);
            }
        );
        ArrayPool<byte>.Shared.Return(codes);
        ArrayPool<TokenRange>.Shared.Return(ranges);
    }

    internal override void Convolve(
        ConvolutionShape shape,
        float* x,
        PaletteMatrix weight,
        float* bias,
        float* y,
        WorkRunner run
    ) =>
        run(
            weight.OutChannels,
            channel =>
            {
                float[] row = ArrayPool<float>.Shared.Rent(weight.RowLength);
                weight.DequantizeRow(channel, row.AsSpan(0, weight.RowLength));
                int positions = shape.OutHeight * shape.OutWidth;
                for (int image = 0; image < shape.Batch; image++)
                {
                    float* source = x + ((long)image * shape.InChannels * shape.Height * shape.Width);
                    float* target = y + (((long)image * weight.OutChannels) + channel) * positions;
                    for (int position = 0; position < positions; position++)
                    {
                        float sum = At(shape, source, row, position / shape.OutWidth, position % shape.OutWidth);
                        target[position] = bias is null ? sum : sum + bias[channel];
                    }
                }
                ArrayPool<float>.Shared.Return(row);
            }
        );

    internal override void ConvolveQuantized(
        ConvolutionShape shape,
        float* x,
        PaletteMatrix weight,
        float* bias,
        int activationBits,
        float* y,
        WorkRunner run
    )
    {
        ConvolutionShape one = shape with { Batch = 1 };
        for (int image = 0; image < shape.Batch; image++)
        {
            var plain = new PlainIntegerConvolution(one, x + ((long)image * shape.ImageLength), activationBits);
            float* target = y + ((long)image * weight.OutChannels * one.PositionCount);
            run(
                weight.OutChannels,
                channel =>
                    plain.Run(
                        weight,
                        channel,
                        bias is null ? 0f : bias[channel],
                        target + ((long)channel * one.PositionCount)
                    )
            );
        }
    }

    private static float At(ConvolutionShape shape, float* source, float[] row, int outRow, int outColumn)
    {
        float sum = 0f;
        int k = 0;
        for (int channel = 0; channel < shape.InChannels; channel++)
        {
            for (int i = 0; i < shape.KernelHeight; i++)
            {
                int inRow = (outRow * shape.StrideHeight) - shape.PadTop + (i * shape.DilationHeight);
                for (int j = 0; j < shape.KernelWidth; j++, k++)
                {
                    int inColumn = (outColumn * shape.StrideWidth) - shape.PadLeft + (j * shape.DilationWidth);
                    if ((uint)inRow < (uint)shape.Height && (uint)inColumn < (uint)shape.Width)
                        sum += row[k] * source[(((long)channel * shape.Height) + inRow) * shape.Width + inColumn];
                }
            }
        }
        return sum;
    }
}
