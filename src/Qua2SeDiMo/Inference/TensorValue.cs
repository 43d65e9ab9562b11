using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Inference;

/// <summary>An input or output of a model: single-precision numbers or 64-bit integers, row-major.</summary>
internal sealed class TensorValue
{
    private readonly float[]? singles;
    private readonly long[]? integers;

    private TensorValue(float[]? singles, long[]? integers, IReadOnlyList<long> shape)
    {
        (this.singles, this.integers, Shape) = (singles, integers, shape);
        long count = shape.Aggregate(1L, (product, extent) => checked(product * extent));
        int length = singles?.Length ?? integers!.Length;
        if (count != length)
            throw new ArgumentException($"{length} elements do not fill [{string.Join(", ", shape)}].", nameof(shape));
    }

    /// <summary>Extents.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary><see cref="ElementType.Float32"/> or <see cref="ElementType.Int64"/>.</summary>
    public ElementType Type => singles is null ? ElementType.Int64 : ElementType.Float32;

    /// <summary>The elements; the array itself, not a copy.</summary>
    /// <exception cref="InvalidOperationException">The tensor holds integers.</exception>
    public float[] Singles => singles ?? throw new InvalidOperationException("The tensor holds integers.");

    /// <summary>The elements; the array itself, not a copy.</summary>
    /// <exception cref="InvalidOperationException">The tensor holds single-precision numbers.</exception>
    public long[] Integers =>
        integers ?? throw new InvalidOperationException("The tensor holds single-precision numbers.");

    /// <summary>Wraps an array.</summary>
    /// <exception cref="ArgumentException">The number of elements does not match the shape.</exception>
    public static TensorValue Of(float[] elements, params IReadOnlyList<long> shape) => new(elements, null, shape);

    /// <summary>Wraps an array of integers.</summary>
    /// <exception cref="ArgumentException">The number of elements does not match the shape.</exception>
    public static TensorValue Of(long[] elements, params IReadOnlyList<long> shape) => new(null, elements, shape);

    /// <summary>Type and shape, for instance <c>float32 [2, 4, 16, 16]</c>.</summary>
    public override string ToString() => $"{Type.ToString().ToLowerInvariant()} [{string.Join(", ", Shape)}]";
}
