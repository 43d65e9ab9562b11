using System.Runtime.Intrinsics;
using Qua2SeDiMo.Predictors.Data;

namespace Qua2SeDiMo.Predictors.Network;

/// <summary>Graph embedding of a hop: the mean over the chosen nodes of each graph (method.md, section 6), forward and
/// backward.</summary>
internal static unsafe class NodeSelection
{
    /// <summary>Computes the embedding of every graph of some replicas.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="hop">0 … 4.</param>
    /// <param name="first">First replica.</param>
    /// <param name="end">Replica after the last.</param>
    /// <param name="rows">Node embeddings of the hop, [row, channel].</param>
    /// <param name="stride">Floats between two rows and two embeddings.</param>
    /// <param name="embedding">Graph embeddings, [replica · graphs + graph, channel].</param>
    public static void Forward(RowBatch batch, int hop, int first, int end, float* rows, int stride, float* embedding)
    {
        GraphStructure structure = batch.Structure;
        int graphs = structure.GraphCount;
        new Span<float>(embedding + ((long)first * graphs * stride), (end - first) * graphs * stride).Clear();
        for (int g = 0; g < graphs; g++)
        {
            int[] chosen = structure.Pool[hop][g];
            // Nodes in the outer loop, because the rows of a node are adjacent in memory and those of a replica are
            // not.
            foreach (int v in chosen)
            {
                ReadOnlySpan<int> rowOf = batch.Levels[hop].RowOf.AsSpan(v * batch.Replicas, batch.Replicas);
                for (int replica = first; replica < end; replica++)
                {
                    float* sum = embedding + (((long)replica * graphs) + g) * stride;
                    float* row = rows + ((long)rowOf[replica] * stride);
                    for (int j = 0; j < stride; j += 16)
                        (Vector512.Load(sum + j) + Vector512.Load(row + j)).Store(sum + j);
                }
            }
            Vector512<float> share = Vector512.Create(1f / chosen.Length);
            for (int replica = first; replica < end; replica++)
            {
                float* sum = embedding + (((long)replica * graphs) + g) * stride;
                for (int j = 0; j < stride; j += 16)
                    (Vector512.Load(sum + j) * share).Store(sum + j);
            }
        }
    }

    /// <summary>Adds the gradient of the graph embeddings to the rows of one node.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="hop">0 … 4.</param>
    /// <param name="node">Index of the node.</param>
    /// <param name="embeddingGradient">Gradient of the graph embeddings, [replica · graphs + graph, channel].</param>
    /// <param name="stride">Floats between two rows.</param>
    /// <param name="rowGradient">Gradient of the node embeddings, [row, channel]; added to.</param>
    public static void Backward(
        RowBatch batch,
        int hop,
        int node,
        float* embeddingGradient,
        int stride,
        float* rowGradient
    )
    {
        float share = batch.Structure.PoolShare[hop][node];
        if (share == 0)
            return;
        Vector512<float> times = Vector512.Create(share);
        int graphs = batch.Structure.GraphCount,
            graph = batch.Structure.GraphOfNode[node];
        ReadOnlySpan<int> rowOf = batch.Levels[hop].RowOf.AsSpan(node * batch.Replicas, batch.Replicas);
        for (int b = 0; b < rowOf.Length; b++)
        {
            float* from = embeddingGradient + (((long)b * graphs) + graph) * stride;
            float* to = rowGradient + ((long)rowOf[b] * stride);
            for (int j = 0; j < stride; j += 16)
            {
                Vector512.FusedMultiplyAdd(times, Vector512.Load(from + j), Vector512.Load(to + j)).Store(to + j);
            }
        }
    }
}
