using System.Buffers;
using System.Runtime.InteropServices;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;

namespace Qua2SeDiMo.Graphs.Ir;

/// <summary>Reads values of initializers: checkpoint tensors are cut, transposed and converted while they are
/// read.</summary>
internal static class InitializerData
{
    private const int ChunkElements = 1 << 22;
    private const int TileRows = 32;

    /// <summary>Reads a single-precision initializer.</summary>
    /// <param name="initializer">The initializer.</param>
    /// <param name="tensors">The checkpoint.</param>
    /// <param name="destination">Row-major, <see cref="Initializer.ElementCount"/> elements.</param>
    /// <exception cref="Q2Exception">The tensor is missing or its file ends early.</exception>
    public static void ReadSingle(Initializer initializer, ITensorSource tensors, Span<float> destination)
    {
        if (destination.Length != initializer.ElementCount)
            throw new ArgumentException($"{destination.Length} elements for {initializer.Value}.", nameof(destination));
        switch (initializer)
        {
            case Initializer.Inline inline:
                inline.Type.ToSingle(inline.Data.Span, destination);
                break;
            case Initializer.Computed computed:
                computed.Type.ToSingle(Bytes(computed), destination);
                break;
            case Initializer.FromTensor { Transposed: true } matrix:
                float[] stored = new float[matrix.ElementCount];
                ReadRows(matrix, tensors, stored);
                Transpose(stored, checked((int)matrix.TensorShape[0]), checked((int)matrix.InputCount), destination);
                break;
            case Initializer.FromTensor tensor:
                ReadRows(tensor, tensors, destination);
                break;
        }
    }

    /// <summary>Writes an initializer's bytes to a stream. A checkpoint tensor of any size takes at most two buffers of
    /// 16 MiB; a computed one is held whole.</summary>
    /// <exception cref="Q2Exception">The tensor is missing or its file ends early.</exception>
    public static void Write(Initializer initializer, ITensorSource tensors, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        switch (initializer)
        {
            case Initializer.Inline inline:
                stream.Write(inline.Data.Span);
                break;
            case Initializer.Computed computed:
                stream.Write(Bytes(computed));
                break;
            case Initializer.FromTensor { Type: not ElementType.Float32 } raw:
                WriteRaw(raw, tensors, stream);
                break;
            case Initializer.FromTensor tensor:
                // All rented buffers have one size, so that the pool reuses the same two.
                float[] chunk = ArrayPool<float>.Shared.Rent(ChunkElements);
                try
                {
                    if (tensor.Transposed)
                        WriteTransposed(tensor, tensors, stream, chunk.AsSpan(0, ChunkElements));
                    else
                        WriteRows(tensor, tensors, stream, chunk.AsSpan(0, ChunkElements));
                }
                finally
                {
                    ArrayPool<float>.Shared.Return(chunk);
                }
                break;
        }
    }

    /// <summary>Transposes a row-major matrix [rows, columns] to [columns, rows].</summary>
    /// <exception cref="ArgumentException">A length is not rows × columns.</exception>
    public static void Transpose(ReadOnlySpan<float> source, int rows, int columns, Span<float> destination)
    {
        if (source.Length != (long)rows * columns || destination.Length != source.Length)
            throw new ArgumentException(
                $"{source.Length} and {destination.Length} elements are not {rows} × {columns}.",
                nameof(source)
            );
        // Tiles keep both the rows read and the columns written in cache.
        for (int top = 0; top < rows; top += TileRows)
        {
            int bottom = Math.Min(top + TileRows, rows);
            for (int column = 0; column < columns; column++)
            {
                Span<float> target = destination.Slice(column * rows, rows);
                for (int row = top; row < bottom; row++)
                    target[row] = source[(row * columns) + column];
            }
        }
    }

    private static byte[] Bytes(Initializer.Computed computed)
    {
        byte[] bytes = new byte[computed.SizeBytes];
        computed.Fill(bytes);
        return bytes;
    }

    // Transposes a matrix one band of columns at a time.
    private static void WriteTransposed(
        Initializer.FromTensor matrix,
        ITensorSource tensors,
        Stream stream,
        Span<float> stored
    )
    {
        int rows = checked((int)matrix.TensorShape[0]);
        if (rows > ChunkElements)
            throw new NotSupportedException($"Initializer '{matrix.Name}' has {rows} rows, more than {ChunkElements}.");
        float[] turned = ArrayPool<float>.Shared.Rent(ChunkElements);
        try
        {
            long widest = Math.Min(ChunkElements / rows, matrix.InputCount);
            for (long start = 0; start < matrix.InputCount; start += widest)
            {
                int columns = (int)Math.Min(widest, matrix.InputCount - start);
                Span<float> source = stored[..(rows * columns)],
                    destination = turned.AsSpan(0, rows * columns);
                ReadRows(matrix with { InputStart = matrix.InputStart + start, InputCount = columns }, tensors, source);
                Transpose(source, rows, columns, destination);
                stream.Write(MemoryMarshal.AsBytes(destination));
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(turned);
        }
    }

    private static void WriteRows(
        Initializer.FromTensor tensor,
        ITensorSource tensors,
        Stream stream,
        Span<float> chunk
    )
    {
        (long rows, long rowLength, long stride, long offset) = tensor.IsCut
            ? Cut(tensor)
            : (1, tensor.ElementCount, tensor.ElementCount, 0);
        for (long row = 0; row < rows; row++)
        {
            for (long start = 0; start < rowLength; start += chunk.Length)
            {
                Span<float> part = chunk[..(int)Math.Min(chunk.Length, rowLength - start)];
                tensors.ReadSingle(tensor.TensorName, (row * stride) + offset + start, part);
                stream.Write(MemoryMarshal.AsBytes(part));
            }
        }
    }

    // A tensor cut to some input channels is read row by row [out]: its rows are not contiguous in the file.
    private static void ReadRows(Initializer.FromTensor tensor, ITensorSource tensors, Span<float> destination)
    {
        if (!tensor.IsCut)
        {
            tensors.ReadSingle(tensor.TensorName, 0, destination);
            return;
        }
        (long rows, long rowLength, long stride, long offset) = Cut(tensor);
        for (long row = 0; row < rows; row++)
        {
            tensors.ReadSingle(
                tensor.TensorName,
                (row * stride) + offset,
                destination.Slice(checked((int)(row * rowLength)), checked((int)rowLength))
            );
        }
    }

    // Position of the part of each row that is taken, in elements.
    private static (long Rows, long RowLength, long Stride, long Offset) Cut(Initializer.FromTensor tensor)
    {
        long perInput = tensor.TensorShape.Skip(2).Aggregate(1L, (product, extent) => product * extent);
        return (
            tensor.TensorShape[0],
            tensor.InputCount * perInput,
            tensor.TensorShape[1] * perInput,
            tensor.InputStart * perInput
        );
    }

    private static void WriteRaw(Initializer.FromTensor tensor, ITensorSource tensors, Stream stream)
    {
        if (tensor.Transposed || tensor.IsCut || tensors.Tensors[tensor.TensorName].Type != tensor.Type)
        {
            throw new NotSupportedException(
                $"Initializer '{tensor.Name}' of type {tensor.Type} is neither single precision nor a plain copy of its tensor."
            );
        }
        byte[] chunk = new byte[Math.Min(1 << 16, tensor.SizeBytes)];
        for (long start = 0; start < tensor.SizeBytes; start += chunk.Length)
        {
            Span<byte> part = chunk.AsSpan(0, (int)Math.Min(chunk.Length, tensor.SizeBytes - start));
            tensors.ReadBytes(tensor.TensorName, start, part);
            stream.Write(part);
        }
    }
}
