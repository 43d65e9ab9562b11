using System.Globalization;
using System.Text;

namespace Qua2SeDiMo.Reports.Charts;

/// <summary>Writes a graph in the DOT language, one cluster per block, for Graphviz and other viewers.</summary>
internal static class DotText
{
    // The same fill colours as k0 … k7 of chart.css.
    private static readonly string[] Fills =
    [
        "#77aadd",
        "#dddddd",
        "#eedd88",
        "#ee8866",
        "#44bb99",
        "#bbcc33",
        "#ffaabb",
        "#99ddff",
    ];

    /// <summary>The graph as DOT text; equal graphs give equal text.</summary>
    public static string Write(DirectedGraphData graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        var text = new StringBuilder();
        text.Append("digraph ")
            .Append(Quote(graph.Title))
            .Append(" {\n  node [shape=box, style=filled, fontname=\"sans-serif\"];\n");
        string[] kinds = [.. graph.Kinds];
        int cluster = 0;
        foreach (
            IGrouping<string, int> block in Enumerable.Range(0, graph.Nodes.Count).GroupBy(i => graph.Nodes[i].Block)
        )
        {
            string indent = "  ";
            if (block.Key.Length > 0)
            {
                text.Append(CultureInfo.InvariantCulture, $"  subgraph cluster_{cluster++} {{\n    label=")
                    .Append(Quote(block.Key))
                    .Append(";\n");
                indent = "    ";
            }
            foreach (int i in block)
            {
                DirectedGraphNode node = graph.Nodes[i];
                text.Append(indent)
                    .Append(CultureInfo.InvariantCulture, $"n{i}")
                    .Append(" [label=")
                    .Append(Quote(node.Label))
                    .Append(", tooltip=")
                    .Append(Quote($"{node.Name} ({node.Kind})"))
                    .Append(", fillcolor=\"")
                    .Append(Fills[Array.IndexOf(kinds, node.Kind) % Fills.Length])
                    .Append("\"];\n");
            }
            if (block.Key.Length > 0)
                text.Append("  }\n");
        }
        foreach ((int source, int target) in graph.Edges)
            text.Append(CultureInfo.InvariantCulture, $"  n{source} -> n{target}").Append(";\n");
        return text.Append("}\n").ToString();
    }

    private static string Quote(string text) =>
        "\""
        + text.Replace("\\", "\\\\", StringComparison.Ordinal)
            .Replace("\"", "\\\"", StringComparison.Ordinal)
            .Replace("\n", "\\n", StringComparison.Ordinal)
        + "\"";
}
