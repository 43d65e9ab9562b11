using System.Globalization;
using System.Runtime.InteropServices;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;

namespace Qua2SeDiMo.Gradients;

/// <summary>
/// A graph for inputs of given extents: knows the shape of every value, and the elements of operands that gradient
/// rules need, such as axes. Those that cannot be inferred from the graph are computed in one forward pass.
/// </summary>
internal sealed class ShapedGraph
{
    // Operands whose elements gradient rules need to build the backward graph, by operator.
    private static readonly Dictionary<string, (int Input, ElementType Type)[]> Parameters = new(StringComparer.Ordinal)
    {
        ["Slice"] = [.. Enumerable.Range(1, 4).Select(input => (input, ElementType.Int64))],
        ["Pad"] = [(1, ElementType.Int64), (3, ElementType.Int64)],
        ["Resize"] = [(1, ElementType.Float32), (2, ElementType.Float32), (3, ElementType.Int64)],
    };

    private readonly Dictionary<string, long[]> integers;
    private readonly Dictionary<string, float[]> singles;

    // Types of values that are missing in Graph.Values.
    private readonly Dictionary<string, ElementType> types = new(StringComparer.Ordinal);
    private readonly HashSet<string> settled;

    private ShapedGraph(
        Graph graph,
        IReadOnlyDictionary<string, GraphValue> values,
        HashSet<string> settled,
        Dictionary<string, long[]> integers,
        Dictionary<string, float[]> singles
    ) => (Graph, Values, this.settled, this.integers, this.singles) = (graph, values, settled, integers, singles);

    /// <summary>The graph, unchanged.</summary>
    public Graph Graph { get; }

    /// <summary>Type and shape of every value; all extents are fixed.</summary>
    public IReadOnlyDictionary<string, GraphValue> Values { get; }

    /// <summary>Determines all shapes for given inputs.</summary>
    /// <param name="graph">Any graph.</param>
    /// <param name="tensors">Its checkpoint.</param>
    /// <param name="inputs">One tensor per input; their shapes are used, and their elements only in the forward
    /// pass.</param>
    /// <param name="weights">Values of the quantizable weights; null reads them from the checkpoint.</param>
    /// <exception cref="InferenceException">An input is missing, or ONNX Runtime failed.</exception>
    public static ShapedGraph Of(
        Graph graph,
        ITensorSource tensors,
        IReadOnlyDictionary<string, TensorValue> inputs,
        WeightBinding? weights = null
    )
    {
        ArgumentNullException.ThrowIfNull(graph);
        var symbols = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (GraphValue input in graph.Inputs)
        {
            TensorValue given =
                inputs.GetValueOrDefault(input.Name)
                ?? throw new InferenceException($"{graph.Name}: the input {input} is missing.");
            foreach ((Dimension extent, long size) in input.Shape.Zip(given.Shape))
            {
                if (!extent.IsFixed)
                    symbols[extent.Symbol!] = size;
            }
        }
        var values = new Dictionary<string, GraphValue>(StringComparer.Ordinal);
        foreach (GraphValue value in graph.Values.Values)
        {
            Dimension[] shape = [.. value.Shape.Select(extent => Bind(extent, symbols))];
            if (shape.All(extent => extent.IsFixed))
                values[value.Name] = value with { Shape = shape };
        }
        foreach (Initializer initializer in graph.Initializers)
            values[initializer.Name] = initializer.Value;
        // Inputs last, because their given shapes take precedence.
        foreach (GraphValue input in graph.Inputs)
            values[input.Name] = input with { Shape = Term.Dimensions(inputs[input.Name].Shape) };
        var shaped = new ShapedGraph(
            graph,
            values,
            Settled(graph),
            new(StringComparer.Ordinal),
            new(StringComparer.Ordinal)
        );
        shaped.AddTypes(values);
        shaped.Ask(tensors, inputs, weights, values);
        return shaped;
    }

    /// <summary>Types and extents of a graph's inputs as text: inputs with equal ones can share what was made for
    /// them.</summary>
    internal static string Extents(Graph graph, IReadOnlyDictionary<string, TensorValue> inputs) =>
        string.Join(
            ' ',
            graph.Inputs.Select(input =>
                inputs.TryGetValue(input.Name, out TensorValue? value) ? $"{input.Name}{value}" : input.Name
            )
        );

    /// <summary>A part of this graph, with the same knowledge of shapes and operands.</summary>
    internal ShapedGraph Part(Graph part) => new(part, Values, settled, integers, singles);

    /// <summary>Integers of an operand that does not depend on the model's inputs, except on their extents.</summary>
    internal long[] Integers(GraphNode node, int input) =>
        integers.TryGetValue(node.Inputs[input], out long[]? known) ? known : throw Unsettled(node, input);

    /// <summary>Single-precision numbers of an operand that does not depend on the model's inputs, except on their
    /// extents.</summary>
    internal float[] Singles(GraphNode node, int input) =>
        singles.TryGetValue(node.Inputs[input], out float[]? known) ? known : throw Unsettled(node, input);

    private GradientException Unsettled(GraphNode node, int input) =>
        new(
            $"{Graph.Name}: node '{node.Name}' ({node.OpType}): "
                + $"its operand '{node.Inputs[input]}' is computed from the model's inputs, and a gradient needs it "
                + $"before. {GradientRules.Instead}"
        );

    private static (int Input, ElementType Type)[] ParametersOf(GraphNode node) =>
        node.Domain.Length > 0 ? []
        : Parameters.TryGetValue(node.OpType, out (int, ElementType)[]? found) ? found
        : node.OpType.StartsWith("Reduce", StringComparison.Ordinal) ? [(1, ElementType.Int64)]
        : [];

    // A symbol such as tokens+77 is a sum.
    private static Dimension Bind(Dimension extent, Dictionary<string, long> symbols)
    {
        if (extent.IsFixed)
            return extent;
        if (symbols.TryGetValue(extent.Symbol!, out long whole))
            return whole;
        long sum = 0;
        foreach (string part in extent.Symbol!.Split('+'))
        {
            if (
                !symbols.TryGetValue(part, out long size)
                && !long.TryParse(part, CultureInfo.InvariantCulture, out size)
            )
                return extent;
            sum += size;
        }
        return sum;
    }

    // Values that depend only on initializers and on extents.
    private static HashSet<string> Settled(Graph graph)
    {
        HashSet<string> settled = [.. graph.Initializers.Select(initializer => initializer.Name)];
        foreach (GraphNode node in graph.Nodes)
        {
            bool isOfExtents = node.Domain.Length == 0 && node.OpType is "Shape" or "Size";
            if (isOfExtents || node.Inputs.All(input => input.Length == 0 || settled.Contains(input)))
                settled.UnionWith(node.Outputs);
        }
        return settled;
    }

    private void AddTypes(Dictionary<string, GraphValue> values)
    {
        foreach (GraphNode node in Graph.Nodes)
        {
            foreach (
                string output in node.Outputs.Where(output => output.Length > 0 && !Graph.Values.ContainsKey(output))
            )
            {
                ElementType first = node
                    .Inputs.Where(input => input.Length > 0)
                    .Select(input => types.GetValueOrDefault(input, TypeIn(values, input)))
                    .FirstOrDefault(type => type.IsFloatingPoint(), ElementType.Float32);
                types[output] = node.OpType == "Cast" ? OnnxTypes.FromOnnx((int)node.Integer("to", 1)) ?? first : first;
            }
        }
    }

    private ElementType TypeIn(Dictionary<string, GraphValue> values, string name) =>
        Graph.Values.TryGetValue(name, out GraphValue? value) || values.TryGetValue(name, out value)
            ? value.Type
            : ElementType.Float32;

    private void Ask(
        ITensorSource tensors,
        IReadOnlyDictionary<string, TensorValue> inputs,
        WeightBinding? weights,
        Dictionary<string, GraphValue> values
    )
    {
        var probe = new GraphBuilder(
            Graph,
            tensors,
            new Dictionary<string, GraphValue>(AllValues(values), StringComparer.Ordinal)
        );
        var shapes = new List<(string Value, string Output)>();
        foreach (
            string name in Graph
                .Nodes.SelectMany(node => node.Outputs)
                .Where(name => name.Length > 0 && !values.ContainsKey(name))
        )
        {
            string output = $"shape-of-{shapes.Count}";
            probe.Output(output, probe.Record("Shape", [Placeholder(name)], ElementType.Int64, ["rank"]));
            shapes.Add((name, output));
        }
        var contents = new List<(string Value, string Output, ElementType Type)>();
        foreach (GraphNode node in Graph.Nodes)
        {
            foreach ((int input, ElementType type) in ParametersOf(node))
            {
                string name = input < node.Inputs.Count ? node.Inputs[input] : "";
                if (
                    name.Length == 0
                    || !settled.Contains(name)
                    || Read(name, type)
                    || contents.Any(known => known.Value == name)
                )
                    continue;
                string output = $"content-of-{contents.Count}";
                probe.Output(
                    output,
                    probe.Record(
                        "Cast",
                        [Placeholder(name)],
                        type,
                        ["count"],
                        new GraphAttribute.Whole("to", OnnxTypes.ToOnnx(type))
                    )
                );
                contents.Add((name, output, type));
            }
        }
        if (shapes.Count + contents.Count == 0)
            return;
        using var model = new InferenceModel(probe.Build(), tensors, weights);
        IReadOnlyDictionary<string, TensorValue> results = model.Run(inputs);
        foreach ((string name, string output) in shapes)
        {
            ElementType type = types.TryGetValue(name, out ElementType known) ? known : TypeIn(values, name);
            values[name] = new GraphValue(name, type, Term.Dimensions(results[output].Integers));
        }
        foreach ((string name, string output, ElementType type) in contents)
        {
            if (type == ElementType.Int64)
                integers[name] = results[output].Integers;
            else
                singles[name] = results[output].Singles;
        }
    }

    // Reads an operand from an inline constant; true when its elements are known.
    private bool Read(string name, ElementType type)
    {
        if (integers.ContainsKey(name) || singles.ContainsKey(name))
            return true;
        if (
            Graph.Initializers.FirstOrDefault(initializer => initializer.Name == name) is not Initializer.Inline inline
            || inline.Type != type
        )
            return false;
        if (type == ElementType.Int64)
            integers[name] = MemoryMarshal.Cast<byte, long>(inline.Data.Span).ToArray();
        else
            singles[name] = MemoryMarshal.Cast<byte, float>(inline.Data.Span).ToArray();
        return true;
    }

    private Dictionary<string, GraphValue> AllValues(Dictionary<string, GraphValue> values)
    {
        var all = new Dictionary<string, GraphValue>(Graph.Values, StringComparer.Ordinal);
        foreach (string name in Graph.Nodes.SelectMany(node => node.Outputs).Where(name => name.Length > 0))
            all.TryAdd(name, Placeholder(name));
        foreach ((string name, GraphValue value) in values)
            all[name] = value;
        return all;
    }

    private static GraphValue Placeholder(string name) => new(name, ElementType.Float32, []);
}
