using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Graphs.Ir;

/// <summary>A tensor that is known before the graph runs: held here, computed, or read from a checkpoint when
/// needed.</summary>
/// <param name="Name">Name of the value in the graph.</param>
/// <param name="Type">Element type in the graph; data of other types is converted when read.</param>
/// <param name="Shape">Row-major extents in the graph.</param>
internal abstract record Initializer(string Name, ElementType Type, IReadOnlyList<long> Shape)
{
    /// <summary>Number of elements.</summary>
    public long ElementCount => Shape.Aggregate(1L, (product, extent) => checked(product * extent));

    /// <summary>Bytes in the graph's element type.</summary>
    public long SizeBytes => Type.SizeBytes(ElementCount);

    /// <summary>The value that nodes refer to.</summary>
    public GraphValue Value => new(Name, Type, [.. Shape.Select(extent => new Dimension(extent))]);

    /// <summary>A small constant stored in the graph.</summary>
    /// <param name="Name">Name of the value in the graph.</param>
    /// <param name="Type">Element type.</param>
    /// <param name="Shape">Row-major extents.</param>
    /// <param name="Data">Little-endian elements.</param>
    public sealed record Inline(string Name, ElementType Type, IReadOnlyList<long> Shape, ReadOnlyMemory<byte> Data)
        : Initializer(Name, Type, Shape);

    /// <summary>A tensor that is computed each time it is read, such as a packed weight; its data are not kept in
    /// memory.</summary>
    /// <param name="Name">Name of the value in the graph.</param>
    /// <param name="Type">Element type.</param>
    /// <param name="Shape">Row-major extents.</param>
    /// <param name="Fill">Writes all little-endian elements; may be called more than once, always with the same
    /// result.</param>
    public sealed record Computed(string Name, ElementType Type, IReadOnlyList<long> Shape, ByteFill Fill)
        : Initializer(Name, Type, Shape);

    /// <summary>
    /// A checkpoint tensor [out, in, …], whole or cut to a range of its input channels (axis 1); a matrix may be
    /// transposed to [in, out].
    /// </summary>
    /// <param name="Name">Name of the value in the graph.</param>
    /// <param name="Type">Element type in the graph.</param>
    /// <param name="Shape">Extents in the graph, after the cut and the transposition.</param>
    /// <param name="TensorName">Tensor in the checkpoint.</param>
    /// <param name="TensorShape">Extents of the whole tensor as this initializer reads it; element counts agree with
    /// the checkpoint.</param>
    /// <param name="Transposed">Whether a matrix is transposed from [out, in] to [in, out].</param>
    /// <param name="InputStart">First input channel taken.</param>
    /// <param name="InputCount">Number of input channels taken; 1 or the extent, and ignored, for a tensor of rank 0 or
    /// 1.</param>
    public sealed record FromTensor(
        string Name,
        ElementType Type,
        IReadOnlyList<long> Shape,
        string TensorName,
        IReadOnlyList<long> TensorShape,
        bool Transposed,
        long InputStart,
        long InputCount
    ) : Initializer(Name, Type, Shape)
    {
        /// <summary>Whether only some input channels are taken.</summary>
        public bool IsCut => TensorShape.Count > 1 && InputCount != TensorShape[1];
    }
}

/// <summary>Writes the bytes of one tensor.</summary>
/// <param name="destination">Span with the tensor's length in bytes.</param>
internal delegate void ByteFill(Span<byte> destination);
