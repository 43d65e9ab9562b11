using System.Runtime.InteropServices;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Numerics;

namespace Qua2SeDiMo.Graphs;

/// <summary>Values of initializers, read from the checkpoint when asked: cut, transposed and converted on the way.</summary>
public static class InitializerData
{
    private const int ChunkElements = 1 << 20;
    private const int TileRows = 32;

    /// <summary>Reads a single-precision initializer.</summary>
    /// <param name="initializer">What to read.</param>
    /// <param name="tensors">The checkpoint.</param>
    /// <param name="destination">Row-major, <see cref="Initializer.ElementCount"/> elements.</param>
    /// <exception cref="Q2Exception">The tensor is missing or its file ends early.</exception>
    public static void ReadSingle(Initializer initializer, ITensorSource tensors, Span<float> destination)
    {
        if (destination.Length != initializer.ElementCount) throw new ArgumentException($"{destination.Length} elements for {initializer.Value}.", nameof(destination));
        switch (initializer)
        {
            case Initializer.Inline inline:
                inline.Type.ToSingle(inline.Data.Span, destination);
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

    /// <summary>Writes an initializer's bytes to a stream. Holds one chunk, or for a transposed matrix twice that matrix.</summary>
    /// <exception cref="Q2Exception">The tensor is missing or its file ends early.</exception>
    public static void Write(Initializer initializer, ITensorSource tensors, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        switch (initializer)
        {
            case Initializer.Inline inline:
                stream.Write(inline.Data.Span);
                break;
            case Initializer.FromTensor { Type: not ElementType.Float32 } raw:
                WriteRaw(raw, tensors, stream);
                break;
            case Initializer.FromTensor tensor when tensor.Transposed || tensor.IsCut:
                float[] values = new float[tensor.ElementCount];
                ReadSingle(tensor, tensors, values);
                stream.Write(MemoryMarshal.AsBytes(values.AsSpan()));
                break;
            case Initializer.FromTensor tensor:
                float[] chunk = new float[Math.Min(ChunkElements, tensor.ElementCount)];
                for (long start = 0; start < tensor.ElementCount; start += chunk.Length)
                {
                    Span<float> part = chunk.AsSpan(0, (int)Math.Min(chunk.Length, tensor.ElementCount - start));
                    tensors.ReadSingle(tensor.TensorName, start, part);
                    stream.Write(MemoryMarshal.AsBytes(part));
                }
                break;
        }
    }

    /// <summary>Turns a row-major matrix [rows, columns] into [columns, rows].</summary>
    /// <exception cref="ArgumentException">A length is not rows × columns.</exception>
    public static void Transpose(ReadOnlySpan<float> source, int rows, int columns, Span<float> destination)
    {
        if (source.Length != (long)rows * columns || destination.Length != source.Length) throw new ArgumentException($"{source.Length} and {destination.Length} elements are not {rows} × {columns}.", nameof(source));
        // Tiles keep both the rows read and the columns written in cache.
        for (int top = 0; top < rows; top += TileRows)
        {
            int bottom = Math.Min(top + TileRows, rows);
            for (int column = 0; column < columns; column++)
            {
                Span<float> target = destination.Slice(column * rows, rows);
                for (int row = top; row < bottom; row++) target[row] = source[(row * columns) + column];
            }
        }
    }

    // Rows [out] of a tensor cut to some inputs lie apart in the file.
    private static void ReadRows(Initializer.FromTensor tensor, ITensorSource tensors, Span<float> destination)
    {
        if (!tensor.IsCut)
        {
            tensors.ReadSingle(tensor.TensorName, 0, destination);
            return;
        }
        long perInput = tensor.TensorShape.Skip(2).Aggregate(1L, (product, extent) => product * extent);
        int rowLength = checked((int)(tensor.InputCount * perInput));
        long stride = tensor.TensorShape[1] * perInput;
        for (int row = 0; row < tensor.TensorShape[0]; row++)
        {
            tensors.ReadSingle(tensor.TensorName, (row * stride) + (tensor.InputStart * perInput), destination.Slice(row * rowLength, rowLength));
        }
    }

    private static void WriteRaw(Initializer.FromTensor tensor, ITensorSource tensors, Stream stream)
    {
        if (tensor.Transposed || tensor.IsCut || tensors.Tensors[tensor.TensorName].Type != tensor.Type)
        {
            throw new NotSupportedException($"Initializer '{tensor.Name}' of type {tensor.Type} is neither single precision nor a plain copy of its tensor.");
        }
        byte[] chunk = new byte[Math.Min(ChunkElements, tensor.SizeBytes)];
        for (long start = 0; start < tensor.SizeBytes; start += chunk.Length)
        {
            Span<byte> part = chunk.AsSpan(0, (int)Math.Min(chunk.Length, tensor.SizeBytes - start));
            tensors.ReadBytes(tensor.TensorName, start, part);
            stream.Write(part);
        }
    }
}
