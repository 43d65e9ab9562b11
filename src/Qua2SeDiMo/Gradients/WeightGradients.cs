using Qua2SeDiMo.Graphs.Ir;

namespace Qua2SeDiMo.Gradients;

/// <summary>
/// Gradients in weights, separately for each item of a batch: input of the layer times cotangent of its result, summed
/// over the item's own tokens or positions. Items do not interact, so one reverse pass gives all of them.
/// </summary>
/// <param name="tape">Builder that records them, after the reverse pass.</param>
/// <param name="shaped">The forward graph.</param>
/// <param name="cotangents">Gradients in the values of the forward graph.</param>
/// <param name="batch">Extent of the first axis of the model's inputs.</param>
/// <param name="items">Number of items; row b of the batch belongs to item b mod items, so that the conditional and the
/// unconditional row of guidance are one item.</param>
internal sealed class WeightGradients(
    GraphBuilder tape,
    ShapedGraph shaped,
    IReadOnlyDictionary<string, Term> cotangents,
    long batch,
    long items
)
{
    /// <summary>Gradient [items, out, in, …], summed over all uses of the weight; null when no output depends on
    /// it.</summary>
    /// <exception cref="GradientException">The weight is used by an operator other than MatMul or Conv, or rows of a
    /// layer cannot be assigned to items.</exception>
    internal Term? Of(GraphWeight weight)
    {
        Term? sum = null;
        foreach (GraphNode node in shaped.Graph.Nodes.Where(node => node.Inputs.Contains(weight.Initializer.Name)))
        {
            if (!cotangents.TryGetValue(node.Outputs[0], out Term dy))
                continue;
            Term part = OfUse(node, weight, dy).Reshape([items, .. weight.Weight.Shape]);
            sum = sum is { } known ? known + part : part;
        }
        return sum;
    }

    private Term OfUse(GraphNode node, GraphWeight weight, Term dy)
    {
        bool isSecond =
            node.Inputs.Count > 1
            && node.Inputs[1] == weight.Initializer.Name
            && node.Inputs[0] != weight.Initializer.Name;
        var x = new Term(tape, shaped.Values[node.Inputs[0]]);
        if (isSecond && node is { OpType: "MatMul", Domain: "" } && weight.Weight.Operator == WeightOperator.Linear)
        {
            return Rows(node, weight, dy).Turned().MatMul(Rows(node, weight, x));
        }
        if (isSecond && node is { OpType: "Conv", Domain: "" })
        {
            var windows = new NodeGradient(node, tape, shaped, new HashSet<string>(), []);
            Term all = ConvolutionRules.KernelGradients(
                x,
                dy,
                WindowGeometry.OfConvolution(windows),
                node.Integer("group", 1)
            );
            long turns = PerItem(node, weight, all[0]);
            return all.Reshape([turns, items, .. weight.Weight.Shape]).Sum(0);
        }
        throw new GradientException(
            $"{shaped.Graph.Name}: the weight '{weight.Weight.Name}' is used by node '{node.Name}' "
                + $"({node.OpType}) otherwise than as a layer. "
                + GradientRules.Instead
        );
    }

    // Returns [items, rows of the item, width].
    private Term Rows(GraphNode node, GraphWeight weight, Term x)
    {
        long rows = x.Count / x[-1];
        // The first axis is the batch, possibly merged with tokens.
        if (items == 1)
            return x.Reshape(1, rows, x[-1]);
        long turns = PerItem(node, weight, batch);
        if (rows % batch != 0)
            throw Shared(node, weight, rows);
        return x.Reshape(turns, items, rows / batch, x[-1]).Transpose(1, 0, 2, 3).Reshape(items, rows / items, x[-1]);
    }

    private long PerItem(GraphNode node, GraphWeight weight, long rows) =>
        rows % items == 0 ? rows / items : throw Shared(node, weight, rows);

    private GradientException Shared(GraphNode node, GraphWeight weight, long rows) =>
        new(
            $"{shaped.Graph.Name}: at node '{node.Name}' the weight '{weight.Weight.Name}' sees {rows} rows, "
                + $"which do not fall to {items} items of a batch of {batch}. "
                + "Run the items one by one."
        );
}
