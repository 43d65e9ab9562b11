using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Qua2SeDiMo.Quantizers.Kernels;

/// <summary>The inputs of a stretch of output positions as a panel [input channel · kernel row · kernel column, position]. Words may be floats or packed integers.</summary>
internal static unsafe class ImagePanel
{
    /// <summary>Gathers positions [first, first + count), counted through all images of the batch; what lies outside an image, and missing positions, are zeros.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Gather(ConvolutionShape shape, float* images, int first, int count, int width, float* panel)
    {
        shape = shape.Flattened;
        int height = shape.Height, columns = shape.Width, strideWidth = shape.StrideWidth;
        long plane = (long)height * columns;
        Span<PositionRun> runs = stackalloc PositionRun[count];
        runs = runs[..Cut(shape, images, first, count, runs)];
        for (int channel = 0; channel < shape.InChannels; channel++)
        {
            for (int i = 0; i < shape.KernelHeight; i++)
            {
                int rowShift = (i * shape.DilationHeight) - shape.PadTop;
                for (int j = 0; j < shape.KernelWidth; j++, panel += width)
                {
                    int columnShift = (j * shape.DilationWidth) - shape.PadLeft;
                    float* target = panel;
                    foreach (ref readonly PositionRun run in runs)
                    {
                        int row = run.Row + rowShift;
                        if ((uint)row >= (uint)height) new Span<float>(target, run.Length).Clear();
                        else Line(run.Image + (channel * plane) + ((long)row * columns), columns, run.Column + columnShift, strideWidth, run.Length, target);
                        target += run.Length;
                    }
                    if (count < width) new Span<float>(panel + count, width - count).Clear();
                }
            }
        }
    }

    /// <summary>Cuts positions into runs of one output row of one image each.</summary>
    /// <param name="shape">Extents.</param>
    /// <param name="images">All images.</param>
    /// <param name="first">First position.</param>
    /// <param name="count">Positions.</param>
    /// <param name="runs">As many places as positions.</param>
    /// <returns>How many there are.</returns>
    internal static int Cut(ConvolutionShape shape, float* images, int first, int count, Span<PositionRun> runs)
    {
        int outWidth = shape.OutWidth, outHeight = shape.OutHeight, found = 0;
        long image = (long)shape.InChannels * shape.Height * shape.Width;
        for (int done = 0, length; done < count; done += length, found++)
        {
            (int outRow, int outColumn) = Math.DivRem(first + done, outWidth);
            length = Math.Min(count - done, outWidth - outColumn);
            runs[found] = new PositionRun(images + (outRow / outHeight * image), outRow % outHeight * shape.StrideHeight, outColumn * shape.StrideWidth, length);
        }
        return found;
    }

    /// <summary>target[i] = line[column + i·stride] where that is inside the line, else zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Line(float* line, int columns, int column, int stride, int length, float* target)
    {
        if (stride == 1)
        {
            int begin = Math.Clamp(-column, 0, length), end = Math.Clamp(columns - column, begin, length), i = 0;
            for (; i < begin; i++) target[i] = 0f;
            line += column;
            for (; i + Vector256<float>.Count <= end; i += Vector256<float>.Count) Vector256.Load(line + i).Store(target + i);
            for (; i < end; i++) target[i] = line[i];
            for (; i < length; i++) target[i] = 0f;
            return;
        }
        for (int i = 0; i < length; i++, column += stride) target[i] = (uint)column < (uint)columns ? line[column] : 0f;
    }
}

/// <summary>Neighbouring positions of one output row; row and column are those of the first one's input before padding.</summary>
internal readonly unsafe struct PositionRun(float* image, int row, int column, int length)
{
    internal float* Image { get; } = image;

    internal int Row { get; } = row;

    internal int Column { get; } = column;

    internal int Length { get; } = length;
}
