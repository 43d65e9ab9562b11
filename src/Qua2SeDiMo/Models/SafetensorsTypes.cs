using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Models;

/// <summary>Names of all element types that the safetensors format defines.</summary>
internal static class SafetensorsTypes
{
    private static readonly Dictionary<string, ElementType> ByName = new(StringComparer.Ordinal)
    {
        ["F64"] = ElementType.Float64,
        ["F32"] = ElementType.Float32,
        ["F16"] = ElementType.Float16,
        ["BF16"] = ElementType.BFloat16,
        ["F8_E4M3"] = ElementType.Float8E4M3,
        ["F8_E5M2"] = ElementType.Float8E5M2,
        ["F8_E4M3FNUZ"] = ElementType.Float8E4M3Fnuz,
        ["F8_E5M2FNUZ"] = ElementType.Float8E5M2Fnuz,
        ["F8_E8M0"] = ElementType.Float8E8M0,
        ["F6_E2M3"] = ElementType.Float6E2M3,
        ["F6_E3M2"] = ElementType.Float6E3M2,
        ["F4"] = ElementType.Float4E2M1,
        ["I64"] = ElementType.Int64,
        ["I32"] = ElementType.Int32,
        ["I16"] = ElementType.Int16,
        ["I8"] = ElementType.Int8,
        ["U64"] = ElementType.UInt64,
        ["U32"] = ElementType.UInt32,
        ["U16"] = ElementType.UInt16,
        ["U8"] = ElementType.UInt8,
        ["BOOL"] = ElementType.Bool,
        ["C64"] = ElementType.Complex64,
    };

    private static readonly Dictionary<ElementType, string> ByType = ByName.ToDictionary(
        pair => pair.Value,
        pair => pair.Key
    );

    /// <summary>The type of a name; null for one that the format does not define.</summary>
    internal static ElementType? Parse(string name) => ByName.TryGetValue(name, out ElementType type) ? type : null;

    /// <summary>The name of a tensor's type in a file.</summary>
    /// <exception cref="NotSupportedException">A safetensors file cannot hold the type.</exception>
    internal static string NameOf(TensorInfo tensor) =>
        tensor.UnknownType
        ?? (
            ByType.TryGetValue(tensor.Type, out string? name)
                ? name
                : throw new NotSupportedException($"A safetensors file cannot hold {tensor.Type}.")
        );
}
