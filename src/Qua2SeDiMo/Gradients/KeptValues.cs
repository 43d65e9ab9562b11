using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Gradients;

/// <summary>
/// Chooses the results of layers that the forward pass of a part leaves for its reverse pass, which then does not
/// compute them again: those that take the most multiplications per byte. What lies between layers is cheap to compute
/// again and takes most of the memory.
/// </summary>
internal static class KeptValues
{
    /// <summary>Names of the values, of all parts together.</summary>
    /// <param name="parts">Parts with a forward pass.</param>
    /// <param name="limitBytes">Most bytes that the values take.</param>
    internal static IReadOnlySet<string> Of(IEnumerable<CutPart> parts, long limitBytes)
    {
        var kept = new HashSet<string>(StringComparer.Ordinal);
        long free = limitBytes;
        foreach (Candidate candidate in parts.SelectMany(Candidates).OrderByDescending(candidate => candidate.Products))
        {
            if (candidate.Bytes <= free && kept.Add(candidate.Value))
                free -= candidate.Bytes;
        }
        return kept;
    }

    private static IEnumerable<Candidate> Candidates(CutPart part)
    {
        Graph graph = part.Shaped.Graph;
        Dictionary<string, Initializer> initializers = graph.Initializers.ToDictionary(initializer => initializer.Name);
        ILookup<string, GraphNode> readers = graph
            .Nodes.SelectMany(node => node.Inputs.Distinct(), (node, input) => (node, input))
            .ToLookup(pair => pair.input, pair => pair.node);
        foreach (GraphNode node in graph.Nodes)
        {
            if (node.Domain.Length > 0 || node.OpType is not ("MatMul" or "Gemm" or "Conv"))
                continue;
            if (!initializers.TryGetValue(node.Inputs[1], out Initializer? weight))
                continue;
            GraphValue result = part.Shaped.Values[WithBias(node, readers, initializers)];
            if (result.Type == ElementType.Float32 && !part.Outputs.Contains(result.Name))
                yield return new Candidate(result.Name, GraphCut.Bytes(result), Products(node, weight));
        }
    }

    // A bias is added in the same pass as the product; its result stands for both.
    private static string WithBias(
        GraphNode node,
        ILookup<string, GraphNode> readers,
        Dictionary<string, Initializer> initializers
    )
    {
        string product = node.Outputs[0];
        return
            readers[product].Take(2).ToArray() is [{ OpType: "Add", Domain: "" } sum]
            && sum.Inputs.Any(initializers.ContainsKey)
            ? sum.Outputs[0]
            : product;
    }

    // Multiplications for one element of the result.
    private static long Products(GraphNode node, Initializer weight)
    {
        bool isOutputFirst = node.OpType == "Conv" || node.Integer("transB", 0) != 0;
        return weight.ElementCount / Math.Max(1, isOutputFirst ? weight.Shape[0] : weight.Shape[^1]);
    }

    private sealed record Candidate(string Value, long Bytes, long Products);
}
