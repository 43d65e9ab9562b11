namespace Qua2SeDiMo.Predictors.Data;

/// <summary>
/// The distinct embeddings of one hop. A node's m-hop embedding depends only on the options within m steps upstream of
/// it, so in many trials it is the same; each distinct one is a row that is computed once and counted. Rows of one node
/// are neighbours.
/// </summary>
internal sealed class RowLevel
{
    /// <summary>Fixed number of parts into which the nodes are cut for threads; results never depend on how many
    /// threads there are.</summary>
    public const int ChunkCount = 16;

    public int RowCount { get; set; }

    /// <summary>Rows of node v: <c>NodeStart[v]..NodeStart[v + 1]</c>.</summary>
    public int[] NodeStart = [];

    /// <summary>How often each row occurs over the replicas.</summary>
    public float[] Count = [];

    /// <summary>First entry in <see cref="Inputs"/> of the first row of each node.</summary>
    public int[] InputStart = [];

    /// <summary>Rows of the level below that a row reads: as many as its node has inputs, its own node's first. Empty
    /// at level 0.</summary>
    public int[] Inputs = [];

    public int EdgeCount { get; set; }

    /// <summary>[node, replica] row.</summary>
    public int[] RowOf = [];

    /// <summary>First node of each chunk, and the node count at the end.</summary>
    public int[] ChunkStart { get; } = new int[ChunkCount + 1];

    /// <summary>Cuts the nodes into chunks of about equal numbers of rows.</summary>
    public void Cut(int nodeCount)
    {
        int node = 0;
        for (int chunk = 0; chunk < ChunkCount; chunk++)
        {
            ChunkStart[chunk] = node;
            long end = (long)RowCount * (chunk + 1) / ChunkCount;
            while (node < nodeCount && NodeStart[node + 1] <= end)
                node++;
            if (node < nodeCount && chunk + 1 < ChunkCount && end - NodeStart[node] > NodeStart[node + 1] - end)
                node++;
        }
        ChunkStart[ChunkCount] = nodeCount;
    }
}
