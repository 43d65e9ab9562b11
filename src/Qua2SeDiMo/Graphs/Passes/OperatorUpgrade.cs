using System.Runtime.InteropServices;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Graphs.Onnx;
using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Graphs.Passes;

/// <summary>
/// Rewrites operators of opsets 13 to 22 whose inputs or attributes changed later, so that the graph is valid in
/// <see cref="OnnxWriter.OpsetVersion"/>. Before: operators of the stated opset. After: operators of the current opset
/// with the same results.
/// </summary>
internal static class OperatorUpgrade
{
    private const long AxesBecameInputs = 18;
    private const long GroupNormPerChannel = 21;

    private static readonly string[] Reductions =
    [
        "ReduceMean",
        "ReduceMax",
        "ReduceMin",
        "ReduceProd",
        "ReduceL1",
        "ReduceL2",
        "ReduceLogSum",
        "ReduceLogSumExp",
        "ReduceSumSquare",
    ];

    /// <param name="nodes">Nodes of the old opset.</param>
    /// <param name="opset">The old opset's version.</param>
    /// <param name="initializers">Receives the constants that replace attributes.</param>
    internal static IReadOnlyList<GraphNode> Apply(
        IReadOnlyList<GraphNode> nodes,
        long opset,
        List<Initializer> initializers
    )
    {
        if (
            opset < GroupNormPerChannel
            && nodes.FirstOrDefault(node => node is { OpType: "GroupNormalization", Domain: "" }) is { } norm
        )
        {
            throw new OnnxFormatException(
                $"Node '{norm.Name}' is a GroupNormalization of opset {opset}, whose scale was per group; export "
                    + $"again with opset {GroupNormPerChannel} or 17."
            );
        }
        if (opset >= AxesBecameInputs)
            return nodes;
        var result = new List<GraphNode>(nodes.Count);
        foreach (GraphNode node in nodes)
        {
            if (node.Domain.Length == 0 && Reductions.Contains(node.OpType) && node.Integers("axes") is { } axes)
            {
                string name = $"{node.Outputs[0]}.axes";
                initializers.Add(
                    new Initializer.Inline(
                        name,
                        ElementType.Int64,
                        [axes.Count],
                        MemoryMarshal.AsBytes<long>([.. axes]).ToArray()
                    )
                );
                result.Add(
                    node with
                    {
                        Inputs = [node.Inputs[0], name],
                        Attributes = [.. node.Attributes.Where(attribute => attribute.Name != "axes")],
                    }
                );
            }
            else if (node is { OpType: "Split", Domain: "", Inputs.Count: 1 })
            {
                GraphAttribute[] attributes =
                [
                    .. node.Attributes,
                    new GraphAttribute.Whole("num_outputs", node.Outputs.Count),
                ];
                result.Add(
                    node with
                    {
                        Attributes = [.. attributes.OrderBy(attribute => attribute.Name, StringComparer.Ordinal)],
                    }
                );
            }
            else
            {
                result.Add(node);
            }
        }
        return result;
    }
}
