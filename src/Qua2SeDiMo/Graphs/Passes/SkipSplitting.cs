using System.Globalization;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Graphs.Passes;

/// <summary>
/// Cuts weights at the seam of a concatenation (method.md, section 2). Before: a weight reads two concatenated streams
/// that both come from weights, directly or behind one layer norm. After: each stream meets a part of the weight of its
/// own, and the partial products are added.
/// </summary>
internal static class SkipSplitting
{
    internal static Graph Apply(Graph graph)
    {
        var makers = graph
            .Nodes.SelectMany(node => node.Outputs.Select(output => (output, node)))
            .Where(pair => pair.output.Length > 0)
            .ToDictionary(pair => pair.output, pair => pair.node, StringComparer.Ordinal);
        Dictionary<string, GraphWeight> weightOf = graph.Weights.ToDictionary(
            weight => weight.Initializer.Name,
            StringComparer.Ordinal
        );
        HashSet<string> downstream = Downstream(graph, weightOf);
        var values = new Dictionary<string, GraphValue>(graph.Values, StringComparer.Ordinal);
        var nodes = new List<GraphNode>();
        var initializers = graph.Initializers.ToList();
        var weights = graph.Weights.ToDictionary(
            weight => weight.Weight.Name,
            weight => new List<GraphWeight> { weight },
            StringComparer.Ordinal
        );
        Dictionary<string, int> uses = graph
            .Nodes.SelectMany(node => node.Inputs)
            .CountBy(input => input)
            .ToDictionary(StringComparer.Ordinal);
        foreach (GraphNode node in graph.Nodes)
        {
            GraphWeight? weight = node.Inputs.Count > 1 ? weightOf.GetValueOrDefault(node.Inputs[1]) : null;
            bool isConv = node.OpType == "Conv";
            if (
                weight is null
                || !(isConv || node.OpType == "MatMul")
                || uses[node.Inputs[1]] > 1
                || (isConv && node.Integer("group", 1) != 1)
                || Seams(graph, makers, downstream, node, isConv) is not { } extents
                || extents.Sum() != weight.Weight.Shape[1]
            )
            {
                nodes.Add(node);
                continue;
            }
            weights[weight.Weight.Name] = Split(node, weight, extents, isConv, makers, nodes, values, initializers);
        }
        GraphWeight[] all = [.. graph.Weights.SelectMany(weight => weights[weight.Weight.Name])];
        return new Graph(graph.Name, graph.Inputs, graph.Outputs, nodes, initializers, all, values);
    }

    // Values that depend on a weight.
    private static HashSet<string> Downstream(Graph graph, Dictionary<string, GraphWeight> weightOf)
    {
        var result = new HashSet<string>(StringComparer.Ordinal);
        foreach (GraphNode node in graph.Nodes)
        {
            if (node.Inputs.Any(input => weightOf.ContainsKey(input) || result.Contains(input)))
                result.UnionWith(node.Outputs.Where(output => output.Length > 0));
        }
        return result;
    }

    // Extents of the concatenated streams along the weight's inputs; null when it reads no such concatenation.
    private static long[]? Seams(
        Graph graph,
        Dictionary<string, GraphNode> makers,
        HashSet<string> downstream,
        GraphNode node,
        bool isConv
    )
    {
        if (!makers.TryGetValue(node.Inputs[0], out GraphNode? maker))
            return null;
        if (!isConv && maker.OpType == "LayerNormalization" && !makers.TryGetValue(maker.Inputs[0], out maker))
            return null;
        if (
            maker.OpType != "Concat"
            || maker.Inputs.Count < 2
            || maker.Inputs.Distinct().Count() < 2
            || !maker.Inputs.All(downstream.Contains)
        )
            return null;
        var extents = new List<long>();
        foreach (string input in maker.Inputs)
        {
            if (!graph.Values.TryGetValue(input, out GraphValue? part))
                return null;
            int axis = isConv ? 1 : part.Rank - 1;
            long stated = maker.Integer("axis", 0);
            if ((stated < 0 ? stated + part.Rank : stated) != axis || !part.Shape[axis].IsFixed)
                return null;
            extents.Add(part.Shape[axis].Size);
        }
        return [.. extents];
    }

    private static List<GraphWeight> Split(
        GraphNode node,
        GraphWeight weight,
        long[] extents,
        bool isConv,
        Dictionary<string, GraphNode> makers,
        List<GraphNode> nodes,
        Dictionary<string, GraphValue> values,
        List<Initializer> initializers
    )
    {
        GraphNode maker = makers[node.Inputs[0]];
        IReadOnlyList<string> streams = maker.Inputs;
        if (maker.OpType == "LayerNormalization")
        {
            // The norm runs over both streams together; its result is cut again.
            streams =
            [
                .. extents.Select(
                    (_, i) => string.Create(CultureInfo.InvariantCulture, $"{node.Outputs[0]}.stream.{i}")
                ),
            ];
            string sizes = $"{node.Outputs[0]}.seams";
            initializers.Add(
                new Initializer.Inline(
                    sizes,
                    ElementType.Int64,
                    [extents.Length],
                    System.Runtime.InteropServices.MemoryMarshal.AsBytes<long>(extents).ToArray()
                )
            );
            values[sizes] = initializers[^1].Value;
            GraphValue whole = values[node.Inputs[0]];
            for (int i = 0; i < streams.Count; i++)
                values[streams[i]] = new GraphValue(
                    streams[i],
                    whole.Type,
                    [.. whole.Shape.Take(whole.Rank - 1), extents[i]]
                );
            nodes.Add(
                new GraphNode(
                    $"{node.Name}.cut",
                    "Split",
                    "",
                    [node.Inputs[0], sizes],
                    streams,
                    [new GraphAttribute.Whole("axis", -1)],
                    node.Scope
                )
            );
        }
        var parts = new List<GraphWeight>();
        string sum = "";
        long start = 0;
        for (int i = 0; i < extents.Length; i++)
        {
            string suffix = i == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"#{i}");
            QuantizableWeight own = weight.Weight with
            {
                Name = weight.Weight.Name + suffix,
                Shape = [weight.Weight.Shape[0], extents[i], .. weight.Weight.Shape.Skip(2)],
                InputStart = start,
            };
            // The first part gets a name of its own too: the whole may still be read elsewhere.
            var initializer = new Initializer.FromTensor(
                $"{weight.Initializer.Name}.part{i}",
                weight.Initializer.Type,
                isConv ? own.Shape : [extents[i], own.Shape[0]],
                weight.Initializer.TensorName,
                weight.Initializer.TensorShape,
                weight.Initializer.Transposed,
                start,
                extents[i]
            );
            initializers.Add(initializer);
            values[initializer.Name] = initializer.Value;
            parts.Add(new GraphWeight(own, initializer));
            string product = $"{node.Outputs[0]}.part{i}";
            // A convolution's bias is added once, with the first part.
            string[] bias = isConv && i == 0 ? [.. node.Inputs.Skip(2)] : [];
            nodes.Add(
                node with
                {
                    Name = $"{node.Name}{suffix}",
                    Inputs = [streams[i], initializer.Name, .. bias],
                    Outputs = [product],
                }
            );
            if (values.TryGetValue(node.Outputs[0], out GraphValue? result))
                values[product] = result with { Name = product };
            string total = i == extents.Length - 1 ? node.Outputs[0] : $"{node.Outputs[0]}.sum{i}";
            if (i > 0)
            {
                nodes.Add(new GraphNode($"{node.Name}.sum{i}", "Add", "", [sum, product], [total], [], node.Scope));
                if (result is not null)
                    values[total] = result with { Name = total };
            }
            sum = i == 0 ? product : total;
            start += extents[i];
        }
        return parts;
    }
}
