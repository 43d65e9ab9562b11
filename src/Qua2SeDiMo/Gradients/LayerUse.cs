using Qua2SeDiMo.Graphs.Ir;

namespace Qua2SeDiMo.Gradients;

/// <summary>One use of a quantizable weight by a layer: what comes in, and the gradient at what comes out.</summary>
/// <param name="Node">The product or convolution.</param>
/// <param name="Weight">Its weight.</param>
/// <param name="Input">What is multiplied by the weight.</param>
/// <param name="Cotangent">Gradient in the result.</param>
internal sealed record LayerUse(GraphNode Node, GraphWeight Weight, Term Input, Term Cotangent)
{
    /// <summary>Whether it is a convolution, whose rows are those of the batch.</summary>
    internal bool IsConvolution => Node.OpType == "Conv";

    /// <summary>Uses whose result counts, in running order.</summary>
    /// <exception cref="GradientException">The weight is used by another operator than a product or a
    /// convolution.</exception>
    internal static IEnumerable<LayerUse> Of(
        GraphWeight weight,
        GraphBuilder tape,
        ShapedGraph shaped,
        IReadOnlyDictionary<string, Term> cotangents
    )
    {
        string name = weight.Initializer.Name;
        foreach (GraphNode node in shaped.Graph.Nodes.Where(node => node.Inputs.Contains(name)))
        {
            if (!cotangents.TryGetValue(node.Outputs[0], out Term dy))
                continue;
            bool isSecond = node.Inputs.Count > 1 && node.Inputs[1] == name && node.Inputs[0] != name;
            bool isLayer = node.OpType switch
            {
                "MatMul" => weight.Weight.Operator == WeightOperator.Linear,
                "Conv" => true,
                _ => false,
            };
            if (!isSecond || !isLayer || node.Domain.Length > 0)
            {
                throw new GradientException(
                    $"{shaped.Graph.Name}: the weight '{weight.Weight.Name}' is used by node '{node.Name}' "
                        + $"({node.OpType}) otherwise than as a layer. "
                        + GradientRules.Instead
                );
            }
            yield return new LayerUse(node, weight, new Term(tape, shaped.Values[node.Inputs[0]]), dy);
        }
    }

    /// <summary>How a convolution's windows lie.</summary>
    internal WindowGeometry Windows(GraphBuilder tape, ShapedGraph shaped) =>
        WindowGeometry.OfConvolution(new NodeGradient(Node, tape, shaped, new HashSet<string>(), []));

    /// <summary>Gradient in the input through this layer alone, in the input's shape. Recorded as the rules record it,
    /// so that the runtime merges both.</summary>
    internal Term InputGradient(GraphBuilder tape, ShapedGraph shaped)
    {
        var weight = new Term(tape, shaped.Values[Node.Inputs[1]]);
        if (IsConvolution)
        {
            return ConvolutionRules.InputGradient(
                Cotangent,
                weight,
                Windows(tape, shaped),
                Node.Integer("group", 1),
                Input.Shape
            );
        }
        Term rows = Cotangent.Reshape(Cotangent.Count / Cotangent[-1], Cotangent[-1]);
        return ProductRules.Gemm(rows, weight, false, true).Reshape(Input.Shape);
    }
}
