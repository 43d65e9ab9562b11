using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Qua2SeDiMo.Numerics;

/// <summary>The type of one tensor element, on disk or in a graph.</summary>
public enum ElementType
{
    /// <summary>IEEE single precision.</summary>
    Float32,
    /// <summary>IEEE half precision.</summary>
    Float16,
    /// <summary>The upper half of a single: 8 exponent bits, 7 mantissa bits.</summary>
    BFloat16,
    /// <summary>IEEE double precision.</summary>
    Float64,
    /// <summary>Signed 64-bit integer.</summary>
    Int64,
    /// <summary>Signed 32-bit integer.</summary>
    Int32,
    /// <summary>Unsigned byte.</summary>
    UInt8,
    /// <summary>Signed byte.</summary>
    Int8,
    /// <summary>One byte, 0 or 1.</summary>
    Bool,
    /// <summary>Unsigned 4-bit integer, two a byte, the first in its low half; only in ONNX models.</summary>
    UInt4,
}

/// <summary>Sizes and conversions of <see cref="ElementType"/>.</summary>
public static class ElementTypes
{
    /// <summary>Bytes of so many elements.</summary>
    public static long SizeBytes(this ElementType type, long count) => type == ElementType.UInt4 ? checked(count + 1) / 2 : checked(count * type.SizeBytes());

    /// <summary>Bytes of one element, of a type whose elements take whole bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">They do not.</exception>
    public static int SizeBytes(this ElementType type) => type switch
    {
        ElementType.UInt4 => throw new ArgumentOutOfRangeException(nameof(type), type, "Two elements share a byte."),
        ElementType.Float64 or ElementType.Int64 => 8,
        ElementType.Float32 or ElementType.Int32 => 4,
        ElementType.Float16 or ElementType.BFloat16 => 2,
        _ => 1,
    };

    /// <summary>Converts little-endian elements to single precision; integers and booleans by value.</summary>
    /// <param name="type">Type of <paramref name="source"/>.</param>
    /// <param name="source">Raw bytes, <c>destination.Length * type.SizeBytes()</c> of them.</param>
    /// <param name="destination">One float per element.</param>
    /// <exception cref="ArgumentException">The lengths do not fit.</exception>
    public static void ToSingle(this ElementType type, ReadOnlySpan<byte> source, Span<float> destination)
    {
        if (source.Length != (long)destination.Length * type.SizeBytes())
        {
            throw new ArgumentException($"{source.Length} bytes are not {destination.Length} elements of {type}.", nameof(source));
        }
        switch (type)
        {
            case ElementType.Float32:
                MemoryMarshal.Cast<byte, float>(source).CopyTo(destination);
                break;
            case ElementType.Float16:
                TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(source), destination);
                break;
            case ElementType.BFloat16:
                ReadOnlySpan<ushort> halves = MemoryMarshal.Cast<byte, ushort>(source);
                for (int i = 0; i < halves.Length; i++) destination[i] = BitConverter.UInt32BitsToSingle((uint)halves[i] << 16);
                break;
            case ElementType.Float64:
                ReadOnlySpan<double> doubles = MemoryMarshal.Cast<byte, double>(source);
                for (int i = 0; i < doubles.Length; i++) destination[i] = (float)doubles[i];
                break;
            case ElementType.Int64:
                ReadOnlySpan<long> longs = MemoryMarshal.Cast<byte, long>(source);
                for (int i = 0; i < longs.Length; i++) destination[i] = longs[i];
                break;
            case ElementType.Int32:
                ReadOnlySpan<int> ints = MemoryMarshal.Cast<byte, int>(source);
                for (int i = 0; i < ints.Length; i++) destination[i] = ints[i];
                break;
            case ElementType.Int8:
                for (int i = 0; i < source.Length; i++) destination[i] = (sbyte)source[i];
                break;
            default:
                for (int i = 0; i < source.Length; i++) destination[i] = source[i];
                break;
        }
    }
}
