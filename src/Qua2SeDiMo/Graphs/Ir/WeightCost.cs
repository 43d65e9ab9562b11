using System.Globalization;

namespace Qua2SeDiMo.Graphs.Ir;

/// <summary>Counts multiply-accumulates of the operators with quantizable weights.</summary>
internal static class WeightCost
{
    /// <summary>Multiply-accumulates by weight name for one image and one run of the graph.</summary>
    /// <param name="graph">The denoiser, at the size of interest.</param>
    /// <param name="tokens">Extent of the named dimension <c>tokens</c>, the number of text tokens; <c>batch</c> and
    /// other names count as 1.</param>
    public static IReadOnlyDictionary<string, long> MultiplyAccumulates(Graph graph, int tokens)
    {
        ArgumentNullException.ThrowIfNull(graph);
        Dictionary<string, QuantizableWeight> byInput = graph.Weights.ToDictionary(
            weight => weight.Initializer.Name,
            weight => weight.Weight
        );
        var result = graph.Weights.ToDictionary(weight => weight.Weight.Name, _ => 0L);
        // The batch extent is that of the latents; 1 when it is not fixed.
        GraphValue? latents = graph.Inputs.FirstOrDefault(input =>
            input is { Rank: >= 3, Name: "sample" or "hidden_states" }
        );
        long batch = latents is not null && latents.Shape[0].IsFixed ? latents.Shape[0].Size : 1;
        foreach (GraphNode node in graph.Nodes)
        {
            // A weight counts at each use.
            foreach (QuantizableWeight weight in node.Inputs.Where(byInput.ContainsKey).Select(input => byInput[input]))
            {
                if (!graph.Values.TryGetValue(node.Outputs[0], out GraphValue? output))
                    continue;
                long outputs = output.Shape.Aggregate(1L, (product, extent) => product * Extent(extent, tokens));
                // In an export for a fixed batch, shapes hold all its rows; divide to get one image.
                bool holdsBatch =
                    batch > 1 && output.Rank > 0 && output.Shape[0].IsFixed && output.Shape[0].Size % batch == 0;
                result[weight.Name] += (holdsBatch ? outputs / batch : outputs) * weight.RowLength;
            }
        }
        return result;
    }

    private static long Extent(Dimension dimension, int tokens)
    {
        if (dimension.IsFixed)
            return dimension.Size;
        return dimension.Symbol == "batch"
            ? 1
            : dimension
                .Symbol!.Split('+')
                .Sum(part =>
                    long.TryParse(part, CultureInfo.InvariantCulture, out long size) ? size
                    : part == "tokens" ? tokens
                    : 1
                );
    }
}
