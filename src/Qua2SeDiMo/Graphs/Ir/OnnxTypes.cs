using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Graphs.Ir;

/// <summary>Element types by their numbers in ONNX files.</summary>
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

    /// <summary>The number in ONNX files.</summary>
    internal static int ToOnnx(ElementType type) => Table.First(row => row.Type == type).Number;

    /// <summary>The type of a number, or null for types that no denoiser needs (strings, complex, 8-bit
    /// floats).</summary>
    internal static ElementType? FromOnnx(int number) =>
        Table.Where(row => row.Number == number).Select(row => (ElementType?)row.Type).FirstOrDefault();
}
