using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Gradients;

/// <summary>
/// Cuts a graph into parts that run one after the other, at points where few bytes are passed on, which are usually the
/// borders of blocks. The reverse pass of a part recomputes its activations, so that only those of one part are in
/// memory at a time (activation checkpointing).
/// </summary>
internal static class GraphCut
{
    /// <summary>Cuts a graph; returns the parts in running order.</summary>
    /// <param name="shaped">The whole graph.</param>
    /// <param name="wanted">Values whose gradients are wanted; values that do not depend on them are recomputed in each
    /// part that reads them.</param>
    /// <param name="outputs">Values whose cotangents the caller provides.</param>
    /// <param name="items">Number of items of the batch whose weight gradients are kept apart, and are in memory
    /// together.</param>
    /// <param name="limitBytes">Target size of a part in bytes: its values and the gradients of its weights. A part
    /// exceeds it when it has no point to cut.</param>
    internal static IReadOnlyList<CutPart> Of(
        ShapedGraph shaped,
        IReadOnlyList<string> wanted,
        IReadOnlyList<string> outputs,
        long items,
        long limitBytes
    )
    {
        Graph graph = shaped.Graph.WithOutputs(outputs);
        IReadOnlySet<string> active = BackwardPass.Active(graph, wanted);
        GraphNode[] nodes = [.. graph.Nodes.Where(node => node.Outputs.Any(active.Contains))];
        Dictionary<string, int> lastReader = LastReaders(graph, nodes, active, outputs);
        Dictionary<string, long> weights = graph.Weights.ToDictionary(
            weight => weight.Initializer.Name,
            weight => weight.Initializer.SizeBytes * items
        );
        ILookup<int, string> dying = lastReader.ToLookup(pair => pair.Value, pair => pair.Key);
        var borders = new List<int> { 0 };
        long used = 0,
            least = long.MaxValue;
        int leastAt = -1;
        var live = new Live();
        for (int i = 0; i < nodes.Length; i++)
        {
            foreach (string output in nodes[i].Outputs.Where(active.Contains))
                used += Bytes(shaped.Values[output]);
            used += nodes[i].Inputs.Distinct().Sum(input => weights.GetValueOrDefault(input));
            live.Pass(nodes[i], i, lastReader, dying, active, shaped);
            // No cut in the first half of a part: otherwise points with little to pass on would make parts small.
            if (used > limitBytes / 2 && live.Bytes < least && live.IsPlain)
                (least, leastAt) = (live.Bytes, i + 1);
            if (used <= limitBytes || leastAt < 0 || leastAt >= nodes.Length)
                continue;
            borders.Add(leastAt);
            i = leastAt - 1;
            (used, least, leastAt) = (0, long.MaxValue, -1);
            live = new Live();
            for (int earlier = 0; earlier <= i; earlier++)
                live.Pass(nodes[earlier], earlier, lastReader, dying, active, shaped);
        }
        borders.Add(nodes.Length);
        return
        [
            .. borders
                .Zip(borders.Skip(1))
                .Select(pair =>
                    Part(shaped, graph, active, nodes[pair.First..pair.Second], nodes[pair.Second..], outputs)
                ),
        ];
    }

    /// <summary>Parts for forward passes alone, about equally large: values that follow from the graph's inputs, and
    /// weights, count as work.</summary>
    /// <param name="shaped">The whole graph.</param>
    /// <param name="outputs">What is wanted of it.</param>
    /// <param name="count">How many parts there should be, about; fewer where there is no place to cut.</param>
    internal static IReadOnlyList<CutPart> Forward(ShapedGraph shaped, IReadOnlyList<string> outputs, int count)
    {
        Graph graph = shaped.Graph.WithOutputs(outputs);
        string[] inputs = [.. graph.Inputs.Select(input => input.Name)];
        long work = ValueBytes(shaped, inputs) + graph.Weights.Sum(weight => weight.Initializer.SizeBytes);
        return Of(shaped, inputs, outputs, items: 1, work / count);
    }

    /// <summary>Bytes of all values that follow from some others.</summary>
    internal static long ValueBytes(ShapedGraph shaped, IReadOnlyList<string> from)
    {
        IReadOnlySet<string> active = BackwardPass.Active(shaped.Graph, from);
        return shaped
            .Graph.Nodes.SelectMany(node => node.Outputs)
            .Where(active.Contains)
            .Sum(name => Bytes(shaped.Values[name]));
    }

    /// <summary>Bytes of a value whose extents are all known.</summary>
    internal static long Bytes(GraphValue value) =>
        value.Type.SizeBytes(value.Shape.Aggregate(1L, (product, extent) => product * extent.Size));

    // Values that have to be passed on between two consecutive nodes.
    private sealed class Live
    {
        private readonly HashSet<string> values = new(StringComparer.Ordinal);
        private int odd;

        internal long Bytes { get; private set; }

        /// <summary>Whether all of them are in single precision, which values passed between sessions must
        /// be.</summary>
        internal bool IsPlain => odd == 0;

        internal void Pass(
            GraphNode node,
            int at,
            Dictionary<string, int> lastReader,
            ILookup<int, string> dying,
            IReadOnlySet<string> active,
            ShapedGraph shaped
        )
        {
            foreach (
                string output in node.Outputs.Where(output =>
                    active.Contains(output) && lastReader.GetValueOrDefault(output, -1) > at
                )
            )
            {
                values.Add(output);
                Bytes += GraphCut.Bytes(shaped.Values[output]);
                if (shaped.Values[output].Type != ElementType.Float32)
                    odd++;
            }
            foreach (string gone in dying[at].Where(values.Remove))
            {
                Bytes -= GraphCut.Bytes(shaped.Values[gone]);
                if (shaped.Values[gone].Type != ElementType.Float32)
                    odd--;
            }
        }
    }

    // Index of the last node that needs each value, also through nodes that carry no gradient.
    private static Dictionary<string, int> LastReaders(
        Graph graph,
        GraphNode[] nodes,
        IReadOnlySet<string> active,
        IReadOnlyList<string> outputs
    )
    {
        var last = outputs.ToDictionary(output => output, _ => int.MaxValue, StringComparer.Ordinal);
        Dictionary<string, GraphNode> makers = Makers(graph);
        for (int i = 0; i < nodes.Length; i++)
        {
            foreach (string input in Needs(nodes[i..(i + 1)], makers, active).Borders)
                last[input] = Math.Max(last.GetValueOrDefault(input), i);
        }
        return last;
    }

    private static Dictionary<string, GraphNode> Makers(Graph graph) =>
        graph
            .Nodes.SelectMany(node => node.Outputs.Where(output => output.Length > 0), (node, output) => (node, output))
            .ToDictionary(pair => pair.output, pair => pair.node, StringComparer.Ordinal);

    // Dependencies of nodes: nodes without gradient that have to run with them, and values that are provided from
    // outside.
    private static (HashSet<GraphNode> Beside, HashSet<string> Borders) Needs(
        IReadOnlyList<GraphNode> nodes,
        Dictionary<string, GraphNode> makers,
        IReadOnlySet<string> active
    )
    {
        HashSet<string> own = [.. nodes.SelectMany(node => node.Outputs)];
        var beside = new HashSet<GraphNode>();
        var borders = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<string>(nodes.SelectMany(node => node.Inputs));
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (open.TryPop(out string? name))
        {
            if (name.Length == 0 || own.Contains(name) || !seen.Add(name))
                continue;
            if (active.Contains(name) || !makers.TryGetValue(name, out GraphNode? maker))
                borders.Add(name);
            else if (beside.Add(maker))
                foreach (string input in maker.Inputs)
                    open.Push(input);
        }
        return (beside, borders);
    }

    private static CutPart Part(
        ShapedGraph shaped,
        Graph graph,
        IReadOnlySet<string> active,
        GraphNode[] nodes,
        GraphNode[] later,
        IReadOnlyList<string> outputs
    )
    {
        Dictionary<string, GraphNode> makers = Makers(graph);
        (HashSet<GraphNode> beside, HashSet<string> borders) = Needs(nodes, makers, active);
        HashSet<string> handed = [.. outputs, .. Needs(later, makers, active).Borders];
        string[] given = [.. nodes.SelectMany(node => node.Outputs).Where(handed.Contains)];
        HashSet<string> initial = [.. graph.Initializers.Select(initializer => initializer.Name)];
        HashSet<GraphNode> all = [.. nodes, .. beside];
        var part = new Graph(
            graph.Name,
            [
                .. borders
                    .Where(name => !initial.Contains(name))
                    .Order(StringComparer.Ordinal)
                    .Select(name => shaped.Values[name]),
            ],
            [.. given.Select(name => shaped.Values[name])],
            [.. graph.Nodes.Where(all.Contains)],
            graph.Initializers,
            graph.Weights,
            shaped.Values
        );
        return new CutPart(
            shaped.Part(part.WithOutputs(given)),
            given,
            [.. part.Inputs.Select(input => input.Name).Where(active.Contains)]
        );
    }
}

/// <summary>One part of a cut graph.</summary>
/// <param name="Shaped">Its nodes; its inputs are model inputs and outputs of earlier parts.</param>
/// <param name="Outputs">Values that later parts read, and outputs of the model.</param>
/// <param name="Pulled">Its inputs in which gradients are computed.</param>
internal sealed record CutPart(ShapedGraph Shaped, IReadOnlyList<string> Outputs, IReadOnlyList<string> Pulled)
{
    private readonly HashSet<string> made = [.. Shaped.Graph.Nodes.SelectMany(node => node.Outputs)];

    /// <summary>Whether a node of the part computes a value.</summary>
    internal bool Makes(string value) => made.Contains(value);
}
