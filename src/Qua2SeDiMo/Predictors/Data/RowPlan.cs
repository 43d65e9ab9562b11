namespace Qua2SeDiMo.Predictors.Data;

/// <summary>The distinct rows of all hops over a set of replicas (trials on one structure). It is built once; every
/// batch selects from it.</summary>
internal sealed class RowPlan
{
    private RowPlan(GraphStructure structure, int replicas, RowLevel[] levels, int[] features)
    {
        Structure = structure;
        Replicas = replicas;
        Levels = levels;
        Features = features;
    }

    public GraphStructure Structure { get; }
    public int Replicas { get; }
    public RowLevel[] Levels { get; }

    /// <summary>Row of the feature table for each row of level 0.</summary>
    public int[] Features { get; }

    /// <summary>Finds the distinct rows.</summary>
    /// <param name="structure">Nodes and edges.</param>
    /// <param name="replicas">Number of repetitions of the structure, each with its own features.</param>
    /// <param name="featureRow">Row of the feature table, [node, replica].</param>
    /// <param name="hops">Highest level that is needed.</param>
    public static RowPlan Build(GraphStructure structure, int replicas, ReadOnlySpan<int> featureRow, int hops)
    {
        var levels = new RowLevel[hops + 1];
        var features = new List<int>();
        for (int m = 0; m <= hops; m++)
        {
            var level = new RowLevel
            {
                NodeStart = new int[structure.NodeCount + 1],
                InputStart = new int[structure.NodeCount],
                RowOf = new int[structure.NodeCount * replicas],
            };
            var inputs = new List<int>();
            var known = new Dictionary<long, int>();
            int[] key = new int[replicas];
            for (int v = 0; v < structure.NodeCount; v++)
            {
                level.NodeStart[v] = level.RowCount;
                level.InputStart[v] = inputs.Count;
                if (m == 0)
                    featureRow.Slice(v * replicas, replicas).CopyTo(key);
                else
                    Keys(structure, levels[m - 1], v, replicas, key, known);
                known.Clear();
                for (int b = 0; b < replicas; b++)
                {
                    if (!known.TryGetValue(key[b], out int row))
                    {
                        row = level.RowCount++;
                        known.Add(key[b], row);
                        if (m == 0)
                            features.Add(key[b]);
                        for (int i = structure.InStart[v]; m > 0 && i < structure.InStart[v + 1]; i++)
                        {
                            inputs.Add(levels[m - 1].RowOf[(structure.InNode[i] * replicas) + b]);
                        }
                    }
                    level.RowOf[(v * replicas) + b] = row;
                }
            }
            level.NodeStart[structure.NodeCount] = level.RowCount;
            level.Inputs = [.. inputs];
            level.EdgeCount = inputs.Count;
            levels[m] = level;
        }
        return new RowPlan(structure, replicas, levels, [.. features]);
    }

    // Numbers the distinct combinations of a node's input rows, refining the numbering input by input.
    private static void Keys(
        GraphStructure structure,
        RowLevel below,
        int node,
        int replicas,
        int[] key,
        Dictionary<long, int> known
    )
    {
        for (int i = structure.InStart[node]; i < structure.InStart[node + 1]; i++)
        {
            ReadOnlySpan<int> rows = below.RowOf.AsSpan(structure.InNode[i] * replicas, replicas);
            if (i == structure.InStart[node])
            {
                rows.CopyTo(key);
                continue;
            }
            known.Clear();
            for (int b = 0; b < replicas; b++)
            {
                long pair = ((long)key[b] << 32) | (uint)rows[b];
                if (!known.TryGetValue(pair, out int number))
                    known.Add(pair, number = known.Count);
                key[b] = number;
            }
        }
    }
}
