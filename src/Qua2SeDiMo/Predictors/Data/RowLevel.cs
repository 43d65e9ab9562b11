namespace Qua2SeDiMo.Predictors.Data;

/// <summary>
/// The distinct embeddings of one hop. A node's m-hop embedding depends only on the options within m edges upstream, so
/// many trials share it; each distinct embedding is one row, which is computed once and counted. Rows of one node are
/// adjacent.
/// </summary>
internal sealed class RowLevel
{
    /// <summary>Number of chunks into which the nodes are cut for threads. It is fixed, so results do not depend on the
    /// number of threads.</summary>
    public const int ChunkCount = 16;

    public int RowCount { get; set; }

    /// <summary>Rows of node v: <c>NodeStart[v]..NodeStart[v + 1]</c>.</summary>
    public int[] NodeStart = [];

    /// <summary>Number of replicas that share each row.</summary>
    public float[] Count = [];

    /// <summary>First entry in <see cref="Inputs"/> of the first row of each node.</summary>
    public int[] InputStart = [];

    /// <summary>Rows of the level below that each row reads, one per input of its node, the node's own row first. Empty
    /// at level 0.</summary>
    public int[] Inputs = [];

    public int EdgeCount { get; set; }

    /// <summary>Row of each node in each replica, [node, replica].</summary>
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
