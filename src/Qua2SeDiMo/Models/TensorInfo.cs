using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Models;

/// <summary>Header data of one tensor.</summary>
/// <param name="Name">Name in the checkpoint, for instance <c>transformer_blocks.0.attn1.to_q.weight</c>.</param>
/// <param name="Type">Stored element type.</param>
/// <param name="Shape">Row-major extents; empty for a scalar.</param>
internal sealed record TensorInfo(string Name, ElementType Type, IReadOnlyList<long> Shape)
{
    /// <summary>Number of elements.</summary>
    public long ElementCount { get; } = Shape.Aggregate(1L, (product, extent) => checked(product * extent));

    /// <summary>A tensor with untrusted extents; null when one is negative or the size in bytes does not fit into 64
    /// bits.</summary>
    public static TensorInfo? Checked(string name, ElementType type, IReadOnlyList<long> shape)
    {
        // Elements smaller than a byte or of unknown size count as eight bytes, as an upper bound.
        long bytes = type.Bits() is null && type != ElementType.Unknown ? type.SizeBytes() : sizeof(long);
        foreach (long extent in shape)
        {
            if (extent < 0 || (extent > 0 && bytes > long.MaxValue / extent))
                return null;
            bytes *= Math.Max(1, extent);
        }
        return new TensorInfo(name, type, shape);
    }

    /// <summary>Stored size in bytes.</summary>
    public long SizeBytes => UnknownBytes ?? Type.SizeBytes(ElementCount);

    /// <summary>Name of the type in the file where <see cref="Type"/> is <see cref="ElementType.Unknown"/>; null
    /// otherwise.</summary>
    public string? UnknownType { get; private init; }

    /// <summary>Why the tensor cannot be read as numbers, for the end of a message; null when there is no
    /// fault.</summary>
    public string? Fault { get; init; }

    // Size in bytes of a tensor of unknown type.
    private long? UnknownBytes { get; init; }

    /// <summary>Name of the type, for messages.</summary>
    public string TypeName => UnknownType ?? Type.ToString();

    /// <summary>A tensor of an unknown type, which can be copied but not read as numbers.</summary>
    /// <param name="name">Name of the tensor.</param>
    /// <param name="typeName">Name of the type in the file.</param>
    /// <param name="shape">Extents.</param>
    /// <param name="sizeBytes">Size of its data in the file, in bytes.</param>
    internal static TensorInfo OfUnknownType(string name, string typeName, IReadOnlyList<long> shape, long sizeBytes) =>
        new(name, ElementType.Unknown, shape) { UnknownType = typeName, UnknownBytes = sizeBytes };
}
