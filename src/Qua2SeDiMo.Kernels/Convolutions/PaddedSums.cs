using System.Numerics.Tensors;
using Qua2SeDiMo.Kernels.Layout;

namespace Qua2SeDiMo.Kernels.Convolutions;

/// <summary>Sums over the kernel taps that lie inside the image, for every output position.</summary>
/// <param name="shape">Extents.</param>
internal sealed class PaddedSums(ConvolutionShape shape)
{
    private readonly float[] rows = new float[shape.KernelHeight * shape.OutWidth],
        inside = new float[shape.OutWidth],
        border = new float[shape.OutWidth];

    /// <summary>Sets the terms of the kernel taps, row by row.</summary>
    internal void Set(ReadOnlySpan<float> terms)
    {
        int width = shape.KernelWidth,
            columns = shape.OutWidth;
        // Between these columns all kernel columns lie inside.
        int from = Math.Min((shape.PadLeft + shape.StrideWidth - 1) / shape.StrideWidth, columns);
        int room = shape.Width + shape.PadLeft - 1 - ((width - 1) * shape.DilationWidth),
            to = room < 0 ? from : Math.Clamp((room / shape.StrideWidth) + 1, from, columns);
        inside.AsSpan().Clear();
        for (int i = 0; i < shape.KernelHeight; i++)
        {
            ReadOnlySpan<float> line = terms.Slice(i * width, width);
            Span<float> row = rows.AsSpan(i * columns, columns);
            for (int column = 0; column < from; column++)
                row[column] = Inside(
                    line,
                    (column * shape.StrideWidth) - shape.PadLeft,
                    shape.DilationWidth,
                    shape.Width
                );
            float whole = 0f;
            foreach (float term in line)
                whole += term;
            row[from..to].Fill(whole);
            for (int column = to; column < columns; column++)
                row[column] = Inside(
                    line,
                    (column * shape.StrideWidth) - shape.PadLeft,
                    shape.DilationWidth,
                    shape.Width
                );
            TensorPrimitives.Add(inside, row, inside);
        }
    }

    /// <summary>The sums of one output row.</summary>
    internal ReadOnlySpan<float> Row(int outRow)
    {
        int first = (outRow * shape.StrideHeight) - shape.PadTop,
            last = first + ((shape.KernelHeight - 1) * shape.DilationHeight);
        if (first >= 0 && last < shape.Height)
            return inside;
        border.AsSpan().Clear();
        for (int i = 0; i < shape.KernelHeight; i++)
        {
            if ((uint)(first + (i * shape.DilationHeight)) >= (uint)shape.Height)
                continue;
            ReadOnlySpan<float> row = rows.AsSpan(i * shape.OutWidth, shape.OutWidth);
            TensorPrimitives.Add(border, row, border);
        }
        return border;
    }

    private static float Inside(ReadOnlySpan<float> line, int first, int dilation, int length)
    {
        float sum = 0f;
        for (int j = 0; j < line.Length; j++)
        {
            if ((uint)(first + (j * dilation)) < (uint)length)
                sum += line[j];
        }
        return sum;
    }
}
