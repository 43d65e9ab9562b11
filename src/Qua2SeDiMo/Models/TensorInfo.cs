using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Models;

/// <summary>What a file's header says of one tensor.</summary>
/// <param name="Name">Name in the checkpoint, for instance <c>transformer_blocks.0.attn1.to_q.weight</c>.</param>
/// <param name="Type">Stored element type.</param>
/// <param name="Shape">Row-major extents; empty for a scalar.</param>
internal sealed record TensorInfo(string Name, ElementType Type, IReadOnlyList<long> Shape)
{
    /// <summary>Number of elements.</summary>
    public long ElementCount { get; } = Shape.Aggregate(1L, (product, extent) => checked(product * extent));

    /// <summary>A tensor with extents from outside; null where they are negative or their product is no number of 64
    /// bits.</summary>
    public static TensorInfo? Checked(string name, ElementType type, IReadOnlyList<long> shape)
    {
        // Elements that share bytes or have no known size count as eight bytes: a bound, nothing more.
        long bytes = type.Bits() is null && type != ElementType.Unknown ? type.SizeBytes() : sizeof(long);
        foreach (long extent in shape)
        {
            if (extent < 0 || (extent > 0 && bytes > long.MaxValue / extent))
                return null;
            bytes *= Math.Max(1, extent);
        }
        return new TensorInfo(name, type, shape);
    }

    /// <summary>Stored bytes.</summary>
    public long SizeBytes => UnknownBytes ?? Type.SizeBytes(ElementCount);

    /// <summary>Name of the type in the file where <see cref="Type"/> is <see cref="ElementType.Unknown"/>; null
    /// otherwise.</summary>
    public string? UnknownType { get; private init; }

    /// <summary>Why the tensor cannot be read as numbers, for the end of a message; null where nothing is known against
    /// it.</summary>
    public string? Fault { get; init; }

    // Bytes of an unknown type, whose elements have no known size.
    private long? UnknownBytes { get; init; }

    /// <summary>Name of the type in messages.</summary>
    public string TypeName => UnknownType ?? Type.ToString();

    /// <summary>A tensor of a type that this program does not know, which can be copied and not read.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="typeName">Name of the type in the file.</param>
    /// <param name="shape">Extents.</param>
    /// <param name="sizeBytes">Bytes that the file has for it.</param>
    internal static TensorInfo OfUnknownType(string name, string typeName, IReadOnlyList<long> shape, long sizeBytes) =>
        new(name, ElementType.Unknown, shape) { UnknownType = typeName, UnknownBytes = sizeBytes };
}
