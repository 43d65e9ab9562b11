using System.Globalization;
using System.Runtime.InteropServices;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Numerics;

namespace Qua2SeDiMo.Inference;

/// <summary>
/// Finds the origin of NaN or infinity in one call of a model: an input or a weight that contains some, else the first
/// value of the graph from which it spreads to an output. Takes the time of several calls, but runs only after a call
/// with non-finite results.
/// </summary>
/// <param name="graph">The graph that ran.</param>
/// <param name="tensors">The checkpoint.</param>
/// <param name="weights">Current values of the quantizable weights; null for the checkpoint's.</param>
/// <param name="options">Settings of sessions.</param>
internal sealed class NonFiniteSearch(
    Graph graph,
    ITensorSource tensors,
    WeightBinding? weights,
    InferenceOptions options
)
{
    private const int ChunkElements = 1 << 22;
    private const string Probe = "finite-probe";

    /// <summary>Describes the first tensor that is not finite, as the end of a sentence.</summary>
    /// <param name="inputs">Inputs of the call.</param>
    internal string Find(IReadOnlyDictionary<string, TensorValue> inputs)
    {
        string? given = graph
            .Inputs.Where(input => input.Type == ElementType.Float32)
            .Select(input => input.Name)
            .FirstOrDefault(name => Count(inputs[name].Singles).Any);
        if (given is not null)
            return $"the input '{given}', {inputs[given]}: {Count(inputs[given].Singles)}";
        if (FirstBadWeight() is { } weight)
            return weight;
        try
        {
            return FirstBadValue(inputs) is { } found
                ? Describe(found.Node, found.Value, inputs)
                : Unknown("inner values were finite when the call was repeated");
        }
        catch (InferenceException error)
        {
            return Unknown($"inner values could not be looked at: {error.Message}");
        }
    }

    private static string Unknown(string why) => $"among its outputs; inputs and weights are finite, and {why}";

    private string Describe(GraphNode node, string value, IReadOnlyDictionary<string, TensorValue> inputs)
    {
        using var model = new InferenceModel(graph.WithOutputs(value), tensors, weights, options);
        TensorValue content = model.Run(inputs)[value];
        string place = node.Scope.Length > 0 ? $"'{node.Scope}' ({node.OpType})" : $"'{node.Name}' ({node.OpType})";
        return $"the output of {place}, {content}: {Count(content.Singles)}; all weights are finite, so numbers grew too large there, "
            + "or were divided by nothing";
    }

    // Checks the weights in the order in which the graph reads them.
    private string? FirstBadWeight()
    {
        Dictionary<string, Initializer.FromTensor> unseen = graph
            .Initializers.OfType<Initializer.FromTensor>()
            .Where(initializer => initializer.Type == ElementType.Float32)
            .ToDictionary(initializer => initializer.Name, StringComparer.Ordinal);
        Dictionary<string, string> bound = weights is null
            ? []
            : graph.Weights.ToDictionary(
                weight => weight.Initializer.Name,
                weight => weight.Weight.Name,
                StringComparer.Ordinal
            );
        foreach (string input in graph.Nodes.SelectMany(node => node.Inputs))
        {
            if (!unseen.Remove(input, out Initializer.FromTensor? initializer))
                continue;
            NonFiniteCount count = bound.TryGetValue(input, out string? name)
                ? Count(weights!.Current(name).Value.GetTensorDataAsSpan<float>())
                : CountStored(initializer.TensorName);
            if (count.Any)
                return $"the weight '{name ?? initializer.TensorName}': {count}; {Advice(initializer.TensorName, name)}";
        }
        return null;
    }

    private string Advice(string tensor, string? boundName) =>
        boundName is not null && !CountStored(tensor).Any
            ? "the checkpoint's own values are finite, those under this allocation are not"
            : "the checkpoint is damaged, its training diverged, or it was rounded to a type whose range ends below its values";

    private NonFiniteCount CountStored(string tensor)
    {
        long length = tensors.Tensors[tensor].ElementCount;
        float[] chunk = new float[Math.Min(ChunkElements, length)];
        var count = new NonFiniteCount(0, 0, 0);
        for (long start = 0; start < length; start += chunk.Length)
        {
            Span<float> part = chunk.AsSpan(0, (int)Math.Min(chunk.Length, length - start));
            tensors.ReadSingle(tensor, start, part);
            count += Count(part);
        }
        return count;
    }

    // Repeats the call with one more output per inner value: the sum of the value times zero, which is zero or NaN. So
    // inner values need not be kept until the end. An infinite value that does not spread to an output, such as an
    // attention mask, is not reported.
    private (GraphNode Node, string Value)? FirstBadValue(IReadOnlyDictionary<string, TensorValue> inputs)
    {
        string[] probed =
        [
            .. graph
                .Nodes.SelectMany(node => node.Outputs)
                .Where(output => output.Length > 0 && graph.Values[output].Type == ElementType.Float32),
        ];
        using var model = new InferenceModel(WithProbes(probed), tensors, weights, options);
        IReadOnlyDictionary<string, TensorValue> sums = model.Run(inputs);
        HashSet<string> bad = [.. probed.Where((_, i) => !float.IsFinite(sums[NameOf(i)].Singles[0]))];
        HashSet<string> spreading = [.. graph.Outputs.Select(output => output.Name).Where(bad.Contains)];
        foreach (GraphNode node in graph.Nodes.Reverse())
        {
            if (node.Outputs.Any(spreading.Contains))
                spreading.UnionWith(node.Inputs.Where(bad.Contains));
        }
        return graph
            .Nodes.SelectMany(node => node.Outputs, (node, output) => (Node: node, Value: output))
            .Where(pair => spreading.Contains(pair.Value))
            .Select(pair => ((GraphNode, string)?)pair)
            .FirstOrDefault();
    }

    private Graph WithProbes(string[] probed)
    {
        var zero = new Initializer.Inline(Probe, ElementType.Float32, [], MemoryMarshal.AsBytes<float>([0f]).ToArray());
        var values = new Dictionary<string, GraphValue>(graph.Values, StringComparer.Ordinal) { [Probe] = zero.Value };
        var nodes = new List<GraphNode>();
        var sums = new List<GraphValue>();
        // The runtime orders nodes without readers from the last one backwards. Listed in reverse, each probe runs as
        // soon as its value exists.
        for (int i = probed.Length - 1; i >= 0; i--)
        {
            string product = $"{NameOf(i)}.product";
            values[product] = graph.Values[probed[i]] with { Name = product };
            values[NameOf(i)] = new GraphValue(NameOf(i), ElementType.Float32, []);
            sums.Add(values[NameOf(i)]);
            nodes.Add(new GraphNode(product, "Mul", "", [probed[i], Probe], [product], [], ""));
            nodes.Add(
                new GraphNode(
                    NameOf(i),
                    "ReduceSum",
                    "",
                    [product],
                    [NameOf(i)],
                    [new GraphAttribute.Whole("keepdims", 0)],
                    ""
                )
            );
        }
        return new Graph(
            graph.Name,
            graph.Inputs,
            sums,
            [.. graph.Nodes, .. nodes],
            [.. graph.Initializers, zero],
            graph.Weights,
            values
        );
    }

    private static string NameOf(int probe) => string.Create(CultureInfo.InvariantCulture, $"{Probe}.{probe}");

    private static NonFiniteCount Count(ReadOnlySpan<float> values)
    {
        if (FiniteNumbers.All(values))
            return new NonFiniteCount(values.Length, 0, 0);
        long nan = 0,
            infinite = 0;
        foreach (float value in values)
        {
            if (float.IsNaN(value))
                nan++;
            else if (float.IsInfinity(value))
                infinite++;
        }
        return new NonFiniteCount(values.Length, nan, infinite);
    }

    private readonly record struct NonFiniteCount(long Total, long NaN, long Infinite)
    {
        internal bool Any => NaN + Infinite > 0;

        public static NonFiniteCount operator +(NonFiniteCount left, NonFiniteCount right) =>
            new(left.Total + right.Total, left.NaN + right.NaN, left.Infinite + right.Infinite);

        public override string ToString()
        {
            string kinds =
                NaN == 0 ? "infinite"
                : Infinite == 0 ? "NaN"
                : FormattableString.Invariant($"NaN or infinite ({NaN:#,0} and {Infinite:#,0})");
            string verb = NaN + Infinite == 1 ? "is" : "are";
            return FormattableString.Invariant($"{NaN + Infinite:#,0} of {Total:#,0} values {verb} {kinds}");
        }
    }
}
