using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Quantizers;

namespace Qua2SeDiMo.Packing.Recipes;

/// <summary>A checkpoint tensor as other tools address it: unsplit, by its module's path.</summary>
/// <param name="Module">Module path in the checkpoint, without <c>.weight</c>.</param>
/// <param name="Operator">Kind of the operator that uses it.</param>
/// <param name="Shape">Shape of the whole tensor.</param>
/// <param name="Spec">Its option; null if it keeps its precision.</param>
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

    /// <summary>The tensors of a denoiser. Other tools cannot address the parts of a split weight, so the tensor takes
    /// the option of the part with most bits, and stays unquantized if any part does.</summary>
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

/// <summary>A settings file for another tool, and what is lost by using it.</summary>
/// <param name="Tool">Name of the tool.</param>
/// <param name="FileName">Name of the file.</param>
/// <param name="Text">Its content.</param>
/// <param name="Use">Command or place in which the tool uses the file.</param>
/// <param name="Losses">Sentences that state what of the allocation is lost.</param>
internal sealed record Recipe(string Tool, string FileName, string Text, string Use, IReadOnlyList<string> Losses);
