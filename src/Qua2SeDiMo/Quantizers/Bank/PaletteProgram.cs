using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Graphs.Passes;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Kernels.Layout;

namespace Qua2SeDiMo.Quantizers.Bank;

/// <summary>Gives the codes of an allocation's weights, from a bank or a packed model.</summary>
/// <param name="Allocation">Option of each weight; an unlisted weight stays in single precision.</param>
/// <param name="TableType">Original type of a weight, by name: Float16, BFloat16 or Float32.</param>
/// <param name="Load">Reads the weight with the given name under its option.</param>
internal sealed record PaletteSource(
    BitAllocation Allocation,
    Func<string, ElementType> TableType,
    Func<string, QuantizedWeight> Load
)
{
    /// <summary>The weights of a bank.</summary>
    public static PaletteSource Of(QuantizerBank bank, BitAllocation allocation)
    {
        ArgumentNullException.ThrowIfNull(bank);
        ArgumentNullException.ThrowIfNull(allocation);
        return new PaletteSource(
            allocation,
            name => bank.Entries[name].TableType,
            name => bank.Load(name, allocation[name]!)
        );
    }
}

/// <summary>Rewrites a denoiser so that it multiplies by palette-coded weights directly.</summary>
internal static class PaletteProgram
{
    /// <summary>Replaces each MatMul and Conv whose weight is in the allocation by an operator of docs/formats.md. Its
    /// weight is an initializer of bytes, computed only when a session or a writer reads it.</summary>
    /// <param name="graph">Denoiser in single precision.</param>
    /// <param name="source">Allocation and codes; must stay open while the graph is used.</param>
    /// <param name="activations">Layers whose inputs are rounded at each run: they multiply integers, and what meets
    /// weights that are not packed is rounded too. Null: single precision.</param>
    public static Graph Rewrite(Graph graph, PaletteSource source, ActivationAllocation? activations = null)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(source);
        ActivationAllocation rounded = activations ?? ActivationAllocation.None;
        Graph packed = PaletteOperators.Apply(graph, weight => Operand(weight, source), weight => rounded[weight]);
        return rounded.IsNone ? packed : ActivationQuantization.Apply(packed, weight => rounded[weight]);
    }

    private static PaletteOperand? Operand(QuantizableWeight weight, PaletteSource source)
    {
        if (source.Allocation[weight.Name] is not { } spec)
            return null;
        var layout = new PaletteLayout(spec, source.TableType(weight.Name), weight.OutChannels, weight.RowLength);
        return new PaletteOperand(
            spec.MethodName,
            spec.Bits,
            layout.TotalBytes,
            destination => PaletteMatrix.From(source.Load(weight.Name)).Data.CopyTo(destination)
        );
    }
}
