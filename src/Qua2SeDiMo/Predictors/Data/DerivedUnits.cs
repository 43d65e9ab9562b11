namespace Qua2SeDiMo.Predictors.Data;

/// <summary>
/// Derives units from the edges of a graph that lists none. A weight's path is followed downstream while the node has a
/// single reader in the same block that is a weight or a join of such paths only. The weights whose paths end at the
/// same last weight form a unit: an attention block gives q, k, v and out; a feed-forward block gives its two weights;
/// a residual sum ends a unit.
/// </summary>
internal sealed class DerivedUnits
{
    /// <summary>Largest number of option combinations of a unit; a unit with more is not scored.</summary>
    internal const int MaxCombinations = 300_000;

    private const int MaxWeights = 6;

    private readonly PredictorTopology topology;
    private readonly List<int>[] inputs,
        readers;

    // Positional features whose values identify a block.
    private readonly int[] columns;

    private DerivedUnits(PredictorTopology topology)
    {
        this.topology = topology;
        inputs = [.. Enumerable.Range(0, topology.NodeCount).Select(_ => new List<int>())];
        readers = [.. Enumerable.Range(0, topology.NodeCount).Select(_ => new List<int>())];
        foreach ((int source, int target) in topology.Edges)
        {
            inputs[target].Add(source);
            readers[source].Add(target);
        }
        columns =
        [
            .. Enumerable
                .Range(0, topology.Positions.Count)
                .Where(p => topology.Positions[p].Name is "stage" or "block" or "inner_block" or "transformer"),
        ];
    }

    /// <summary>Finds the units, ordered by the node of their last weight.</summary>
    /// <param name="topology">The graph. Nodes are of the same block when their positional features <c>stage</c>,
    /// <c>block</c>, <c>inner_block</c> and <c>transformer</c>, as far as there are any, are equal.</param>
    /// <param name="names">Name of each weight.</param>
    /// <param name="types">Operator type of each node, empty for combine nodes.</param>
    public static IReadOnlyList<PredictorUnit> Find(
        PredictorTopology topology,
        IReadOnlyList<string> names,
        IReadOnlyList<string> types
    )
    {
        var graph = new DerivedUnits(topology);
        return
        [
            .. graph
                .WeightsByEnd()
                .Select(unit => graph.Unit(unit.Value, unit.Key, names, types))
                .OfType<PredictorUnit>(),
        ];
    }

    // Key: the last weight on the path downstream; value: all weights whose path ends there, that weight included.
    private SortedDictionary<int, List<int>> WeightsByEnd()
    {
        var members = new SortedDictionary<int, List<int>>();
        for (int v = 0; v < topology.NodeCount; v++)
        {
            if (!IsWeight(v))
                continue;
            int end = v,
                last = v;
            while (Next(end) is >= 0 and int next)
            {
                end = next;
                if (IsWeight(end))
                    last = end;
            }
            if (!members.TryGetValue(last, out List<int>? list))
                members.Add(last, list = []);
            list.Add(v);
        }
        return members;
    }

    // Null when the unit has too few or too many weights, or is deeper than the predictor's hops.
    private PredictorUnit? Unit(List<int> weights, int end, IReadOnlyList<string> names, IReadOnlyList<string> types)
    {
        int[] nodes = Between(weights, end);
        int depth = nodes.Max(node => Distance(node, end));
        if (weights.Count is < 2 or > MaxWeights || depth is 0 or >= PredictorTopology.HopCount)
            return null;
        int[] own = [.. nodes.Select(v => topology.WeightOfNode[v]).Where(w => w >= 0)];
        return new PredictorUnit(
            UnitName([.. own.Select(w => names[w])]),
            string.Join('+', own.Select(w => types[topology.NodeOfWeight[w]])),
            depth,
            nodes,
            InnerEdges(topology, nodes),
            own
        );
    }

    private bool IsWeight(int v) => topology.WeightOfNode[v] >= 0;

    private bool SameBlock(int a, int b) =>
        columns.All(p =>
            topology.PositionCodes[(a * topology.Positions.Count) + p]
            == topology.PositionCodes[(b * topology.Positions.Count) + p]
        );

    // The only reader of the node if that belongs to the same unit; otherwise -1.
    private int Next(int v) =>
        readers[v] is [int reader] && SameBlock(reader, v) && (IsWeight(reader) || Joins(reader)) ? reader : -1;

    private bool Joins(int v) =>
        !IsWeight(v)
        && inputs[v]
            .TrueForAll(input => readers[input].Count == 1 && SameBlock(input, v) && (IsWeight(input) || Joins(input)));

    // The weights and the joins on their paths to the end, in graph order, with the end last.
    private int[] Between(List<int> weights, int end)
    {
        var found = new SortedSet<int>();
        foreach (int weight in weights)
            for (int v = weight; v != end; v = Next(v))
                found.Add(v);
        found.Remove(end);
        return [.. found, end];
    }

    private int Distance(int node, int end)
    {
        int steps = 0;
        for (int v = node; v != end; v = Next(v))
            steps++;
        return steps;
    }

    /// <summary>Edges of a graph among some of its nodes, as positions in the given list.</summary>
    internal static (int Source, int Target)[] InnerEdges(PredictorTopology topology, IReadOnlyList<int> nodes)
    {
        var place = new Dictionary<int, int>();
        for (int i = 0; i < nodes.Count; i++)
            place[nodes[i]] = i;
        return
        [
            .. topology
                .Edges.Where(edge => place.ContainsKey(edge.Source) && place.ContainsKey(edge.Target))
                .Select(edge => (place[edge.Source], place[edge.Target])),
        ];
    }

    // For example, block00.q and block00.k give block00.{q, k}.
    private static string UnitName(string[] names)
    {
        string[][] parts = [.. names.Select(name => name.Split('.'))];
        int shared = 0;
        while (parts.All(part => part.Length > shared + 1 && part[shared] == parts[0][shared]))
            shared++;
        string prefix = string.Join('.', parts[0].Take(shared));
        IEnumerable<string> own = parts.Select(part => string.Join('.', part.Skip(shared)));
        return $"{prefix}{(prefix.Length > 0 ? "." : "")}{{{string.Join(", ", own)}}}";
    }
}
