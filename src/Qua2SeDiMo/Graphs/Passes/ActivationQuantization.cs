using System.Runtime.InteropServices;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Graphs.Passes;

/// <summary>
/// Inserts operators that quantize the inputs of weight operators at run time (method.md, section 3). The range of each
/// row is its minimum and maximum in that run: asymmetric, and zero need not be in the range. A constant row keeps its
/// value. A row is the last axis, or all positions of one channel of a four-axis image.
/// </summary>
/// <remarks>
/// Before: a graph with its quantizable weights listed. After: the same inputs, outputs and weights; each value that is
/// multiplied by weights first passes through fifteen more operators, once for each number of bits, shared by all its
/// weights. Sensitivity graphs are
/// built from the graph before this pass.
/// </remarks>
internal static class ActivationQuantization
{
    private const string Prefix = "activation_quantization";

    /// <summary>Rounds the inputs of all layers.</summary>
    /// <param name="graph">Graph in single precision.</param>
    /// <param name="bits">Bits of one activation, 2 to 8; usually 8 or 6.</param>
    /// <exception cref="ArgumentOutOfRangeException">The bits are not 2 to 8.</exception>
    public static Graph Apply(Graph graph, int bits) => Apply(graph, _ => bits);

    /// <summary>Rounds the inputs of some layers.</summary>
    /// <param name="graph">Graph in single precision.</param>
    /// <param name="bits">Bits of one activation by the name of the weight that it meets, 2 to 8; null leaves
    /// it.</param>
    /// <exception cref="ArgumentOutOfRangeException">Fewer or more bits.</exception>
    public static Graph Apply(Graph graph, Func<string, int?> bits)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(bits);
        Dictionary<string, string> weights = graph.Weights.ToDictionary(
            weight => weight.Initializer.Name,
            weight => weight.Weight.Name,
            StringComparer.Ordinal
        );
        var tape = new Tape(graph);
        foreach (GraphNode node in graph.Nodes)
        {
            int weight = node.Inputs.ToList().FindIndex(weights.ContainsKey);
            // The activation is the operand that is not the weight.
            int? width = weight is 0 or 1 ? bits(weights[node.Inputs[weight]]) : null;
            tape.Add(width is { } known ? Rounded(node, 1 - weight, known) : node);
        }
        return tape.Build();

        GraphNode Rounded(GraphNode node, int operand, int width)
        {
            if (width is < 2 or > 8)
                throw new ArgumentOutOfRangeException(nameof(bits), width, "An activation code has 2 to 8 bits.");
            return Replace(node, operand, tape.Round(node.Inputs[operand], node.Scope, width));
        }
    }

    private static GraphNode Replace(GraphNode node, int operand, string value) =>
        node with
        {
            Inputs = [.. node.Inputs.Select((input, i) => i == operand ? value : input)],
        };

    private sealed class Tape(Graph graph)
    {
        private readonly List<GraphNode> nodes = [];
        private readonly List<Initializer> initializers = [.. graph.Initializers];
        private readonly Dictionary<string, GraphValue> values = graph.Values.ToDictionary();
        private readonly Dictionary<(string Source, int Bits), string> rounded = [];

        internal void Add(GraphNode node) => nodes.Add(node);

        internal string Round(string source, string scope, int bits)
        {
            if (rounded.TryGetValue((source, bits), out string? known))
                return known;
            // The first rounding of a value has the plain names.
            string stem = values.ContainsKey($"{Prefix}/{source}/low") ? $"{source}/{bits} bits" : source;
            GraphValue x = values[source];
            int[] along = ActivationQuantizer.RowAxes(x.Rank);
            GraphValue range = x with
            {
                Shape = [.. x.Shape.Select((extent, i) => along.Contains(i) ? new Dimension(1) : extent)],
            };
            string Node(string step, string opType, GraphValue like, params string[] inputs) =>
                Emit($"{stem}/{step}", opType, scope, like, inputs);
            string axes = Integers([.. along.Select(axis => (long)axis)]);
            string low = Node("low", "ReduceMin", range, source, axes);
            string high = Node("high", "ReduceMax", range, source, axes);
            string last = Number((1 << bits) - 1);
            string step = Node("step", "Div", range, Node("range", "Sub", range, high, low), last);
            string zeroPoint = Node(
                "zero_point",
                "Round",
                range,
                Node("zero", "Div", range, Node("minus_low", "Neg", range, low), step)
            );
            string code = Node(
                "code",
                "Add",
                x,
                Node("steps", "Round", x, Node("scaled", "Div", x, source, step)),
                zeroPoint
            );
            string clamped = Node("clamped", "Clip", x, code, Number(0), last);
            string value = Node("value", "Mul", x, Node("centred", "Sub", x, clamped, zeroPoint), step);
            // A constant row has range 0, hence scale 0, and is left as it is.
            string varies = Node("varies", "Greater", range with { Type = ElementType.Bool }, step, Number(0));
            return rounded[(source, bits)] = Node("rounded", "Where", x, varies, value, source);
        }

        internal Graph Build() =>
            new(graph.Name, graph.Inputs, graph.Outputs, nodes, initializers, graph.Weights, values);

        private string Emit(string name, string opType, string scope, GraphValue like, string[] inputs)
        {
            string output = $"{Prefix}/{name}";
            values.Add(output, like with { Name = output });
            nodes.Add(
                new GraphNode(
                    output,
                    opType,
                    "",
                    inputs,
                    [output],
                    opType.StartsWith("Reduce", StringComparison.Ordinal)
                        ? [new GraphAttribute.Whole("keepdims", 1)]
                        : [],
                    scope
                )
            );
            return output;
        }

        private string Number(float value) =>
            Constant($"{Prefix}/{value}", ElementType.Float32, [], MemoryMarshal.AsBytes<float>([value]).ToArray());

        private string Integers(long[] items) =>
            Constant(
                $"{Prefix}/axes {string.Join(" ", items.Select(item => $"{item}"))}",
                ElementType.Int64,
                [items.Length],
                MemoryMarshal.AsBytes(items.AsSpan()).ToArray()
            );

        private string Constant(string name, ElementType type, long[] shape, byte[] data)
        {
            if (values.ContainsKey(name))
                return name;
            var constant = new Initializer.Inline(name, type, shape, data);
            initializers.Add(constant);
            values.Add(name, constant.Value);
            return name;
        }
    }
}
