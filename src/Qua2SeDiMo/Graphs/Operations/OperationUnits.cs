using Qua2SeDiMo.Graphs.Ir;

namespace Qua2SeDiMo.Graphs.Operations;

/// <summary>
/// Finds the scored subgraphs by structure. A unit is its last node and every node from which that is reached within m
/// edges; rules choose last nodes and depths (docs/dag.md lists them with reasons).
/// </summary>
internal sealed class OperationUnits
{
    // 6 options each: a unit of 6 weights has 46 656 scores, one of 7 would have 280 000.
    private const int LargestUnit = 6;

    private readonly OperationGraph graph;
    private readonly List<int>[] inputs;
    private readonly List<int>[] readers;
    private readonly List<OperationUnit> units = [];
    private readonly HashSet<int> covered = [];
    private readonly HashSet<int> attended = [];
    private readonly SortedSet<int>[] ends =
    [
        .. Enumerable.Range(0, OperationGraph.HopCount).Select(_ => new SortedSet<int>()),
    ];

    private OperationUnits(OperationGraph graph)
    {
        this.graph = graph;
        inputs = [.. graph.Nodes.Select(_ => new List<int>())];
        readers = [.. graph.Nodes.Select(_ => new List<int>())];
        foreach ((int source, int target) in graph.Edges)
        {
            inputs[target].Add(source);
            readers[source].Add(target);
        }
    }

    internal static (IReadOnlyList<OperationUnit> Units, IReadOnlyList<IReadOnlyList<int>?> HopNodes) Find(
        OperationGraph graph
    )
    {
        var finder = new OperationUnits(graph);
        finder.FindAttention();
        finder.FindBranches();
        finder.FindOutside();
        for (int i = 0; i < graph.Nodes.Count; i++)
        {
            if (finder.IsWeight(i) && !finder.covered.Contains(i))
                finder.Add(OperationUnitKind.Single, i, 0);
        }
        return ([.. finder.units.OrderBy(unit => unit.Last)], finder.HopNodes());
    }

    // Hop 0 averages the weights, hop m the last nodes of chains of depth m; null (all nodes) when there are fewer than
    // two.
    private IReadOnlyList<int>?[] HopNodes()
    {
        int[] weights = [.. Enumerable.Range(0, graph.Nodes.Count).Where(IsWeight)];
        return [weights, .. ends.Skip(1).Select(nodes => nodes.Count < 2 ? null : (IReadOnlyList<int>)[.. nodes])];
    }

    private void FindAttention()
    {
        for (int i = 0; i < graph.Nodes.Count; i++)
        {
            if (graph.Nodes[i].Kind != OperationKind.AttentionValue)
                continue;
            int scores = inputs[i].Find(input => graph.Nodes[input].Kind == OperationKind.QueryKey);
            int output = readers[i].FindIndex(reader => IsWeight(reader) && SameBlock(reader, i)) is >= 0 and int at
                ? readers[i][at]
                : -1;
            if (output < 0 || graph.Nodes[scores].Kind != OperationKind.QueryKey)
                continue;
            bool isSelf =
                inputs[scores].Count == 1
                || inputs[scores]
                    .Select(node => inputs[node])
                    .Aggregate((IEnumerable<int>)inputs[inputs[scores][0]], (shared, next) => shared.Intersect(next))
                    .Any();
            int depth = isSelf && HasOwnCondition(scores) ? 4 : 3;
            int[] whole = Upstream(output, depth);
            bool fits = whole.Count(IsWeight) <= LargestUnit;
            // A cross-attention whose 3 hops reach a projection shared by all blocks is scored in halves.
            if (fits && (isSelf || whole.Where(IsWeight).All(node => SameBlock(node, output))))
            {
                Add(isSelf ? OperationUnitKind.SelfAttention : OperationUnitKind.CrossAttention, output, depth);
            }
            else
            {
                Add(OperationUnitKind.QueryKey, scores, 1);
                Add(OperationUnitKind.ValueOutput, output, 2);
            }
        }
    }

    // Whether q reads a stream that a weight of the same block modulates: the unit is one hop deeper to include that
    // weight.
    private bool HasOwnCondition(int scores) =>
        inputs[scores]
            .SelectMany(node => inputs[node])
            .Any(stream =>
                graph.Nodes[stream].Kind is OperationKind.Modulation or OperationKind.ConditionedNorm
                && inputs[stream].Any(condition => IsWeight(condition) && SameBlock(condition, stream))
            );

    // Within a block: follows each weight that no attention covers to its only reader, as long as the reader is a
    // weight or joins only such branches.
    private void FindBranches()
    {
        attended.UnionWith(covered);
        var groups = new SortedDictionary<int, List<int>>();
        for (int i = 0; i < graph.Nodes.Count; i++)
        {
            if (!IsWeight(i) || IsOutside(i) || attended.Contains(i))
                continue;
            int end = i;
            while (Next(end) is >= 0 and int next)
                end = next;
            if (!groups.TryGetValue(end, out List<int>? members))
                groups.Add(end, members = []);
            members.Add(i);
        }
        foreach ((int end, List<int> members) in groups)
        {
            int depth = members.Max(member => Distance(member, end));
            if (depth == 0 || depth >= OperationGraph.HopCount)
                continue;
            bool branches = members.Count > depth + 1 || !IsWeight(end);
            bool convolves = members.Exists(member =>
                graph.Weights[graph.Nodes[member].Weight].Operator != WeightOperator.Linear
            );
            bool isOneTensor =
                members.Select(member => graph.Weights[graph.Nodes[member].Weight].TensorName).Distinct().Count() == 1;
            Add(
                branches && isOneTensor ? OperationUnitKind.SkipJoin
                    : branches && convolves ? OperationUnitKind.ResnetBlock
                    : OperationUnitKind.FeedForward,
                end,
                depth
            );
            foreach (int member in members.Where(member => member != end))
            {
                int inner = members.Where(other => Distance(other, member) >= 0).Max(other => Distance(other, member));
                if (inner > 0)
                    ends[inner].Add(member);
            }
        }
    }

    private int Next(int node)
    {
        if (readers[node] is not [int reader] || !SameBlock(reader, node) || attended.Contains(reader))
            return -1;
        return IsWeight(reader) || JoinsBranches(reader) ? reader : -1;
    }

    private bool JoinsBranches(int node) =>
        graph.Nodes[node].Kind is OperationKind.Add or OperationKind.Product
        && inputs[node]
            .All(input =>
                readers[input].Count == 1
                && SameBlock(input, node)
                && (IsWeight(input) ? !attended.Contains(input) : JoinsBranches(input))
            );

    // Number of edges from a member of a branch to a node downstream; −1 when it does not lead there.
    private int Distance(int from, int to)
    {
        int steps = 0;
        for (int at = from; at != to; steps++)
        {
            at = Next(at);
            if (at < 0)
                return -1;
        }
        return steps;
    }

    // Outside of the blocks: nodes that feed the blocks are embedders, the rest is the head. Each connected piece is
    // scored at its last nodes.
    private void FindOutside()
    {
        bool[] feedsBlock = Spread(inputs, node => !IsOutside(node));
        bool[] readsBlock = Spread(readers, node => !IsOutside(node));
        foreach (bool isHead in (ReadOnlySpan<bool>)[false, true])
        {
            bool InRegion(int node) => IsOutside(node) && isHead == !(feedsBlock[node] && !readsBlock[node]);
            for (int end = 0; end < graph.Nodes.Count; end++)
            {
                if (!InRegion(end) || readers[end].Any(InRegion))
                    continue;
                int depth = Math.Clamp(Longest(end, InRegion), 0, OperationGraph.HopCount - 1);
                OperationUnitKind kind = isHead ? OperationUnitKind.Head : OperationUnitKind.Embedder;
                if (Upstream(end, depth).Count(IsWeight) > LargestUnit)
                    AddChains(kind, [.. Upstream(end, depth).Where(node => IsWeight(node) && InRegion(node))]);
                else if (depth > 0 || (IsWeight(end) && !covered.Contains(end)))
                    Add(kind, end, depth);
            }
        }
    }

    // A piece that is too large is cut into chains of weights, each read only by the next.
    private void AddChains(OperationUnitKind kind, int[] weights)
    {
        var depths = new SortedDictionary<int, int>();
        foreach (int weight in weights)
        {
            (int end, int steps) = (weight, 0);
            for (; readers[end] is [int reader] && weights.Contains(reader); steps++)
                end = reader;
            depths[end] = Math.Max(depths.GetValueOrDefault(end), steps);
        }
        foreach ((int end, int depth) in depths)
            Add(kind, end, Math.Min(depth, OperationGraph.HopCount - 1));
    }

    // Number of edges of the longest path from a weight of the region to the node; 0 when the node itself is its only
    // weight.
    private int Longest(int node, Func<int, bool> inRegion)
    {
        int longest = IsWeight(node) ? 0 : int.MinValue;
        foreach (int input in inputs[node].Where(input => input < node && inRegion(input)))
            longest = Math.Max(longest, Longest(input, inRegion) + 1);
        return longest;
    }

    private static bool[] Spread(List<int>[] along, Func<int, bool> starts)
    {
        bool[] reached = new bool[along.Length];
        var open = new Stack<int>(Enumerable.Range(0, along.Length).Where(starts));
        while (open.TryPop(out int at))
        {
            foreach (int next in along[at])
            {
                if (reached[next])
                    continue;
                reached[next] = true;
                open.Push(next);
            }
        }
        return reached;
    }

    private void Add(OperationUnitKind kind, int last, int hop)
    {
        int[] nodes = Upstream(last, hop);
        var place = new Dictionary<int, int>();
        for (int i = 0; i < nodes.Length; i++)
            place[nodes[i]] = i;
        (int, int)[] edges =
        [
            .. nodes.SelectMany(target =>
                inputs[target].Where(place.ContainsKey).Select(source => (place[source], place[target]))
            ),
        ];
        units.Add(new OperationUnit(kind, hop, nodes, edges));
        covered.UnionWith(nodes.Where(IsWeight));
        if (hop > 0)
            ends[hop].Add(last);
    }

    // All nodes within the given number of edges upstream of a node, in graph order, and the node itself last.
    private int[] Upstream(int last, int hops)
    {
        var found = new HashSet<int> { last };
        int[] border = [last];
        for (int hop = 0; hop < hops; hop++)
            border = [.. border.SelectMany(node => inputs[node]).Where(found.Add)];
        return [.. found.Where(node => node != last).Order(), last];
    }

    private bool IsWeight(int node) => graph.Nodes[node].Kind == OperationKind.Weight;

    private bool IsOutside(int node) => graph.Nodes[node].Position.Block < 0;

    private bool SameBlock(int a, int b) =>
        graph.Nodes[a].Position is var left
        && graph.Nodes[b].Position is var right
        && left.Block >= 0
        && left.Block == right.Block
        && left.Stage == right.Stage
        && left.Transformer == right.Transformer;
}
