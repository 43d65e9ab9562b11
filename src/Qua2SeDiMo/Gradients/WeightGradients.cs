using Qua2SeDiMo.Graphs.Ir;

namespace Qua2SeDiMo.Gradients;

/// <summary>
/// Gradients in weights, separately for each item of a batch: input of the layer times cotangent of its result, summed
/// over the item's own tokens or positions. Items do not interact, so one reverse pass gives all of them.
/// </summary>
/// <param name="tape">Builder that records them, after the reverse pass.</param>
/// <param name="shaped">The forward graph.</param>
/// <param name="cotangents">Gradients in the values of the forward graph.</param>
/// <param name="items">Items of the batch.</param>
internal sealed class WeightGradients(
    GraphBuilder tape,
    ShapedGraph shaped,
    IReadOnlyDictionary<string, Term> cotangents,
    BatchItems items
)
{
    /// <summary>Gradient [items, out, in, …], summed over all uses of the weight; null when no output depends on
    /// it.</summary>
    /// <exception cref="GradientException">The weight is used by an operator other than MatMul or Conv, or rows of a
    /// layer cannot be assigned to items.</exception>
    internal Term? Of(GraphWeight weight)
    {
        Term? sum = null;
        foreach (LayerUse use in LayerUse.Of(weight, tape, shaped, cotangents))
        {
            Term part = OfUse(use).Reshape([items.Count, .. weight.Weight.Shape]);
            sum = sum is { } known ? known + part : part;
        }
        return sum;
    }

    private Term OfUse(LayerUse use)
    {
        if (!use.IsConvolution)
            return items.Split(use, use.Cotangent).Transposed().MatMul(items.Split(use, use.Input));
        Term all = ConvolutionRules.KernelGradients(
            use.Input,
            use.Cotangent,
            use.Windows(tape, shaped),
            use.Node.Integer("group", 1)
        );
        return all.Reshape([items.Turns(use, all[0]), items.Count, .. use.Weight.Weight.Shape]).Sum(0);
    }
}
