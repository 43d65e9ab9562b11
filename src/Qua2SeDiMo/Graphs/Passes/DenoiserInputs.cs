using System.Runtime.InteropServices;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Graphs.Passes;

/// <summary>
/// Gives an exported denoiser the timestep input that pipelines provide: single precision, one per row. Before:
/// <c>timestep</c> may be an integer or floating-point number, one per row or one for all rows. After: it is float32
/// [batch]; a model that takes one number for all rows gets that of the first row.
/// </summary>
internal static class DenoiserInputs
{
    private const string Timestep = "timestep";
    private const string Unified = "timestep.unified";

    /// <summary>Applies the pass.</summary>
    public static Graph Unify(Graph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        GraphValue? old = graph.Inputs.FirstOrDefault(input => input.Name == Timestep);
        if (old is null || old.Rank > 1)
            return graph;
        Dimension batch = graph.Inputs.FirstOrDefault(input => input.Rank == 4)?.Shape[0] ?? new Dimension("batch");
        bool isPerRow = old.Rank == 1 && old.Shape[0] == batch;
        if (isPerRow && old.Type == ElementType.Float32)
            return graph;

        var values = new Dictionary<string, GraphValue>(graph.Values, StringComparer.Ordinal);
        var nodes = new List<GraphNode>();
        var constants = new List<Initializer>();
        var given = new GraphValue(Timestep, ElementType.Float32, [batch]);
        values[Timestep] = given;
        string current = Timestep;
        void Step(
            string op,
            string[] inputs,
            ElementType type,
            IReadOnlyList<Dimension> shape,
            params GraphAttribute[] attributes
        )
        {
            string result = $"{Unified}.{op.ToLowerInvariant()}";
            nodes.Add(new GraphNode($"{Unified}/{op}", op, "", inputs, [result], attributes, ""));
            values[result] = new GraphValue(result, type, shape);
            current = result;
        }
        string Whole(string name, long number)
        {
            constants.Add(
                new Initializer.Inline(
                    $"{Unified}.{name}",
                    ElementType.Int64,
                    [1],
                    MemoryMarshal.AsBytes<long>([number]).ToArray()
                )
            );
            values[constants[^1].Name] = constants[^1].Value;
            return constants[^1].Name;
        }
        if (!isPerRow)
            Step("Slice", [current, Whole("zero", 0), Whole("one", 1), $"{Unified}.zero"], ElementType.Float32, [1]);
        if (old.Rank == 0)
            Step("Squeeze", [current, $"{Unified}.zero"], ElementType.Float32, []);
        if (old.Type != ElementType.Float32)
            Step(
                "Cast",
                [current],
                old.Type,
                old.Rank == 0 ? []
                    : isPerRow ? [batch]
                    : [1],
                new GraphAttribute.Whole("to", OnnxTypes.ToOnnx(old.Type))
            );
        nodes.AddRange(
            graph.Nodes.Select(node =>
                node with
                {
                    Inputs = [.. node.Inputs.Select(input => input == Timestep ? current : input)],
                }
            )
        );
        return new Graph(
            graph.Name,
            [.. graph.Inputs.Select(input => input == old ? given : input)],
            graph.Outputs,
            nodes,
            [.. constants, .. graph.Initializers],
            graph.Weights,
            values
        );
    }
}
