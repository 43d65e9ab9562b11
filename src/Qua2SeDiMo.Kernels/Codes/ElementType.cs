using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Qua2SeDiMo.Kernels.Codes;

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

    /// <summary>Signed 16-bit integer.</summary>
    Int16,

    /// <summary>Unsigned 16-bit integer.</summary>
    UInt16,

    /// <summary>Unsigned 32-bit integer.</summary>
    UInt32,

    /// <summary>Unsigned 64-bit integer.</summary>
    UInt64,

    /// <summary>Eight-bit float of 4 exponent and 3 mantissa bits, without infinities.</summary>
    Float8E4M3,

    /// <summary>Eight-bit float of 5 exponent and 2 mantissa bits.</summary>
    Float8E5M2,

    /// <summary>As <see cref="Float8E4M3"/> with another bias and one zero; known by size only.</summary>
    Float8E4M3Fnuz,

    /// <summary>As <see cref="Float8E5M2"/> with another bias, one zero and no infinities; known by size
    /// only.</summary>
    Float8E5M2Fnuz,

    /// <summary>Eight exponent bits, a scale; known by size only.</summary>
    Float8E8M0,

    /// <summary>Six-bit float of 2 exponent and 3 mantissa bits; known by size only.</summary>
    Float6E2M3,

    /// <summary>Six-bit float of 3 exponent and 2 mantissa bits; known by size only.</summary>
    Float6E3M2,

    /// <summary>Four-bit float of 2 exponent bits and 1 mantissa bit; known by size only.</summary>
    Float4E2M1,

    /// <summary>Two singles, real and imaginary part; known by size only.</summary>
    Complex64,

    /// <summary>A type unknown to this library; such a tensor can be copied but not converted to numbers.</summary>
    Unknown,
}

/// <summary>Sizes and conversions of <see cref="ElementType"/>.</summary>
internal static class ElementTypes
{
    /// <summary>Bytes of the given number of elements.</summary>
    public static long SizeBytes(this ElementType type, long count) =>
        type.Bits() is { } bits ? (checked(count * bits) + 7) / 8 : checked(count * type.SizeBytes());

    /// <summary>Bits of one element of a type whose elements share bytes; null for any other.</summary>
    public static int? Bits(this ElementType type) =>
        type switch
        {
            ElementType.UInt4 or ElementType.Float4E2M1 => 4,
            ElementType.Float6E2M3 or ElementType.Float6E3M2 => 6,
            _ => null,
        };

    /// <summary>Whether single precision can hold the values of the type's elements, so that the type can be a
    /// weight's.</summary>
    public static bool IsFloatingPoint(this ElementType type) =>
        type
            is ElementType.Float32
                or ElementType.Float16
                or ElementType.BFloat16
                or ElementType.Float64
                or ElementType.Float8E4M3
                or ElementType.Float8E5M2;

    /// <summary>Whether elements of the type are whole numbers.</summary>
    public static bool IsInteger(this ElementType type) =>
        type
            is ElementType.Int64
                or ElementType.Int32
                or ElementType.Int16
                or ElementType.Int8
                or ElementType.UInt64
                or ElementType.UInt32
                or ElementType.UInt16
                or ElementType.UInt8
                or ElementType.Bool;

    /// <summary>Bytes of one element, of a type whose elements take whole bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Elements of the type share bytes, or the type is
    /// unknown.</exception>
    public static int SizeBytes(this ElementType type) =>
        type switch
        {
            ElementType.UInt4 or ElementType.Float4E2M1 or ElementType.Float6E2M3 or ElementType.Float6E3M2 =>
                throw new ArgumentOutOfRangeException(nameof(type), type, "Elements share bytes."),
            ElementType.Unknown => throw new ArgumentOutOfRangeException(
                nameof(type),
                type,
                "The size of an element is not known."
            ),
            ElementType.Float64 or ElementType.Int64 or ElementType.UInt64 or ElementType.Complex64 => 8,
            ElementType.Float32 or ElementType.Int32 or ElementType.UInt32 => 4,
            ElementType.Float16 or ElementType.BFloat16 or ElementType.Int16 or ElementType.UInt16 => 2,
            _ => 1,
        };

    /// <summary>Converts little-endian elements to single precision; integers and booleans by value.</summary>
    /// <param name="type">Type of <paramref name="source"/>.</param>
    /// <param name="source">Raw bytes, <c>destination.Length * type.SizeBytes()</c> of them.</param>
    /// <param name="destination">One float per element.</param>
    /// <exception cref="ArgumentException">The source has another length, or the type cannot be converted.</exception>
    public static void ToSingle(this ElementType type, ReadOnlySpan<byte> source, Span<float> destination)
    {
        if (source.Length != (long)destination.Length * type.SizeBytes())
        {
            throw new ArgumentException(
                $"{source.Length} bytes are not {destination.Length} elements of {type}.",
                nameof(source)
            );
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
                BFloat16.Widen(MemoryMarshal.Cast<byte, ushort>(source), destination);
                break;
            case ElementType.Float64:
                Widen<double>(source, destination);
                break;
            case ElementType.Int64:
                Widen<long>(source, destination);
                break;
            case ElementType.Int32:
                Widen<int>(source, destination);
                break;
            case ElementType.UInt64:
                Widen<ulong>(source, destination);
                break;
            case ElementType.UInt32:
                Widen<uint>(source, destination);
                break;
            case ElementType.Int16:
                Widen<short>(source, destination);
                break;
            case ElementType.UInt16:
                Widen<ushort>(source, destination);
                break;
            case ElementType.Float8E4M3:
                Float8.WidenE4M3(source, destination);
                break;
            case ElementType.Float8E5M2:
                Float8.WidenE5M2(source, destination);
                break;
            case ElementType.Int8:
                Widen<sbyte>(source, destination);
                break;
            case ElementType.UInt8 or ElementType.Bool:
                Widen<byte>(source, destination);
                break;
            default:
                throw new ArgumentException($"{type} is not widened.", nameof(type));
        }
    }

    // By value, rounded to the nearest single.
    private static void Widen<T>(ReadOnlySpan<byte> source, Span<float> destination)
        where T : unmanaged, INumberBase<T> =>
        TensorPrimitives.ConvertTruncating<T, float>(MemoryMarshal.Cast<byte, T>(source), destination);
}
