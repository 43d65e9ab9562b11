using Qua2SeDiMo.Predictors.Data;

namespace Qua2SeDiMo.Predictors.Network;

/// <summary>
/// All option combinations of a unit as rows. The m-hop embedding of a node depends only on the weights within m edges
/// upstream, so a level holds one row per combination of those weights, and only for nodes that the last node needs.
/// The result equals that of a graph per combination.
/// </summary>
internal sealed class UnitRows
{
    // Per level and node: the weights (numbers inside the unit, ascending) that its embedding depends on; null where
    // the embedding is not needed.
    private readonly int[]?[][] depends;

    /// <summary>Creates the rows.</summary>
    /// <param name="weightOfNode">Per node of the unit, in node order, the number of its weight inside the unit; −1 for
    /// combine nodes.</param>
    /// <param name="edges">Edges between nodes of the unit.</param>
    /// <param name="hop">Hop whose embedding of the last node is scored.</param>
    /// <param name="optionCount">Number of options of every weight.</param>
    public UnitRows(
        IReadOnlyList<int> weightOfNode,
        IReadOnlyList<(int Source, int Target)> edges,
        int hop,
        int optionCount
    )
    {
        int nodes = weightOfNode.Count;
        OptionCount = optionCount;
        WeightOfNode = weightOfNode;
        Hop = hop;
        Structure = new GraphStructure([(nodes, edges, new IReadOnlyList<int>?[PredictorTopology.HopCount])]);
        WeightCount = weightOfNode.Count(weight => weight >= 0);
        depends = Dependencies(hop);
        Levels = new RowLevel[hop + 1];
        for (int m = 0; m <= hop; m++)
            Levels[m] = Level(m);
        int[] all = [.. Enumerable.Range(0, WeightCount)],
            own = depends[hop][nodes - 1]!;
        LastRows =
        [
            .. Enumerable
                .Range(0, CombinationCount)
                .Select(combination => Levels[hop].NodeStart[nodes - 1] + Project(combination, all, own)),
        ];
    }

    public GraphStructure Structure { get; }
    public RowLevel[] Levels { get; }
    public IReadOnlyList<int> WeightOfNode { get; }
    public int WeightCount { get; }
    public int OptionCount { get; }
    public int Hop { get; }

    /// <summary>Row of the last node for each combination. A combination's options are its digits, the first weight the
    /// most significant.</summary>
    public IReadOnlyList<int> LastRows { get; }

    /// <summary>Number of combinations: options ^ weights.</summary>
    public int CombinationCount => Power(WeightCount);

    /// <summary>Feature-table rows of level 0, given the first table row of each node.</summary>
    public int[] Features(IReadOnlyList<int> firstRowOfNode)
    {
        int[] rows = new int[Levels[0].RowCount];
        for (int v = 0; v < WeightOfNode.Count; v++)
        {
            for (int row = Levels[0].NodeStart[v]; row < Levels[0].NodeStart[v + 1]; row++)
            {
                rows[row] = firstRowOfNode[v] + row - Levels[0].NodeStart[v];
            }
        }
        return rows;
    }

    private int[]?[][] Dependencies(int hop)
    {
        int nodes = WeightOfNode.Count;
        var needed = new bool[hop + 1][];
        for (int m = hop; m >= 0; m--)
        {
            needed[m] = new bool[nodes];
            if (m == hop)
                needed[m][nodes - 1] = true;
            for (int v = 0; m < hop && v < nodes; v++)
            {
                if (!needed[m + 1][v])
                    continue;
                for (int i = Structure.InStart[v]; i < Structure.InStart[v + 1]; i++)
                    needed[m][Structure.InNode[i]] = true;
            }
        }
        int[]?[][] result = new int[]?[hop + 1][];
        for (int m = 0; m <= hop; m++)
        {
            result[m] = new int[]?[nodes];
            for (int v = 0; v < nodes; v++)
            {
                if (!needed[m][v])
                    continue;
                result[m][v] =
                    m == 0
                        ? (WeightOfNode[v] >= 0 ? [WeightOfNode[v]] : [])
                        :
                        [
                            .. Structure
                                .InNode[Structure.InStart[v]..Structure.InStart[v + 1]]
                                .SelectMany(u => result[m - 1][u]!)
                                .Distinct()
                                .Order(),
                        ];
            }
        }
        return result;
    }

    private RowLevel Level(int m)
    {
        int nodes = WeightOfNode.Count;
        var level = new RowLevel { NodeStart = new int[nodes + 1], InputStart = new int[nodes] };
        var inputs = new List<int>();
        for (int v = 0; v < nodes; v++)
        {
            level.NodeStart[v] = level.RowCount;
            level.InputStart[v] = inputs.Count;
            if (depends[m][v] is not { } own)
                continue;
            int rows = Power(own.Length);
            for (int combination = 0; m > 0 && combination < rows; combination++)
            {
                for (int i = Structure.InStart[v]; i < Structure.InStart[v + 1]; i++)
                {
                    int u = Structure.InNode[i];
                    inputs.Add(Levels[m - 1].NodeStart[u] + Project(combination, own, depends[m - 1][u]!));
                }
            }
            level.RowCount += rows;
        }
        level.NodeStart[nodes] = level.RowCount;
        level.Inputs = [.. inputs];
        level.EdgeCount = inputs.Count;
        level.Count = Enumerable.Repeat(1f, level.RowCount).ToArray();
        return level;
    }

    // Projects a combination of the weights in 'from' to the weights in 'to' (a subset); the first weight is the most
    // significant digit.
    private int Project(int combination, int[] from, int[] to)
    {
        int result = 0,
            place = 1,
            t = to.Length - 1;
        for (int f = from.Length - 1; f >= 0 && t >= 0; f--, combination /= OptionCount)
        {
            if (from[f] != to[t])
                continue;
            result += combination % OptionCount * place;
            place *= OptionCount;
            t--;
        }
        return result;
    }

    private int Power(int exponent)
    {
        int result = 1;
        for (int i = 0; i < exponent; i++)
            result = checked(result * OptionCount);
        return result;
    }
}
