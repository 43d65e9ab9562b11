namespace Qua2SeDiMo.Predictors.Data;

/// <summary>The rows that some replicas of a plan need, renumbered without gaps. One instance serves many
/// batches.</summary>
internal sealed class RowBatch
{
    private readonly RowPlan? plan;
    private readonly int[][] localOf;
    private readonly int[][] globalOf;

    /// <summary>Wraps existing rows. There are no replicas to pool over, and <see cref="Select"/> cannot be
    /// called.</summary>
    public RowBatch(GraphStructure structure, RowLevel[] levels, int[] features)
    {
        Structure = structure;
        Levels = levels;
        Features = features;
        localOf = globalOf = [];
        foreach (RowLevel level in levels)
            level.Cut(structure.NodeCount);
    }

    /// <summary>An empty batch of a plan.</summary>
    public RowBatch(RowPlan plan)
    {
        this.plan = plan;
        Structure = plan.Structure;
        Levels = new RowLevel[plan.Levels.Length];
        localOf = new int[Levels.Length][];
        globalOf = new int[Levels.Length][];
        for (int m = 0; m < Levels.Length; m++)
        {
            Levels[m] = new RowLevel
            {
                NodeStart = new int[Structure.NodeCount + 1],
                InputStart = new int[Structure.NodeCount],
            };
            localOf[m] = new int[plan.Levels[m].RowCount];
            globalOf[m] = [];
        }
        Features = [];
    }

    public GraphStructure Structure { get; }
    public RowLevel[] Levels { get; }
    public int Replicas { get; private set; }

    /// <summary>Graphs in the batch: replicas times the graphs of the structure.</summary>
    public int GraphCount => Replicas * Structure.GraphCount;

    /// <summary>Row of the feature table for each row of level 0.</summary>
    public int[] Features { get; private set; }

    /// <summary>Fills the batch with the rows of these replicas.</summary>
    public RowBatch Select(ReadOnlySpan<int> replicas, int threads = 1)
    {
        Replicas = replicas.Length;
        int[] chosen = replicas.ToArray();
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = threads };
        Parallel.For(0, Levels.Length, parallel, m => Number(m, chosen));
        Parallel.For(0, Levels.Length, parallel, m => Connect(m));
        return this;
    }

    /// <summary>Fills the batch with the rows of all replicas.</summary>
    public RowBatch SelectAll() => Select([.. Enumerable.Range(0, plan!.Replicas)]);

    private void Number(int m, int[] replicas)
    {
        RowLevel source = plan!.Levels[m],
            level = Levels[m];
        int nodes = Structure.NodeCount,
            most = Math.Min(source.RowCount, nodes * replicas.Length);
        if (level.RowOf.Length < nodes * replicas.Length)
            level.RowOf = new int[nodes * replicas.Length];
        if (globalOf[m].Length < most)
        {
            globalOf[m] = new int[most];
            level.Count = new float[most];
        }
        int[] local = localOf[m],
            global = globalOf[m];
        float[] count = level.Count;
        int rows = 0;
        for (int v = 0; v < nodes; v++)
        {
            level.NodeStart[v] = rows;
            ReadOnlySpan<int> from = source.RowOf.AsSpan(v * plan.Replicas, plan.Replicas);
            Span<int> to = level.RowOf.AsSpan(v * replicas.Length, replicas.Length);
            for (int b = 0; b < to.Length; b++)
            {
                int row = from[replicas[b]],
                    number = local[row];
                // localOf is not cleared between batches: a number is valid only if globalOf maps it back to this row.
                if ((uint)number >= (uint)rows || global[number] != row)
                {
                    number = rows++;
                    local[row] = number;
                    global[number] = row;
                    count[number] = 0;
                }
                count[number]++;
                to[b] = number;
            }
        }
        level.NodeStart[nodes] = rows;
        level.RowCount = rows;
        level.Cut(nodes);
    }

    private void Connect(int m)
    {
        RowLevel source = plan!.Levels[m],
            level = Levels[m];
        int[] global = globalOf[m];
        if (m == 0)
        {
            if (Features.Length < level.RowCount)
                Features = new int[plan!.Levels[0].RowCount];
            for (int row = 0; row < level.RowCount; row++)
                Features[row] = plan.Features[global[row]];
            return;
        }
        if (level.Inputs.Length < source.EdgeCount)
            level.Inputs = new int[source.EdgeCount];
        int[] below = localOf[m - 1],
            inputs = level.Inputs;
        int edges = 0;
        for (int v = 0; v < Structure.NodeCount; v++)
        {
            int degree = Structure.Degree(v),
                first = source.InputStart[v] - (source.NodeStart[v] * degree);
            level.InputStart[v] = edges;
            foreach (int row in global.AsSpan(level.NodeStart[v], level.NodeStart[v + 1] - level.NodeStart[v]))
            {
                foreach (int input in source.Inputs.AsSpan(first + (row * degree), degree))
                    inputs[edges++] = below[input];
            }
        }
        level.EdgeCount = edges;
    }
}
