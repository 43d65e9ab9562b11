using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Graphs.Ir;

/// <summary>Maps element types to their numbers in ONNX files and back.</summary>
internal static class OnnxTypes
{
    private static readonly (ElementType Type, int Number)[] Table =
    [
        (ElementType.Float32, 1),
        (ElementType.UInt8, 2),
        (ElementType.Int8, 3),
        (ElementType.Int32, 6),
        (ElementType.Int64, 7),
        (ElementType.Bool, 9),
        (ElementType.Float16, 10),
        (ElementType.Float64, 11),
        (ElementType.BFloat16, 16),
        (ElementType.UInt4, 21),
    ];

    /// <summary>The number of an element type in ONNX files.</summary>
    internal static int ToOnnx(ElementType type) => Table.First(row => row.Type == type).Number;

    /// <summary>The element type of a number; null for unsupported types, such as strings, complex numbers and 8-bit
    /// floats.</summary>
    internal static ElementType? FromOnnx(int number) =>
        Table.Where(row => row.Number == number).Select(row => (ElementType?)row.Type).FirstOrDefault();
}
