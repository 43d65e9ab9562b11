using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Qua2SeDiMo.Kernels.Layout;

namespace Qua2SeDiMo.Kernels.Convolutions;

/// <summary>Packs the inputs of consecutive output positions as panels [input channel · kernel row · kernel column,
/// position]. Words may be floats or packed integers.</summary>
internal static unsafe class ImagePanel
{
    /// <summary>
    /// Gathers the inputs of positions [first, first + count), counted through all images of the batch. Inputs outside
    /// an image and positions after the last one are zeros. Works channel by channel, so that an image is read in long
    /// runs.
    /// </summary>
    /// <param name="shape">Extents.</param>
    /// <param name="images">All images.</param>
    /// <param name="first">First position.</param>
    /// <param name="count">Positions.</param>
    /// <param name="wide">Positions of a panel; the last one may be narrow.</param>
    /// <param name="panels">Destination; panels begin a <see cref="PanelGeometry.PanelPitch"/> apart.</param>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Gather(ConvolutionShape shape, float* images, int first, int count, int wide, float* panels)
    {
        shape = shape.Flattened;
        int height = shape.Height,
            columns = shape.Width,
            strideWidth = shape.StrideWidth,
            depth = shape.RowLength,
            lastStart = (count - 1) / wide * wide,
            lastWidth = PanelGeometry.Width(wide, count - lastStart);
        long plane = (long)height * columns;
        Span<PositionRun> runs = stackalloc PositionRun[count];
        runs = runs[..Cut(shape, images, first, count, wide, runs)];
        float** targets = stackalloc float*[runs.Length];
        int* pitches = stackalloc int[runs.Length];
        for (int i = 0, start = 0; i < runs.Length; start += runs[i++].Length)
        {
            targets[i] = panels + (start / wide * PanelGeometry.PanelPitch(wide, depth)) + (start % wide);
            pitches[i] = start >= lastStart ? lastWidth : wide;
        }
        for (int channel = 0; channel < shape.InChannels; channel++)
        {
            for (int i = 0; i < shape.KernelHeight; i++)
            {
                int rowShift = (i * shape.DilationHeight) - shape.PadTop;
                for (int j = 0; j < shape.KernelWidth; j++)
                {
                    int columnShift = (j * shape.DilationWidth) - shape.PadLeft;
                    for (int r = 0; r < runs.Length; r++)
                    {
                        ref readonly PositionRun run = ref runs[r];
                        int row = run.Row + rowShift;
                        float* target = targets[r];
                        targets[r] = target + pitches[r];
                        if ((uint)row >= (uint)height)
                            new Span<float>(target, run.Length).Clear();
                        else
                            Line(
                                run.Image + (channel * plane) + ((long)row * columns),
                                columns,
                                run.Column + columnShift,
                                strideWidth,
                                run.Length,
                                target
                            );
                    }
                }
            }
        }
        if (count - lastStart == lastWidth)
            return;
        float* missing = panels + (lastStart / wide * PanelGeometry.PanelPitch(wide, depth)) + (count - lastStart);
        for (int k = 0; k < depth; k++)
            new Span<float>(missing + ((long)k * lastWidth), lastWidth - (count - lastStart)).Clear();
    }

    /// <summary>Cuts positions into runs that lie in one output row and in one panel.</summary>
    /// <param name="shape">Extents.</param>
    /// <param name="images">All images.</param>
    /// <param name="first">First position.</param>
    /// <param name="count">Positions.</param>
    /// <param name="wide">Positions of a panel.</param>
    /// <param name="runs">Destination, with room for one run per position.</param>
    /// <returns>Number of runs.</returns>
    internal static int Cut(
        ConvolutionShape shape,
        float* images,
        int first,
        int count,
        int wide,
        Span<PositionRun> runs
    )
    {
        int outWidth = shape.OutWidth,
            outHeight = shape.OutHeight,
            found = 0;
        long image = (long)shape.InChannels * shape.Height * shape.Width;
        for (int done = 0, length; done < count; done += length, found++)
        {
            (int outRow, int outColumn) = Math.DivRem(first + done, outWidth);
            length = Math.Min(Math.Min(count - done, outWidth - outColumn), wide - (done % wide));
            runs[found] = new PositionRun(
                images + (outRow / outHeight * image),
                outRow % outHeight * shape.StrideHeight,
                outColumn * shape.StrideWidth,
                length
            );
        }
        return found;
    }

    /// <summary>target[i] = line[column + i·stride] where that is inside the line, else zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Line(float* line, int columns, int column, int stride, int length, float* target)
    {
        if (stride == 1)
        {
            int begin = Math.Clamp(-column, 0, length),
                end = Math.Clamp(columns - column, begin, length),
                i = 0;
            for (; i < begin; i++)
                target[i] = 0f;
            line += column;
            for (; i + Vector256<float>.Count <= end; i += Vector256<float>.Count)
                Vector256.Load(line + i).Store(target + i);
            for (; i < end; i++)
                target[i] = line[i];
            for (; i < length; i++)
                target[i] = 0f;
            return;
        }
        int place = 0;
        if (stride == 2 && Avx2.IsSupported)
        {
            for (; place < length && column < 0; place++, column += stride)
                target[place] = 0f;
            for (
                ;
                place + Vector256<float>.Count <= length && column + (2 * Vector256<float>.Count) <= columns;
                place += Vector256<float>.Count, column += 2 * Vector256<float>.Count
            )
            {
                Vector256<float> evens = Avx.Shuffle(
                    Vector256.Load(line + column),
                    Vector256.Load(line + column + Vector256<float>.Count),
                    0x88
                );
                Avx2.Permute4x64(evens.AsDouble(), 0xD8).AsSingle().Store(target + place);
            }
        }
        for (; place < length; place++, column += stride)
            target[place] = (uint)column < (uint)columns ? line[column] : 0f;
    }
}

/// <summary>Neighbouring positions of one output row; row and column are those of the first one's input before
/// padding.</summary>
internal readonly unsafe struct PositionRun(float* image, int row, int column, int length)
{
    internal float* Image { get; } = image;

    internal int Row { get; } = row;

    internal int Column { get; } = column;

    internal int Length { get; } = length;
}
