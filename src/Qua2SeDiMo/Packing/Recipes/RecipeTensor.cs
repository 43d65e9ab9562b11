using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Quantizers;

namespace Qua2SeDiMo.Packing.Recipes;

/// <summary>A checkpoint tensor as other tools see it: whole, under its module's path.</summary>
/// <param name="Module">Module path in the checkpoint, without <c>.weight</c>.</param>
/// <param name="Operator">Operator that uses it.</param>
/// <param name="Shape">Shape of the whole tensor.</param>
/// <param name="Spec">Its option; null where it keeps its precision.</param>
internal sealed record RecipeTensor(
    string Module,
    WeightOperator Operator,
    IReadOnlyList<long> Shape,
    QuantizerSpec? Spec
)
{
    private const string Suffix = ".weight";

    /// <summary>Inputs of one output channel, the innermost extent of a matrix.</summary>
    internal long Inputs => Shape[1];

    internal long ElementCount => Shape.Aggregate(1L, (product, extent) => product * extent);

    /// <summary>The tensors of a denoiser; of a split weight, whose parts no other tool tells apart, the part with most
    /// bits decides.</summary>
    internal static IReadOnlyList<RecipeTensor> Of(IEnumerable<QuantizableWeight> weights, BitAllocation allocation) =>
        [
            .. weights
                .GroupBy(weight => weight.TensorName)
                .Select(parts =>
                {
                    QuantizableWeight first = parts.First();
                    QuantizerSpec?[] specs = [.. parts.Select(part => allocation[part.Name])];
                    string module = first.TensorName.EndsWith(Suffix, StringComparison.Ordinal)
                        ? first.TensorName[..^Suffix.Length]
                        : first.TensorName;
                    return new RecipeTensor(
                        module,
                        first.Operator,
                        [first.Shape[0], first.TensorInputs, .. first.Shape.Skip(2)],
                        specs.Contains(null) ? null : specs.MaxBy(spec => spec!.Bits)
                    );
                }),
        ];
}

/// <summary>A file for another tool, and what it cannot say.</summary>
/// <param name="Tool">Name of the tool.</param>
/// <param name="FileName">Name of the file.</param>
/// <param name="Text">Its content.</param>
/// <param name="Use">How the tool takes it.</param>
/// <param name="Losses">What of the allocation is lost, in sentences.</param>
internal sealed record Recipe(string Tool, string FileName, string Text, string Use, IReadOnlyList<string> Losses);
