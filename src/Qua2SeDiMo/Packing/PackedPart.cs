using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Quantizers.Bank;

namespace Qua2SeDiMo.Packing;

/// <summary>One weight, or one part of a split weight, in a packed model.</summary>
/// <param name="Name">Name of the weight; the second part of a split weight ends in <c>#1</c>.</param>
/// <param name="TensorName">Name of its tensor in the original checkpoint.</param>
/// <param name="Shape">Shape of this part, output channels first.</param>
/// <param name="InputStart">First input channel (axis 1) of this part inside the tensor.</param>
/// <param name="TensorInputs">Input channels (axis 1) of the whole tensor.</param>
/// <param name="Spec">Its option; null for an unquantized part of a split weight.</param>
/// <param name="OriginalType">Type in the original checkpoint.</param>
/// <param name="TableType">Precision of its tables: Float32, Float16 or BFloat16.</param>
internal sealed record PackedPart(
    string Name,
    string TensorName,
    IReadOnlyList<long> Shape,
    long InputStart,
    long TensorInputs,
    QuantizerSpec? Spec,
    ElementType OriginalType,
    ElementType TableType
)
{
    /// <summary>C, rows.</summary>
    public int OutChannels => checked((int)Shape[0]);

    /// <summary>Weights per row, kernels flattened.</summary>
    public int RowLength => checked((int)(ElementCount / Shape[0]));

    /// <summary>Number of weights.</summary>
    public long ElementCount => Shape.Aggregate(1L, (product, extent) => checked(product * extent));

    /// <summary>Weights per input channel and row: 1 for a Linear, kh·kw for a convolution.</summary>
    internal long KernelLength => ElementCount / (Shape[0] * Shape[1]);

    /// <summary>Whether this is a part of a split weight.</summary>
    public bool IsPart => Shape[1] != TensorInputs;

    /// <summary>Bytes of its tables.</summary>
    internal long TableBytes => Spec is null ? 0 : WeightTables.SizeBytes(Spec, OutChannels, TableType);

    /// <summary>Bytes of its codes.</summary>
    internal long CodeBytes => Spec is null ? 0 : CodePacker.PackedLength(ElementCount, Spec.Bits);

    internal static PackedPart Of(
        QuantizableWeight weight,
        QuantizerSpec? spec,
        ElementType originalType,
        ElementType tableType
    ) =>
        new(
            weight.Name,
            weight.TensorName,
            weight.Shape,
            weight.InputStart,
            weight.TensorInputs,
            spec,
            originalType,
            tableType
        );
}
