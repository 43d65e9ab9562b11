using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Gradients;

/// <summary>
/// What rounding the input of a layer does, to first order: ⟨gradient at the layer's result, W (rounded − input)⟩, which
/// is ⟨gradient in the layer's input, rounded − input⟩, for each item of a batch alone. Rounded as
/// <see cref="ActivationQuantizer"/> does it: each row has its own range, and a constant row keeps its value.
/// </summary>
/// <param name="tape">Where the products are recorded, behind the reverse pass.</param>
/// <param name="shaped">The forward graph.</param>
/// <param name="cotangents">Gradients in the values of the forward graph.</param>
/// <param name="items">Items of the batch.</param>
/// <param name="bits">Bits of one code, 2 to 8 each.</param>
internal sealed class InputRounding(
    GraphBuilder tape,
    ShapedGraph shaped,
    IReadOnlyDictionary<string, Term> cotangents,
    BatchItems items,
    IReadOnlyList<int> bits
)
{
    // Layers that read one value share its rounding.
    private readonly Dictionary<string, Rounding[]> roundings = new(StringComparer.Ordinal);

    /// <summary>Products [items, bits]; null where no output moves with the layer. Uses of one weight are
    /// added.</summary>
    /// <exception cref="GradientException">As <see cref="WeightGradients.Of"/>.</exception>
    internal Term? Of(GraphWeight weight)
    {
        Term? sum = null;
        foreach (LayerUse use in LayerUse.Of(weight, tape, shaped, cotangents))
        {
            Term gradient = use.InputGradient(tape, shaped).As(ElementType.Float32);
            Term[] byBits = [.. RoundingsOf(use).Select(rounding => ByItem(use, rounding.Times(gradient)))];
            Term part = byBits[0].Concat(1, byBits[1..]);
            sum = sum is { } known ? known + part : part;
        }
        return sum;
    }

    private Rounding[] RoundingsOf(LayerUse use)
    {
        string name = use.Node.Inputs[0];
        if (!roundings.TryGetValue(name, out Rounding[]? known))
        {
            Term x = use.Input.As(ElementType.Float32);
            roundings[name] = known = [.. bits.Select(width => Rounding.Of(x, width))];
        }
        return known;
    }

    // [items, 1] of one number for each row.
    private Term ByItem(LayerUse use, Term rows) =>
        items.Split(use, rows.Reshape(rows.Count, 1)).Sum(1).Reshape(items.Count, 1);

    // In units of each row's step: products with the errors are multiplied by the step once a row.
    private sealed record Rounding(Term Errors, Term Step, Term Varies, int[] Along)
    {
        internal static Rounding Of(Term x, int bits)
        {
            int[] along = ActivationQuantizer.RowAxes(x.Rank);
            long[] shape = x.Shape;
            foreach (int axis in along)
                shape[axis] = 1;
            Term Extreme(string operation) =>
                x.Record(
                    operation,
                    [x.Numbers([.. along.Select(axis => (long)axis)])],
                    shape,
                    new GraphAttribute.Whole("keepdims", 1)
                );
            float last = (1 << bits) - 1;
            Term low = Extreme("ReduceMin"),
                step = (Extreme("ReduceMax") - low) / low.Number(last),
                scaled = x / step;
            // Nothing lies below the least code; a tie at the greatest one would be rounded past it.
            Term greatest = last - (-low / step).Apply("Round");
            Term errors = scaled.Apply("Round").Record("Min", [greatest], x.Shape) - scaled;
            return new Rounding(errors, step, step.Compare("Greater", step.Number(0)), along);
        }

        // One number for each row; a row without extent has step 0 and nothing to round.
        internal Term Times(Term gradient)
        {
            Term sums = (gradient * Errors).Sum(Along);
            return Varies.Choose(sums * Step, sums.Number(0));
        }
    }
}
