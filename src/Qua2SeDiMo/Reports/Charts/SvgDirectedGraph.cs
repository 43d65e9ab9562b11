using System.Text;

namespace Qua2SeDiMo.Reports.Charts;

/// <summary>
/// Draws <see cref="DirectedGraphData"/> as one panel per block. A node of another block is repeated with a dashed
/// outline where it is used, so that no edge crosses panels and each block can be read alone. A node that other blocks
/// use is marked with a small triangle.
/// </summary>
internal static class SvgDirectedGraph
{
    private const double LayerHeight = 36;
    private const double NodeHeight = 20;
    private const double Padding = 14;
    private const double TitleHeight = 24;
    private const double PanelGap = 16;
    private const double HeaderHeight = 64;

    /// <summary>Draws the graph as a complete SVG file.</summary>
    public static string Draw(DirectedGraphData graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        Panel[] panels =
        [
            .. Enumerable
                .Range(0, graph.Nodes.Count)
                .GroupBy(i => graph.Nodes[i].Block)
                .Select(block => Panel.Of(graph, block.Key, [.. block])),
        ];
        // Rows are about as wide as 1.5 × the height of the drawing, but no narrower than the widest panel.
        double area = panels.Sum(panel => (panel.Width + PanelGap) * (panel.Height + PanelGap));
        double limit = Math.Max(
            Math.Max(620, Math.Sqrt(area * 1.5)),
            panels.Select(panel => panel.Width).DefaultIfEmpty(0).Max()
        );
        var places = new (double X, double Y)[panels.Length];
        (double x, double y, double rowHeight, double width) = (0, 0, 0, 0);
        for (int i = 0; i < panels.Length; i++)
        {
            if (x > 0 && x + panels[i].Width > limit)
                (x, y, rowHeight) = (0, y + rowHeight + PanelGap, 0);
            places[i] = (x + PanelGap, y + HeaderHeight);
            x += panels[i].Width + PanelGap;
            width = Math.Max(width, x);
            rowHeight = Math.Max(rowHeight, panels[i].Height);
        }
        var svg = new SvgDocument(
            "graph",
            Math.Max(width, 600) + PanelGap,
            y + rowHeight + HeaderHeight + PanelGap,
            graph.Title,
            $"{graph.Nodes.Count} nodes in {panels.Length} panels, {graph.Edges.Count} edges, data flow "
                + "downwards; dashed nodes stand for nodes of other panels."
        );
        DrawHeader(svg, graph);
        HashSet<int> exported =
        [
            .. graph
                .Edges.Where(edge => graph.Nodes[edge.Source].Block != graph.Nodes[edge.Target].Block)
                .Select(edge => edge.Source),
        ];
        for (int i = 0; i < panels.Length; i++)
            DrawPanel(svg, graph, panels[i], places[i].X, places[i].Y, exported);
        return svg.ToFile();
    }

    private static void DrawHeader(SvgDocument svg, DirectedGraphData graph)
    {
        svg.Text(PanelGap, 22, graph.Title, "strong");
        svg.Text(
            PanelGap + 14 + SvgDocument.TextWidth(graph.Title, 13),
            22,
            $"{graph.Nodes.Count} nodes, {graph.Edges.Count} edges",
            "muted"
        );
        double x = PanelGap;
        for (int i = 0; i < graph.Kinds.Count; i++)
        {
            string kind = graph.Kinds[i];
            svg.Add(
                $"<rect x=\"{x}\" y=\"36\" width=\"12\" height=\"12\" rx=\"3\" class=\"node {KindClass(graph, kind)}\"/>"
            );
            svg.Text(x + 17, 46, kind, "small");
            x += 30 + SvgDocument.TextWidth(kind, 10.5);
        }
        svg.Add($"<rect x=\"{x}\" y=\"36\" width=\"12\" height=\"12\" rx=\"3\" class=\"ghost\"/>");
        svg.Text(x + 17, 46, "from another block     ▸ used by another block", "small");
    }

    private static void DrawPanel(
        SvgDocument svg,
        DirectedGraphData graph,
        Panel panel,
        double left,
        double top,
        HashSet<int> exported
    )
    {
        svg.Add(
            $"<rect x=\"{left}\" y=\"{top}\" width=\"{panel.Width}\" height=\"{panel.Height}\" rx=\"8\" class=\"panel\"/>"
        );
        svg.Text(left + Padding, top + 18, panel.Block.Length == 0 ? "outside the blocks" : panel.Block, "strong");
        double offset = left + ((panel.Width - panel.Layout.Width) / 2);
        double X(int place) => offset + panel.Layout.X(place);
        double Y(int place) =>
            top + TitleHeight + Padding + (LayerHeight * panel.Layout.Layer(place)) + (NodeHeight / 2);
        foreach (IReadOnlyList<int> route in panel.Layout.Routes)
        {
            var path = new StringBuilder();
            for (int i = 1; i < route.Count; i++)
            {
                // Curves leave and arrive vertically; they start and end at the borders of nodes and pass through the
                // dummy nodes.
                double fromY = Y(route[i - 1]) + (i == 1 ? NodeHeight / 2 : 0);
                double toY = Y(route[i]) - (i == route.Count - 1 ? NodeHeight / 2 : 0);
                double middle = (fromY + toY) / 2;
                if (i == 1)
                    path.Append(Markup.Of($"M{X(route[0])} {fromY}").Text);
                path.Append(Markup.Of($"C{X(route[i - 1])} {middle} {X(route[i])} {middle} {X(route[i])} {toY}").Text);
            }
            svg.Path(path.ToString(), "edge");
        }
        for (int i = 0; i < panel.Members.Count; i++)
            DrawNode(svg, graph, panel, i, X(i), Y(i), exported);
    }

    private static void DrawNode(
        SvgDocument svg,
        DirectedGraphData graph,
        Panel panel,
        int place,
        double x,
        double y,
        HashSet<int> exported
    )
    {
        DirectedGraphNode node = graph.Nodes[panel.Members[place]];
        bool isGhost = node.Block != panel.Block;
        double width = Panel.NodeWidth(panel.Label(graph, place));
        string shape = isGhost ? "ghost" : $"node {KindClass(graph, node.Kind)}";
        svg.Add(
            $"<rect x=\"{x - (width / 2)}\" y=\"{y - (NodeHeight / 2)}\" width=\"{width}\" "
                + $"height=\"{NodeHeight}\" rx=\"4\" class=\"{shape}\"><title>{node.Name} ({node.Kind})</title></rect>"
        );
        svg.Text(x, y + 4, panel.Label(graph, place), isGhost ? "middle small italic muted" : "on-node");
        if (!isGhost && exported.Contains(panel.Members[place]))
            svg.Text(x + (width / 2) + 1, y + 4, "▸", "small muted");
    }

    private static string KindClass(DirectedGraphData graph, string kind)
    {
        int index = 0;
        while (graph.Kinds[index] != kind)
            index++;
        return $"k{index % 8}";
    }

    /// <summary>Panel of a block: its nodes, then the nodes of other blocks that it reads, repeated for each layer that
    /// reads them.</summary>
    private sealed record Panel(
        string Block,
        IReadOnlyList<int> Members,
        LayeredLayout Layout,
        double Width,
        double Height
    )
    {
        public static Panel Of(DirectedGraphData graph, string block, IReadOnlyList<int> own)
        {
            var members = new List<int>(own);
            var index = own.Select((node, i) => (node, i)).ToDictionary(pair => pair.node, pair => pair.i);
            (int Source, int Target)[] read = [.. graph.Edges.Where(edge => graph.Nodes[edge.Target].Block == block)];
            List<(int, int)> edges =
            [
                .. read.Where(edge => index.ContainsKey(edge.Source))
                    .Select(edge => (index[edge.Source], index[edge.Target])),
            ];
            var alone = new LayeredLayout([.. own.Select(_ => 0.0)], edges);
            var ghosts = new Dictionary<(int Source, int Layer), int>();
            foreach ((int source, int target) in read.Where(edge => !index.ContainsKey(edge.Source)))
            {
                var key = (source, alone.Layer(index[target]));
                if (!ghosts.TryGetValue(key, out int place))
                {
                    ghosts[key] = place = members.Count;
                    members.Add(source);
                }
                edges.Add((place, index[target]));
            }
            var layout = new LayeredLayout([.. members.Select(node => NodeWidth(LabelOf(graph, node, block)))], edges);
            double width =
                Math.Max(layout.Width, SvgDocument.TextWidth(block.Length == 0 ? "outside the blocks" : block))
                + (2 * Padding);
            return new Panel(
                block,
                members,
                layout,
                width,
                TitleHeight + (2 * Padding) + (LayerHeight * (layout.LayerCount - 1)) + NodeHeight
            );
        }

        public static double NodeWidth(string label) => SvgDocument.TextWidth(label, 10.5) + 14;

        public string Label(DirectedGraphData graph, int place) => LabelOf(graph, Members[place], Block);

        private static string LabelOf(DirectedGraphData graph, int node, string block) =>
            graph.Nodes[node].Block == block || graph.Nodes[node].Block.Length == 0
                ? graph.Nodes[node].Label
                : $"{graph.Nodes[node].Block}: {graph.Nodes[node].Label}";
    }
}
