namespace Qua2SeDiMo.Predictors.Data;

/// <summary>
/// Edges in both directions, self-loops included, and the nodes whose mean is the graph embedding of each hop. Several
/// graphs can be joined into one structure, so that graphs of different shapes form one batch.
/// </summary>
internal sealed class GraphStructure
{
    /// <summary>Joins graphs: the nodes of each graph keep their order and follow those of the graph before.</summary>
    /// <param name="graphs">Per graph: node count, edges, and per hop the nodes to average (null: all nodes).</param>
    public GraphStructure(
        IReadOnlyList<(
            int NodeCount,
            IReadOnlyList<(int Source, int Target)> Edges,
            IReadOnlyList<IReadOnlyList<int>?> HopNodes
        )> graphs
    )
    {
        NodeCount = graphs.Sum(graph => graph.NodeCount);
        GraphCount = graphs.Count;
        GraphOfNode = new int[NodeCount];
        Pool = new int[PredictorTopology.HopCount][][];
        PoolShare = new float[PredictorTopology.HopCount][];
        for (int m = 0; m < PredictorTopology.HopCount; m++)
        {
            Pool[m] = new int[GraphCount][];
            PoolShare[m] = new float[NodeCount];
        }
        var inputs = new List<(int Node, int Source)>();
        int first = 0;
        for (int g = 0; g < graphs.Count; g++)
        {
            int offset = first;
            foreach ((int source, int target) in graphs[g].Edges)
            {
                if (source != target)
                    inputs.Add((offset + target, offset + source));
            }
            for (int m = 0; m < PredictorTopology.HopCount; m++)
            {
                IReadOnlyList<int> chosen = graphs[g].HopNodes[m] ?? [.. Enumerable.Range(0, graphs[g].NodeCount)];
                Pool[m][g] = [.. chosen.Select(v => v + offset)];
                foreach (int v in Pool[m][g])
                    PoolShare[m][v] += 1f / chosen.Count;
            }
            Array.Fill(GraphOfNode, g, offset, graphs[g].NodeCount);
            first += graphs[g].NodeCount;
        }
        (InStart, InNode) = Inward(inputs);
        (OutStart, OutNode, OutSlot) = Outward();
    }

    /// <summary>A structure of one graph.</summary>
    public GraphStructure(PredictorTopology topology)
        : this([(topology.NodeCount, topology.Edges, topology.HopNodes)]) { }

    public int NodeCount { get; }
    public int GraphCount { get; }
    public int[] GraphOfNode { get; }

    /// <summary>Nodes to average, [hop][graph].</summary>
    public int[][][] Pool { get; }

    /// <summary>Weight of each node in the mean of its graph, [hop][node]; 0 for a node that is not averaged.</summary>
    public float[][] PoolShare { get; }

    /// <summary>Inputs of node v: <c>InNode[InStart[v]..InStart[v + 1]]</c>, the node itself first.</summary>
    public int[] InStart { get; }
    public int[] InNode { get; }

    /// <summary>Readers of node v, <c>OutNode[OutStart[v]..OutStart[v + 1]]</c>, v itself among them; <c>OutSlot</c> is
    /// the index of v among the inputs of that reader.</summary>
    public int[] OutStart { get; }
    public int[] OutNode { get; }
    public int[] OutSlot { get; }

    /// <summary>Number of inputs of a node, itself included.</summary>
    public int Degree(int node) => InStart[node + 1] - InStart[node];

    private (int[] Start, int[] Node) Inward(List<(int Node, int Source)> inputs)
    {
        int[] start = new int[NodeCount + 1];
        foreach ((int node, _) in inputs)
            start[node + 1]++;
        for (int v = 0; v < NodeCount; v++)
            start[v + 1] += start[v] + 1;
        int[] nodes = new int[start[NodeCount]];
        int[] filled = new int[NodeCount];
        for (int v = 0; v < NodeCount; v++)
            nodes[start[v]] = v;
        foreach ((int node, int source) in inputs)
            nodes[start[node] + ++filled[node]] = source;
        return (start, nodes);
    }

    private (int[] Start, int[] Node, int[] Slot) Outward()
    {
        int[] start = new int[NodeCount + 1];
        foreach (int source in InNode)
            start[source + 1]++;
        for (int v = 0; v < NodeCount; v++)
            start[v + 1] += start[v];
        int[] nodes = new int[InNode.Length],
            slots = new int[InNode.Length],
            filled = new int[NodeCount];
        for (int v = 0; v < NodeCount; v++)
        {
            for (int i = InStart[v]; i < InStart[v + 1]; i++)
            {
                int at = start[InNode[i]] + filled[InNode[i]]++;
                nodes[at] = v;
                slots[at] = i - InStart[v];
            }
        }
        return (start, nodes, slots);
    }
}
