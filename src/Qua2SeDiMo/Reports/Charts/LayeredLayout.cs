namespace Qua2SeDiMo.Reports.Charts;

/// <summary>
/// Layout of a directed graph in layers, sources above targets (Sugiyama, Tagawa, Toda, 1981): layers by longest path,
/// order within a layer by the mean position of neighbours, and edges over several layers through dummy nodes. A place
/// is a node or a dummy node; nodes come first.
/// </summary>
internal sealed class LayeredLayout
{
    private const double Gap = 14;
    private const int Sweeps = 8;
    private readonly List<double> widths;
    private readonly List<int> layerOf = [];
    private readonly List<List<int>> above = [];
    private readonly List<List<int>> below = [];
    private List<List<int>> layers = [];
    private double[] x = [];

    /// <param name="widths">Width of each node.</param>
    /// <param name="edges">Source and target of each edge; an edge that closes a cycle is laid out reversed.</param>
    public LayeredLayout(IReadOnlyList<double> widths, IReadOnlyList<(int Source, int Target)> edges)
    {
        this.widths = [.. widths];
        NodeCount = widths.Count;
        Routes = FindLayers(edges);
        OrderLayers();
        PlaceAcross();
    }

    public int NodeCount { get; }

    /// <summary>For each edge, the places it passes through, source and target included.</summary>
    public IReadOnlyList<IReadOnlyList<int>> Routes { get; }

    public int LayerCount => layers.Count;

    public double Width { get; private set; }

    /// <summary>Horizontal centre of a place, from 0 to <see cref="Width"/>.</summary>
    public double X(int place) => x[place];

    /// <summary>Layer of a place, 0 at the top.</summary>
    public int Layer(int place) => layerOf[place];

    private IReadOnlyList<int>[] FindLayers(IReadOnlyList<(int Source, int Target)> edges)
    {
        int[] rank = TopologicalRank(edges);
        (int Source, int Target)[] forward =
        [
            .. edges.Select(edge => rank[edge.Source] < rank[edge.Target] ? edge : (edge.Target, edge.Source)),
        ];
        int[] layer = new int[NodeCount];
        ILookup<int, int> targets = forward.ToLookup(edge => edge.Source, edge => edge.Target);
        foreach (int node in Enumerable.Range(0, NodeCount).OrderBy(node => rank[node]))
        {
            foreach (int target in targets[node])
                layer[target] = Math.Max(layer[target], layer[node] + 1);
        }
        // Moves a node down to just above its first target, unless it has more incoming than outgoing edges.
        ILookup<int, int> sources = forward.ToLookup(edge => edge.Target, edge => edge.Source);
        foreach (int node in Enumerable.Range(0, NodeCount).OrderByDescending(node => rank[node]))
        {
            if (targets[node].Any() && targets[node].Count() >= sources[node].Count())
                layer[node] = targets[node].Min(target => layer[target]) - 1;
        }
        for (int node = 0; node < NodeCount; node++)
            AddPlace(layer[node]);
        return
        [
            .. forward.Select(
                (edge, i) =>
                {
                    int[] route = Route(edge.Source, edge.Target);
                    if (edge != edges[i])
                        Array.Reverse(route);
                    return route;
                }
            ),
        ];
    }

    private int[] Route(int source, int target)
    {
        var route = new List<int> { source };
        for (int layer = layerOf[source] + 1; layer < layerOf[target]; layer++)
        {
            widths.Add(0);
            AddPlace(layer);
            route.Add(layerOf.Count - 1);
        }
        route.Add(target);
        for (int i = 1; i < route.Count; i++)
        {
            below[route[i - 1]].Add(route[i]);
            above[route[i]].Add(route[i - 1]);
        }
        return [.. route];
    }

    private void AddPlace(int layer)
    {
        layerOf.Add(layer);
        above.Add([]);
        below.Add([]);
    }

    // Kahn's order; when only cycles remain, the first remaining node is next.
    private int[] TopologicalRank(IReadOnlyList<(int Source, int Target)> edges)
    {
        int[] waiting = new int[NodeCount];
        foreach ((_, int target) in edges)
            waiting[target]++;
        ILookup<int, int> targets = edges.ToLookup(edge => edge.Source, edge => edge.Target);
        int[] rank = new int[NodeCount];
        Array.Fill(rank, -1);
        var ready = new Queue<int>(Enumerable.Range(0, NodeCount).Where(node => waiting[node] == 0));
        int firstLeft = 0;
        for (int next = 0; next < NodeCount; next++)
        {
            while (ready.Count == 0)
            {
                if (rank[firstLeft] < 0)
                    ready.Enqueue(firstLeft);
                firstLeft++;
            }
            int node = ready.Dequeue();
            rank[node] = next;
            foreach (int target in targets[node])
            {
                if (--waiting[target] == 0 && rank[target] < 0 && !ready.Contains(target))
                    ready.Enqueue(target);
            }
        }
        return rank;
    }

    private void OrderLayers()
    {
        layers = [.. Enumerable.Range(0, layerOf.Count == 0 ? 0 : layerOf.Max() + 1).Select(_ => new List<int>())];
        for (int place = 0; place < layerOf.Count; place++)
            layers[layerOf[place]].Add(place);
        double[] position = new double[layerOf.Count];
        foreach (List<int> layer in layers)
            Number(layer, position);
        for (int sweep = 0; sweep < Sweeps; sweep++)
        {
            bool isDown = sweep % 2 == 0;
            List<List<int>> neighbours = isDown ? above : below;
            for (int i = 0; i < layers.Count; i++)
            {
                int index = isDown ? i : layers.Count - 1 - i;
                layers[index] =
                [
                    .. layers[index]
                        .OrderBy(place =>
                            neighbours[place].Count == 0
                                ? position[place]
                                : neighbours[place].Average(neighbour => position[neighbour])
                        ),
                ];
                Number(layers[index], position);
            }
        }
    }

    // Relative positions, so that layers of different length are comparable.
    private static void Number(List<int> layer, double[] position)
    {
        for (int i = 0; i < layer.Count; i++)
            position[layer[i]] = (i + 0.5) / layer.Count;
    }

    private void PlaceAcross()
    {
        x = new double[layerOf.Count];
        foreach (List<int> layer in layers)
            Spread(layer, _ => 0);
        for (int sweep = 0; sweep < 2 * Sweeps; sweep++)
        {
            bool isDown = sweep % 2 == 0;
            for (int i = 0; i < layers.Count; i++)
            {
                Spread(
                    layers[isDown ? i : layers.Count - 1 - i],
                    place =>
                    {
                        List<int> neighbours =
                            (isDown ? above : below)[place] is { Count: > 0 } near ? near
                            : isDown ? below[place]
                            : above[place];
                        return neighbours.Count == 0 ? x[place] : neighbours.Average(neighbour => x[neighbour]);
                    }
                );
            }
        }
        if (x.Length == 0)
            return;
        double left = Enumerable.Range(0, x.Length).Min(place => x[place] - (widths[place] / 2));
        for (int place = 0; place < x.Length; place++)
            x[place] -= left;
        Width = Enumerable.Range(0, x.Length).Max(place => x[place] + (widths[place] / 2));
    }

    // Takes the wished positions, pushes them apart in order, then shifts the layer by the mean displacement.
    private void Spread(List<int> layer, Func<int, double> wish)
    {
        double[] wished = [.. layer.Select(wish)];
        for (int i = 0; i < layer.Count; i++)
        {
            double earliest =
                i == 0
                    ? double.NegativeInfinity
                    : x[layer[i - 1]] + ((widths[layer[i - 1]] + widths[layer[i]]) / 2) + Gap;
            x[layer[i]] = Math.Max(wished[i], earliest);
        }
        double shift = layer.Select((place, i) => x[place] - wished[i]).DefaultIfEmpty(0).Average();
        foreach (int place in layer)
            x[place] -= shift;
    }
}
