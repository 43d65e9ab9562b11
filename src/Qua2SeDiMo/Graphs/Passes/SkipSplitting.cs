using System.Globalization;
using System.Runtime.InteropServices;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Graphs.Passes;

/// <summary>
/// Cuts a weight that multiplies a concatenation into one part per concatenated stream (method.md, section 2). Before:
/// a weight reads two or more concatenated streams that all come from weights, directly or after one layer norm. After:
/// each stream is multiplied by its part of the weight, and the partial products are added.
/// </summary>
internal sealed class SkipSplitting
{
    private readonly Graph graph;
    private readonly Dictionary<string, GraphNode> makers;
    private readonly Dictionary<string, GraphWeight> weightOf;
    private readonly HashSet<string> downstream;
    private readonly Dictionary<string, int> uses;
    private readonly Dictionary<string, GraphValue> values;
    private readonly List<GraphNode> nodes = [];
    private readonly List<Initializer> initializers;

    private SkipSplitting(Graph graph)
    {
        this.graph = graph;
        makers = graph
            .Nodes.SelectMany(node => node.Outputs.Select(output => (output, node)))
            .Where(pair => pair.output.Length > 0)
            .ToDictionary(pair => pair.output, pair => pair.node, StringComparer.Ordinal);
        weightOf = graph.Weights.ToDictionary(weight => weight.Initializer.Name, StringComparer.Ordinal);
        downstream = Downstream(graph, weightOf);
        uses = graph.Nodes.SelectMany(node => node.Inputs).CountBy(input => input).ToDictionary(StringComparer.Ordinal);
        values = new Dictionary<string, GraphValue>(graph.Values, StringComparer.Ordinal);
        initializers = [.. graph.Initializers];
    }

    internal static Graph Apply(Graph graph) => new SkipSplitting(graph).Apply();

    private Graph Apply()
    {
        var weights = graph.Weights.ToDictionary(
            weight => weight.Weight.Name,
            weight => new List<GraphWeight> { weight },
            StringComparer.Ordinal
        );
        foreach (GraphNode node in graph.Nodes)
        {
            if (SeamOf(node) is { } seam)
                weights[seam.Weight.Weight.Name] = Split(seam);
            else
                nodes.Add(node);
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

    // Where the node's weight is to be cut; null when it does not read a concatenation or is used more than once.
    private Seam? SeamOf(GraphNode node)
    {
        GraphWeight? weight = node.Inputs.Count > 1 ? weightOf.GetValueOrDefault(node.Inputs[1]) : null;
        bool isConv = node.OpType == "Conv";
        return
            weight is null
            || !(isConv || node.OpType == "MatMul")
            || uses[node.Inputs[1]] > 1
            || (isConv && node.Integer("group", 1) != 1)
            || Extents(node, isConv) is not { } extents
            || extents.Sum() != weight.Weight.Shape[1]
            ? null
            : new Seam(node, weight, extents, isConv);
    }

    // Extents of the concatenated streams along the weight's input channels; null when it does not read such a
    // concatenation.
    private long[]? Extents(GraphNode node, bool isConv)
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

    private List<GraphWeight> Split(Seam seam)
    {
        GraphNode maker = makers[seam.Node.Inputs[0]];
        // A norm is computed over all streams together; its result is split afterwards.
        IReadOnlyList<string> streams = maker.OpType == "LayerNormalization" ? CutInput(seam) : maker.Inputs;
        var parts = new List<GraphWeight>();
        string sum = "";
        for (int i = 0; i < seam.Extents.Length; i++)
        {
            GraphWeight part = AddPart(seam, i);
            string product = Multiply(seam, i, streams[i], part);
            sum = i == 0 ? product : Sum(seam, i, sum, product);
            parts.Add(part);
        }
        return parts;
    }

    private string[] CutInput(Seam seam)
    {
        GraphNode node = seam.Node;
        string[] streams =
        [
            .. seam.Extents.Select(
                (_, i) => string.Create(CultureInfo.InvariantCulture, $"{node.Outputs[0]}.stream.{i}")
            ),
        ];
        string sizes = $"{node.Outputs[0]}.seams";
        initializers.Add(
            new Initializer.Inline(
                sizes,
                ElementType.Int64,
                [seam.Extents.Length],
                MemoryMarshal.AsBytes<long>(seam.Extents).ToArray()
            )
        );
        values[sizes] = initializers[^1].Value;
        GraphValue whole = values[node.Inputs[0]];
        for (int i = 0; i < streams.Length; i++)
            values[streams[i]] = new GraphValue(
                streams[i],
                whole.Type,
                [.. whole.Shape.Take(whole.Rank - 1), seam.Extents[i]]
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
        return streams;
    }

    private GraphWeight AddPart(Seam seam, int i)
    {
        (QuantizableWeight whole, Initializer.FromTensor stored) = seam.Weight;
        long start = seam.Extents.Take(i).Sum();
        QuantizableWeight own = whole with
        {
            Name = whole.Name + Suffix(i),
            Shape = [whole.Shape[0], seam.Extents[i], .. whole.Shape.Skip(2)],
            InputStart = start,
        };
        // The first part also gets a new name, because the whole tensor may still be read elsewhere.
        var initializer = new Initializer.FromTensor(
            $"{stored.Name}.part{i}",
            stored.Type,
            seam.IsConv ? own.Shape : [seam.Extents[i], own.Shape[0]],
            stored.TensorName,
            stored.TensorShape,
            stored.Transposed,
            start,
            seam.Extents[i]
        );
        initializers.Add(initializer);
        values[initializer.Name] = initializer.Value;
        return new GraphWeight(own, initializer);
    }

    private string Multiply(Seam seam, int i, string stream, GraphWeight part)
    {
        string product = $"{seam.Node.Outputs[0]}.part{i}";
        // A convolution's bias is added once, with the first part.
        string[] bias = seam.IsConv && i == 0 ? [.. seam.Node.Inputs.Skip(2)] : [];
        nodes.Add(
            seam.Node with
            {
                Name = $"{seam.Node.Name}{Suffix(i)}",
                Inputs = [stream, part.Initializer.Name, .. bias],
                Outputs = [product],
            }
        );
        ShapeAsResult(seam, product);
        return product;
    }

    private string Sum(Seam seam, int i, string sum, string product)
    {
        GraphNode node = seam.Node;
        string total = i == seam.Extents.Length - 1 ? node.Outputs[0] : $"{node.Outputs[0]}.sum{i}";
        nodes.Add(new GraphNode($"{node.Name}.sum{i}", "Add", "", [sum, product], [total], [], node.Scope));
        ShapeAsResult(seam, total);
        return total;
    }

    // A partial product has the type and shape of the result.
    private void ShapeAsResult(Seam seam, string name)
    {
        if (values.TryGetValue(seam.Node.Outputs[0], out GraphValue? result))
            values[name] = result with { Name = name };
    }

    private static string Suffix(int i) => i == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"#{i}");

    // A node, its weight, and the number of input channels of each stream.
    private sealed record Seam(GraphNode Node, GraphWeight Weight, long[] Extents, bool IsConv);
}
