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
    private const long NoBorder = -1;

    // Cost of a byte beyond the limit of a part, in bytes that are passed on.
    private const double BeyondLimit = 0.25;

    /// <summary>Cuts a graph; returns the parts in running order.</summary>
    /// <param name="shaped">The whole graph.</param>
    /// <param name="wanted">Values whose gradients are wanted; values that do not depend on them are recomputed in each
    /// part that reads them.</param>
    /// <param name="outputs">Values whose cotangents the caller provides.</param>
    /// <param name="options">Gradients of a weight that are in memory together, errors of rounded inputs, and the most
    /// bytes that these and the values of one part should take.</param>
    internal static IReadOnlyList<CutPart> Of(
        ShapedGraph shaped,
        IReadOnlyList<string> wanted,
        IReadOnlyList<string> outputs,
        ReverseOptions options
    )
    {
        long limitBytes = options.ActivationBytes;
        Graph graph = shaped.Graph.WithOutputs(outputs);
        IReadOnlySet<string> active = BackwardPass.Active(graph, wanted);
        GraphNode[] nodes = [.. graph.Nodes.Where(node => node.Outputs.Any(active.Contains))];
        Dictionary<string, int> lastReader = LastReaders(graph, nodes, active, outputs);
        Dictionary<string, long> weights = graph.Weights.ToDictionary(
            weight => weight.Initializer.Name,
            weight => weight.Initializer.SizeBytes * options.Items
        );
        // Layers that read one value share the errors of its rounding.
        var rounded = new HashSet<string>(StringComparer.Ordinal);
        long Errors(GraphNode node) =>
            node.Inputs.Any(weights.ContainsKey) && rounded.Add(node.Inputs[0])
                ? options.RoundedBits.Count * Bytes(shaped.Values[node.Inputs[0]])
                : 0;
        long[] passed = Passed(nodes, lastReader, active, shaped),
            sizes =

            [
                .. nodes.Select(node =>
                    node.Outputs.Where(active.Contains).Sum(output => Bytes(shaped.Values[output]))
                    + node.Inputs.Distinct().Sum(input => weights.GetValueOrDefault(input))
                    + Errors(node)
                ),
            ];
        int[] borders = Borders(sizes, passed, limitBytes);
        return
        [
            .. borders
                .Zip(borders.Skip(1))
                .Select(pair =>
                    Part(shaped, graph, active, nodes[pair.First..pair.Second], nodes[pair.Second..], outputs)
                ),
        ];
    }

    // The places between nodes, by dynamic programming: what parts pass on is in memory together, what a part takes
    // beyond the limit only while it runs, and counts less.
    private static int[] Borders(long[] sizes, long[] passed, long limitBytes)
    {
        int count = sizes.Length;
        double[] before = new double[count + 1],
            cost = new double[count + 1];
        int[] from = new int[count + 1];
        for (int end = 1; end <= count; end++)
        {
            before[end] = before[end - 1] + sizes[end - 1];
            cost[end] = double.PositiveInfinity;
            if (passed[end - 1] == NoBorder)
                continue;
            for (int start = 0; start < end; start++)
            {
                double beyond = Math.Max(0, before[end] - before[start] - limitBytes);
                double whole = cost[start] + passed[end - 1] + (beyond * BeyondLimit);
                if (whole < cost[end])
                    (cost[end], from[end]) = (whole, start);
            }
        }
        var borders = new Stack<int>([count]);
        while (borders.Peek() > 0)
            borders.Push(from[borders.Peek()]);
        return [.. borders];
    }

    // Bytes that have to be passed on behind each node; none behind the last.
    private static long[] Passed(
        GraphNode[] nodes,
        Dictionary<string, int> lastReader,
        IReadOnlySet<string> active,
        ShapedGraph shaped
    )
    {
        ILookup<int, string> dying = lastReader.ToLookup(pair => pair.Value, pair => pair.Key);
        var live = new Live();
        long[] passed = new long[nodes.Length];
        for (int i = 0; i < nodes.Length - 1; i++)
        {
            live.Pass(nodes[i], i, lastReader, dying, active, shaped);
            passed[i] = live.IsPlain ? live.Bytes : NoBorder;
        }
        return passed;
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
        return Of(shaped, inputs, outputs, new ReverseOptions { ActivationBytes = work / count });
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
