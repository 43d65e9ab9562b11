using Qua2SeDiMo.Numerics;

namespace Qua2SeDiMo.Models;

/// <summary>What a file's header says of one tensor.</summary>
/// <param name="Name">Name in the checkpoint, for instance <c>transformer_blocks.0.attn1.to_q.weight</c>.</param>
/// <param name="Type">Stored element type.</param>
/// <param name="Shape">Row-major extents; empty for a scalar.</param>
public sealed record TensorInfo(string Name, ElementType Type, IReadOnlyList<long> Shape)
{
    /// <summary>Number of elements.</summary>
    public long ElementCount { get; } = Shape.Aggregate(1L, (product, extent) => checked(product * extent));

    /// <summary>A tensor with extents from outside; null where they are negative or their product is no number of 64 bits.</summary>
    public static TensorInfo? Checked(string name, ElementType type, IReadOnlyList<long> shape)
    {
        long bytes = type.SizeBytes();
        foreach (long extent in shape)
        {
            if (extent < 0 || (extent > 0 && bytes > long.MaxValue / extent)) return null;
            bytes *= Math.Max(1, extent);
        }
        return new TensorInfo(name, type, shape);
    }

    /// <summary>Stored bytes.</summary>
    public long SizeBytes => Type.SizeBytes(ElementCount);
}
