using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace Qua2SeDiMo.Quantizers.Kernels;

/// <summary>A convolution of one image: its tokens are output positions, whose inputs are gathered as the panels are laid out, a block at a time.</summary>
internal sealed unsafe class ConvolutionProduct(PanelInstructions instructions, ConvolutionShape shape, float* x, int image, PaletteMatrix weight, float* bias, float* y)
    : FloatProduct(instructions, weight, shape.OutHeight * shape.OutWidth)
{
    private readonly float* source = x + ((long)image * shape.InChannels * shape.Height * shape.Width);
    private readonly float* target = y + ((long)image * weight.OutChannels * shape.OutHeight * shape.OutWidth);

    protected override void Pack(int first, int count, int width, float* panel) => ImagePanel.Gather(shape, source, first, count, width, panel);

    protected override void Store(int firstChannel, int channels, int firstToken, int count, float* sums, nint pitch, int* rowSums)
    {
        long positions = (long)shape.OutHeight * shape.OutWidth;
        for (int i = 0; i < channels; i++)
        {
            var result = new Span<float>(target + ((firstChannel + i) * positions) + firstToken, count);
            var sum = new ReadOnlySpan<float>(sums + (i * pitch), count);
            if (bias is null) sum.CopyTo(result);
            else TensorPrimitives.Add(sum, bias[firstChannel + i], result);
        }
    }
}

/// <summary>The inputs of a stretch of output positions as a panel [input channel · kernel row · kernel column, position].</summary>
internal static unsafe class ImagePanel
{
    /// <summary>Gathers positions [first, first + count); what lies outside the image, and missing positions, are zeros.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Gather(ConvolutionShape shape, float* image, int first, int count, int width, float* panel)
    {
        int height = shape.Height, columns = shape.Width, outWidth = shape.OutWidth, strideWidth = shape.StrideWidth;
        long plane = (long)height * columns;
        if (shape.IsPointwise)
        {
            for (int channel = 0; channel < shape.InChannels; channel++, panel += width) Copy(image + (channel * plane) + first, count, width, panel);
            return;
        }
        for (int channel = 0; channel < shape.InChannels; channel++, image += plane)
        {
            for (int i = 0; i < shape.KernelHeight; i++)
            {
                int rowShift = (i * shape.DilationHeight) - shape.PadTop;
                for (int j = 0; j < shape.KernelWidth; j++, panel += width)
                {
                    int columnShift = (j * shape.DilationWidth) - shape.PadLeft, done = 0;
                    // Positions of one output row after another.
                    for (int outRow = first / outWidth, outColumn = first % outWidth; done < count; outRow++, outColumn = 0)
                    {
                        int length = Math.Min(count - done, outWidth - outColumn), row = (outRow * shape.StrideHeight) + rowShift, column = (outColumn * strideWidth) + columnShift;
                        if ((uint)row >= (uint)height) new Span<float>(panel + done, length).Clear();
                        else Line(image + ((long)row * columns), columns, column, strideWidth, length, panel + done);
                        done += length;
                    }
                    if (done < width) new Span<float>(panel + done, width - done).Clear();
                }
            }
        }
    }

    // target[i] = line[column + i·stride] where that is inside the line.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Line(float* line, int columns, int column, int stride, int length, float* target)
    {
        if (stride == 1)
        {
            int begin = Math.Clamp(-column, 0, length), end = Math.Clamp(columns - column, begin, length);
            for (int i = 0; i < begin; i++) target[i] = 0f;
            if (end > begin) Unsafe.CopyBlockUnaligned(target + begin, line + column + begin, (uint)(end - begin) * sizeof(float));
            for (int i = end; i < length; i++) target[i] = 0f;
            return;
        }
        for (int i = 0; i < length; i++, column += stride) target[i] = (uint)column < (uint)columns ? line[column] : 0f;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Copy(float* line, int count, int width, float* target)
    {
        Unsafe.CopyBlockUnaligned(target, line, (uint)count * sizeof(float));
        if (count < width) new Span<float>(target + count, width - count).Clear();
    }
}
