using System.Runtime.InteropServices;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Graphs.Operations;

/// <summary>
/// Contracts any graph to its sensitivity graph. One walk in running order finds the node that the data of each value
/// come from. A node is made where a quantizable weight is used and where data of two sources meet; every other
/// operator passes its source on, so activations, reshapes and plain norms vanish. Layer names are not used: kinds
/// follow from operators and shapes.
/// </summary>
/// <remarks>
/// Rules for operators where data meet (method.md, section 5; the reasons are in docs/dag.md): a product with a factor
/// that is repeated along an axis is a scale or a gate, remembered and not yet a node; adding the same condition
/// afterwards makes a modulation; a gate whose condition already reached the branch adds nothing; a sum is a node,
/// except that a repeated condition added before a single weight gives that weight two inputs; a concatenation is a
/// node when several nodes read it whole; a cut between its parts gives the parts back.
/// </remarks>
internal sealed partial class OperationGraphBuilder
{
    private readonly Graph graph;
    private readonly List<Draft> drafts = [];
    private readonly int[] draftOfWeight;

    // Per weight the one whose option it takes (itself when not tied); tied weights share one node.
    private readonly int[] leaders;
    private readonly Dictionary<string, long[]> constants = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DataFlow> flows = new(StringComparer.Ordinal);

    private OperationGraphBuilder(Graph graph)
    {
        this.graph = graph;
        draftOfWeight = new int[graph.Weights.Count];
        Array.Fill(draftOfWeight, -1);
        leaders = Leaders(graph);
        foreach (Initializer.Inline constant in graph.Initializers.OfType<Initializer.Inline>())
        {
            if (constant is { Type: ElementType.Int64, ElementCount: <= 16 })
                constants[constant.Name] = MemoryMarshal.Cast<byte, long>(constant.Data.Span).ToArray();
        }
    }

    /// <summary>Contracts a graph to its sensitivity graph.</summary>
    /// <param name="graph">A denoiser with its quantizable weights.</param>
    /// <exception cref="OperationGraphException">The graph has no weight, a weight is never used, or a weight is tied
    /// to one that the graph does not have.</exception>
    public static OperationGraph Build(Graph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        if (graph.Weights.Count == 0)
            throw new OperationGraphException(
                $"{graph.Name} has no quantizable weight: no Linear or Conv reads a parameter of its own. Is it a denoiser?"
            );
        var builder = new OperationGraphBuilder(graph);
        builder.Walk();
        builder.Simplify();
        return builder.Finish();
    }

    private static int[] Leaders(Graph graph)
    {
        var index = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i < graph.Weights.Count; i++)
            index[graph.Weights[i].Weight.Name] = i;
        return
        [
            .. graph.Weights.Select(
                (weight, i) =>
                    weight.Weight.TiedTo is not { } other ? i
                    : index.TryGetValue(other, out int leader) ? leader
                    : throw new OperationGraphException(
                        $"{graph.Name}: weight '{weight.Weight.Name}' takes the option of '{other}', which is no weight of this graph."
                    )
            ),
        ];
    }

    private void Walk()
    {
        foreach (GraphValue input in graph.Inputs)
            flows[input.Name] = DataFlow.None;
        foreach (Initializer initializer in graph.Initializers)
            flows[initializer.Name] = DataFlow.Constant;
        for (int i = 0; i < graph.Weights.Count; i++)
            flows[graph.Weights[i].Initializer.Name] = DataFlow.Constant with { Weight = i };
        foreach (GraphNode node in graph.Nodes)
        {
            DataFlow[] results = Contract(node);
            for (int i = 0; i < node.Outputs.Count; i++)
            {
                if (node.Outputs[i].Length > 0)
                    flows[node.Outputs[i]] = results[Math.Min(i, results.Length - 1)];
            }
        }
        foreach (GraphValue output in graph.Outputs)
        {
            if (flows[output.Name].Source is >= 0 and int source)
                drafts[source].IsOutput = true;
        }
    }

    // One flow for all outputs, or one per output.
    private DataFlow[] Contract(GraphNode node)
    {
        DataFlow[] operands = [.. node.Inputs.Select(name => name.Length == 0 ? DataFlow.Constant : flows[name])];
        if (operands.All(operand => operand.IsConstant))
        {
            return [operands.FirstOrDefault(operand => operand.Weight >= 0) ?? DataFlow.Constant];
        }
        if (node.OpType is "Shape" or "Size")
            return [DataFlow.None];
        int weight = operands.Select(operand => operand.Weight).Max();
        if (weight >= 0)
            return [UseWeight(node, weight, operands)];
        if (node.OpType.EndsWith("Attention", StringComparison.Ordinal) && operands.Length >= 3)
            return [Attend(node, operands)];
        if (node.OpType == "Concat")
            return [Concatenate(node, operands)];
        if (node.OpType is "Slice" or "Split" && Cut(node, operands[0]) is { } cut)
            return cut;

        DataFlow[] sourced = [.. operands.Where(operand => operand.Source >= 0)];
        if (sourced.Length == 0)
            return [DataFlow.None];
        if (node.OpType is "MatMul" or "Gemm" or "Einsum" && sourced.Length >= 2)
            return [Multiply(node, sourced)];
        bool meets = sourced.Any(flow => flow.Source != sourced[0].Source);
        if (!meets)
            return [Pass(node, sourced)];
        return [node.OpType is "Mul" or "Div" ? Scale(node, operands) : Sum(node, operands)];
    }

    private DataFlow UseWeight(GraphNode node, int weight, DataFlow[] operands)
    {
        weight = leaders[weight];
        DataFlow[] settled = [.. operands.Select(operand => Settle(operand))];
        int draft = draftOfWeight[weight];
        if (draft < 0)
        {
            draftOfWeight[weight] = draft = drafts.Count;
            drafts.Add(new Draft(OperationKind.Weight, node.Scope) { Weight = weight });
        }
        foreach (DataFlow operand in settled)
            Connect(operand, draft);
        return new DataFlow(draft);
    }

    // Fused attention. Keys and values may be packed into the preceding input.
    private DataFlow Attend(GraphNode node, DataFlow[] operands)
    {
        DataFlow Packed(int input, DataFlow otherwise) => node.Inputs[input].Length > 0 ? operands[input] : otherwise;
        DataFlow key = Packed(1, operands[0]);
        DataFlow scores = Make(OperationKind.QueryKey, node.Scope, operands[0], key);
        return Make(OperationKind.AttentionValue, node.Scope, scores, Packed(2, key));
    }

    private DataFlow Multiply(GraphNode node, DataFlow[] sourced)
    {
        OperationKind kind = sourced.Any(flow => flow.IsSoftmaxed)
            ? OperationKind.AttentionValue
            : OperationKind.Product;
        // V is the second input, as in the graphs that the method's authors published.
        return Make(kind, node.Scope, sourced);
    }

    // A product with a factor that is broadcast is a scale; a product of two streams of one size is a node.
    private DataFlow Scale(GraphNode node, DataFlow[] operands)
    {
        int factor =
            IsRepeated(node, 1) ? 1
            : IsRepeated(node, 0) ? 0
            : -1;
        if (factor < 0 || operands.Length != 2)
            return Make(OperationKind.Product, node.Scope, operands);
        DataFlow stream = operands[1 - factor];
        int condition = Settle(operands[factor]).Source;
        if (stream.Factor >= 0 && stream.Factor != condition)
            stream = Settle(stream);
        return stream with { Factor = condition, FactorScope = node.Scope, Parts = null };
    }

    private DataFlow Sum(GraphNode node, DataFlow[] operands)
    {
        DataFlow[] sourced = [.. operands.Where(operand => operand.Source >= 0)];
        if (node.OpType is "Add" or "Sub" && operands.Length == 2)
        {
            for (int i = 0; i < 2; i++)
            {
                (DataFlow stream, DataFlow other) = (operands[i], operands[1 - i]);
                if (stream.Factor >= 0 && stream.Factor == other.Source)
                {
                    return Make(OperationKind.Modulation, node.Scope, stream with { Factor = -1 }, other);
                }
                if (!IsRepeated(node, 1 - i))
                    continue;
                DataFlow sum = Make(
                    stream.IsNormalised ? OperationKind.ConditionedNorm : OperationKind.Add,
                    node.Scope,
                    stream,
                    other
                );
                drafts[sum.Source].IsRepeatedSum = true;
                return sum;
            }
        }
        return Make(OperationKind.Add, node.Scope, sourced);
    }

    private DataFlow Concatenate(GraphNode node, DataFlow[] operands)
    {
        DataFlow[] sourced = [.. operands.Where(operand => operand.Source >= 0)];
        if (sourced.Length == 0)
            return DataFlow.None;
        DataFlow joined = sourced.Any(flow => flow.Source != sourced[0].Source)
            ? Make(OperationKind.Concat, node.Scope, sourced)
            : sourced[0] with
            {
                Parts = null,
            };
        IReadOnlyList<Dimension>? shape = ShapeOf(node.Outputs[0]);
        if (shape is null)
            return joined;
        int axis = (int)node.Integer("axis", 0);
        if (axis < 0)
            axis += shape.Count;
        var parts = new List<(long, DataFlow)>();
        for (int i = 0; i < operands.Length; i++)
        {
            if (ShapeOf(node.Inputs[i]) is not { } part || !part[axis].IsFixed)
                return joined;
            parts.Add((part[axis].Size, operands[i]));
        }
        return joined with { Axis = axis, Parts = parts };
    }

    // The parts that a slice or split takes out of a concatenation; null when it is not along the concatenated axis.
    private DataFlow[]? Cut(GraphNode node, DataFlow joined)
    {
        if (joined.Parts is null || ShapeOf(node.Inputs[0]) is not { } shape)
            return null;
        var ranges = new List<(long Start, long End)>();
        if (node.OpType == "Slice")
        {
            if (
                Integers(node, 1) is not [long start]
                || Integers(node, 2) is not [long end]
                || Integers(node, 3) is not [long axis]
            )
                return null;
            if (Integers(node, 4) is { } steps && steps is not [1])
                return null;
            if ((axis < 0 ? axis + shape.Count : axis) != joined.Axis)
                return null;
            long extent = shape[joined.Axis].Size;
            ranges.Add((start < 0 ? start + extent : start, Math.Min(end < 0 ? end + extent : end, extent)));
        }
        else
        {
            long axis = node.Integer("axis", 0);
            if ((axis < 0 ? axis + shape.Count : axis) != joined.Axis)
                return null;
            long start = 0;
            foreach (string output in node.Outputs)
            {
                if (ShapeOf(output) is not { } part || !part[joined.Axis].IsFixed)
                    return null;
                ranges.Add((start, start += part[joined.Axis].Size));
            }
        }
        return [.. ranges.Select(range => Part(joined, range.Start, range.End))];
    }

    private static DataFlow Part(DataFlow joined, long start, long end)
    {
        long at = 0;
        foreach ((long extent, DataFlow flow) in joined.Parts!)
        {
            if (start >= at && end <= at + extent)
                return flow;
            at += extent;
        }
        return joined with { Parts = null };
    }

    // All operands have the same source or none, so the operator vanishes.
    private DataFlow Pass(GraphNode node, DataFlow[] sourced)
    {
        DataFlow first = sourced.FirstOrDefault(flow => flow.Factor >= 0) ?? sourced[0];
        if (node.OpType == "Softmax" && drafts[first.Source].Kind == OperationKind.Product)
            drafts[first.Source].Kind = OperationKind.QueryKey;
        bool keepsShape =
            first.Parts is not null
            && sourced.Length == 1
            && ShapeOf(node.Outputs[0]) is { } after
            && node.Inputs.Any(name =>
                flows.GetValueOrDefault(name) == first && ShapeOf(name) is { } before && before.SequenceEqual(after)
            );
        return first with
        {
            IsRaised = first.IsRaised || Raises(node),
            IsSoftmaxed = first.IsSoftmaxed || node.OpType == "Softmax",
            IsReduced =
                node.OpType == "ReduceMean" || (sourced.All(flow => flow.IsReduced) && node.OpType is not "Div"),
            IsNormalised =
                sourced.Any(flow => flow.IsNormalised)
                || node.OpType.EndsWith("Normalization", StringComparison.Ordinal)
                || (
                    node.OpType is "Div" or "Mul" && sourced.Length == 2 && sourced[0].IsReduced != sourced[1].IsReduced
                ),
            Parts = keepsShape && node.OpType is not ("Transpose" or "Reshape") ? first.Parts : null,
        };
    }

    private IReadOnlyList<Dimension>? ShapeOf(string value) =>
        graph.Values.TryGetValue(value, out GraphValue? known) ? known.Shape : null;

    // Whether an operand has extent 1 (or no axis) where the result has more.
    private bool IsRepeated(GraphNode node, int operand)
    {
        if (ShapeOf(node.Inputs[operand]) is not { } small || ShapeOf(node.Outputs[0]) is not { } result)
            return false;
        if (small.Count < result.Count)
            return true;
        for (int i = 0; i < result.Count; i++)
        {
            bool isOne = small[i].IsFixed && small[i].Size == 1;
            if (isOne && !(result[i].IsFixed && result[i].Size == 1))
                return true;
        }
        // Shapes do not decide when the stream itself has extent 1 along those axes; then the operand is repeated if it
        // alone got axes of extent 1.
        return node.Inputs.Count == 2
            && flows[node.Inputs[operand]].IsRaised
            && !flows[node.Inputs[1 - operand]].IsRaised;
    }

    private bool Raises(GraphNode node) =>
        node.OpType is "Unsqueeze" or "Reshape"
        && ShapeOf(node.Inputs[0]) is { } before
        && ShapeOf(node.Outputs[0]) is { } after
        && after.Count > before.Count
        && Ones(after) > Ones(before);

    private static int Ones(IReadOnlyList<Dimension> shape) =>
        shape.Count(extent => extent.IsFixed && extent.Size == 1);

    private long[]? Integers(GraphNode node, int input)
    {
        if (input >= node.Inputs.Count || node.Inputs[input].Length == 0)
            return null;
        return constants.TryGetValue(node.Inputs[input], out long[]? values) ? values : null;
    }
}
