using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Graphs.Passes;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Kernels.Layout;

namespace Qua2SeDiMo.Quantizers.Bank;

/// <summary>Where the codes of an allocation's weights come from: a bank or a packed model.</summary>
/// <param name="Allocation">Option of each weight; one that is not listed stays in single precision.</param>
/// <param name="TableType">Original type of a weight, by name: Float16, BFloat16 or Float32.</param>
/// <param name="Load">Reads a weight under its option, by name.</param>
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

/// <summary>A denoiser that multiplies by palette-coded weights directly.</summary>
internal static class PaletteProgram
{
    /// <summary>
    /// Rewrites a graph: MatMul and Conv by the weights of an allocation become the operators of docs/formats.md, whose
    /// weights are initializers of bytes, made one at a time when a session or a writer asks for them.
    /// </summary>
    /// <param name="graph">Denoiser in single precision.</param>
    /// <param name="source">Allocation and codes; it must stay open.</param>
    /// <param name="activationBits">2 to 8: multiply integers, with activations quantized at each run, and round what
    /// meets other weights too; null: single precision.</param>
    public static Graph Rewrite(Graph graph, PaletteSource source, int? activationBits = null)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(source);
        Graph packed = PaletteOperators.Apply(graph, weight => Operand(weight, source), activationBits ?? 0);
        return activationBits is { } bits ? ActivationQuantization.Apply(packed, bits) : packed;
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
