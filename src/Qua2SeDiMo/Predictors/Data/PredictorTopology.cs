namespace Qua2SeDiMo.Predictors.Data;

/// <summary>One positional feature, with a code per node and an embedding table (method.md, section 5).</summary>
/// <param name="Name">For instance <c>stage</c>, <c>block</c>, <c>layer</c>.</param>
/// <param name="Size">Rows of the embedding table.</param>
/// <param name="Shift">Added to a code before the lookup: 1 where −1 means "outside of the blocks".</param>
internal sealed record PositionColumn(string Name, int Size, int Shift);

/// <summary>
/// The denoiser's graph as input of the predictor: nodes in any order, edges in the direction of data flow. Between
/// trials only the options of weight nodes change.
/// </summary>
internal sealed class PredictorTopology
{
    /// <summary>Number of hops, the encoder's 0-hop embedding included.</summary>
    public const int HopCount = 5;

    /// <summary>Checks the parts and keeps them.</summary>
    /// <param name="weightOfNode">Index of each node's weight, from 0; −1 for a combine node.</param>
    /// <param name="positions">The positional features.</param>
    /// <param name="positionCodes">[node, position] codes, row-major.</param>
    /// <param name="edges">Source and target node of each edge; self-loops are added by the network.</param>
    /// <param name="hopNodes">Per hop 0 … 4 the nodes whose mean is the graph embedding; null means all nodes.</param>
    /// <exception cref="PredictorFormatException">An index or a code is out of range, or a weight has no node or
    /// two.</exception>
    public PredictorTopology(
        IReadOnlyList<int> weightOfNode,
        IReadOnlyList<PositionColumn> positions,
        IReadOnlyList<int> positionCodes,
        IReadOnlyList<(int Source, int Target)> edges,
        IReadOnlyList<IReadOnlyList<int>?> hopNodes
    )
    {
        ArgumentNullException.ThrowIfNull(weightOfNode);
        ArgumentNullException.ThrowIfNull(positions);
        ArgumentNullException.ThrowIfNull(positionCodes);
        ArgumentNullException.ThrowIfNull(edges);
        ArgumentNullException.ThrowIfNull(hopNodes);
        WeightOfNode = weightOfNode;
        Positions = positions;
        PositionCodes = positionCodes;
        Edges = edges;
        HopNodes = hopNodes;
        WeightCount = weightOfNode.Count == 0 ? 0 : Math.Max(0, weightOfNode.Max() + 1);
        NodeOfWeight = new int[WeightCount];
        Array.Fill((int[])NodeOfWeight, -1);
        for (int v = 0; v < weightOfNode.Count; v++)
        {
            if (weightOfNode[v] < 0)
                continue;
            if (NodeOfWeight[weightOfNode[v]] >= 0)
                throw new PredictorFormatException(
                    $"Nodes {NodeOfWeight[weightOfNode[v]]} and {v} claim weight {weightOfNode[v]}."
                );
            ((int[])NodeOfWeight)[weightOfNode[v]] = v;
        }
        int missing = Array.IndexOf((int[])NodeOfWeight, -1);
        if (missing >= 0)
            throw new PredictorFormatException($"No node carries weight {missing} of {WeightCount}.");
        Validate();
    }

    /// <summary>Number of nodes.</summary>
    public int NodeCount => WeightOfNode.Count;

    /// <summary>Number of weights that have an option.</summary>
    public int WeightCount { get; }

    /// <summary>Weight of each node, −1 for combine nodes.</summary>
    public IReadOnlyList<int> WeightOfNode { get; }

    /// <summary>Node of each weight; the inverse of <see cref="WeightOfNode"/>.</summary>
    public IReadOnlyList<int> NodeOfWeight { get; }

    /// <summary>The positional features.</summary>
    public IReadOnlyList<PositionColumn> Positions { get; }

    /// <summary>Codes of the positional features, [node, position], row-major.</summary>
    public IReadOnlyList<int> PositionCodes { get; }

    /// <summary>Source and target node of each edge.</summary>
    public IReadOnlyList<(int Source, int Target)> Edges { get; }

    /// <summary>Nodes averaged at each hop; null means all.</summary>
    public IReadOnlyList<IReadOnlyList<int>?> HopNodes { get; }

    private void Validate()
    {
        if (PositionCodes.Count != NodeCount * Positions.Count)
        {
            throw new PredictorFormatException(
                $"{NodeCount} nodes with {Positions.Count} positions need {NodeCount * Positions.Count} codes, not {PositionCodes.Count}."
            );
        }
        for (int i = 0; i < PositionCodes.Count; i++)
        {
            PositionColumn column = Positions[i % Positions.Count];
            int row = PositionCodes[i] + column.Shift;
            if (row < 0 || row >= column.Size)
            {
                throw new PredictorFormatException(
                    $"Node {i / Positions.Count} has {column.Name} code {PositionCodes[i]}; expected "
                        + $"{-column.Shift} to {column.Size - 1 - column.Shift}."
                );
            }
        }
        foreach ((int source, int target) in Edges)
        {
            if ((uint)source >= (uint)NodeCount || (uint)target >= (uint)NodeCount)
            {
                throw new PredictorFormatException($"Edge {source} → {target} leaves the {NodeCount} nodes.");
            }
        }
        if (HopNodes.Count != HopCount)
            throw new PredictorFormatException($"{HopNodes.Count} hop lists were given; {HopCount} are needed.");
        for (int m = 0; m < HopCount; m++)
        {
            if (HopNodes[m] is not { } nodes)
                continue;
            if (nodes.Count == 0)
                throw new PredictorFormatException($"Hop {m} lists no nodes; give null to average all.");
            if (nodes.Any(v => (uint)v >= (uint)NodeCount))
                throw new PredictorFormatException($"Hop {m} lists a node outside of the {NodeCount} nodes.");
        }
    }
}
