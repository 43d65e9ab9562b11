using Qua2SeDiMo.Graphs;

namespace Qua2SeDiMo.Predictors;

/// <summary>The bridge from the sensitivity graph to what the predictor trains on: indices, codes and edges.</summary>
public static class TopologyBuilder
{
    /// <summary>The topology of a denoiser. Weight i of the topology is weight i of the graph.</summary>
    public static PredictorTopology Build(OperationGraph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        PositionColumn[] columns = [.. graph.Positions.Select(feature => new PositionColumn(feature.Name, feature.Values.Count, -feature.FirstCode))];
        int[] codes = [.. Enumerable.Range(0, graph.Nodes.Count).SelectMany(node => graph.Positions.Select(feature => feature.Codes[node]))];
        return new PredictorTopology([.. graph.Nodes.Select(node => node.Weight)], columns, codes, graph.Edges, graph.HopNodes);
    }

    /// <summary>The scored subgraphs of a denoiser.</summary>
    public static IReadOnlyList<PredictorUnit> Units(OperationGraph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        return
        [
            .. graph.Units.Select(unit => new PredictorUnit(
                graph.UnitName(unit), unit.Kind.ToString(), unit.Hop, unit.Nodes, unit.Edges,
                [.. unit.Nodes.Select(node => graph.Nodes[node].Weight).Where(weight => weight >= 0)])),
        ];
    }
}
