using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Graphs.Operations;

namespace Qua2SeDiMo.Graphs.Passes;

/// <summary>
/// Ties embedders that are repeated in every block. Released checkpoints of DiT store a copy of the timestep embedder
/// in each block; every copy is stored and counts in sizes, and all take the options of the first (method.md, section
/// 2). Before: each weight has its own option. After: weights of one layer type and shape that depend only on inputs of
/// one number per sample (a timestep, a class) and are read only by weights are tied to the first of them.
/// </summary>
internal static class RepeatedEmbedders
{
    internal static Graph Tie(Graph graph)
    {
        if (graph.Weights.Count == 0)
            return graph;
        OperationGraph dag = OperationGraphBuilder.Build(graph);
        HashSet<string> scalarFed = ScalarFed(graph);
        var inputs = dag.Edges.ToLookup(edge => edge.Target, edge => edge.Source);
        var readers = dag.Edges.ToLookup(edge => edge.Source, edge => edge.Target);
        bool[] isEmbedder = new bool[dag.Nodes.Count];
        for (int i = 0; i < isEmbedder.Length; i++)
        {
            OperationNode node = dag.Nodes[i];
            isEmbedder[i] =
                node.Kind == OperationKind.Weight
                && node.Position.Block >= 0
                && scalarFed.Contains(node.Name)
                && inputs[i].All(source => isEmbedder[source] && SameBlock(node, dag.Nodes[source]))
                && readers[i].Any()
                && readers[i].All(reader => dag.Nodes[reader].Kind == OperationKind.Weight);
        }
        var leaderOf = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (
            var group in Enumerable
                .Range(0, isEmbedder.Length)
                .Where(i => isEmbedder[i])
                .Select(i => dag.Nodes[i])
                .GroupBy(node => (node.Position.LayerType, string.Join(',', dag.Weights[node.Weight].Shape)))
        )
        {
            foreach (OperationNode follower in group.Skip(1))
                leaderOf[follower.Name] = group.First().Name;
        }
        if (leaderOf.Count == 0)
            return graph;
        GraphWeight[] weights =
        [
            .. graph.Weights.Select(weight =>
                leaderOf.TryGetValue(weight.Weight.Name, out string? leader)
                    ? weight with
                    {
                        Weight = weight.Weight with { TiedTo = leader },
                    }
                    : weight
            ),
        ];
        return new Graph(
            graph.Name,
            graph.Inputs,
            graph.Outputs,
            graph.Nodes,
            graph.Initializers,
            weights,
            graph.Values
        );
    }

    private static bool SameBlock(OperationNode a, OperationNode b) =>
        a.Position.Block == b.Position.Block && a.Position.Stage == b.Position.Stage;

    // Weights whose input depends only on graph inputs of rank 0 or 1: one number per sample.
    private static HashSet<string> ScalarFed(Graph graph)
    {
        var weightOf = graph.Weights.ToDictionary(
            weight => weight.Initializer.Name,
            weight => weight.Weight.Name,
            StringComparer.Ordinal
        );
        HashSet<string> constant = [.. graph.Initializers.Select(initializer => initializer.Name)];
        HashSet<string> scalar = [.. graph.Inputs.Where(input => input.Rank <= 1).Select(input => input.Name)];
        var result = new HashSet<string>(StringComparer.Ordinal);
        foreach (GraphNode node in graph.Nodes)
        {
            string[] read = [.. node.Inputs.Where(input => input.Length > 0 && !constant.Contains(input))];
            bool isScalar = read.All(scalar.Contains);
            (
                read.Length == 0 ? constant
                : isScalar ? scalar
                : []
            ).UnionWith(node.Outputs);
            if (read.Length > 0 && isScalar)
                result.UnionWith(node.Inputs.Where(weightOf.ContainsKey).Select(input => weightOf[input]));
        }
        return result;
    }
}
