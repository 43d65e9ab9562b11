using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Qua2SeDiMo.Graphs;

/// <summary>Size and error of a weight under one option, as <c>dag.json</c> states them.</summary>
/// <param name="Option">For instance <c>uaq-4</c>.</param>
/// <param name="OriginalBytes">Bytes of the weight before quantization.</param>
/// <param name="QuantizedBytes">Bytes under the option, tables included.</param>
/// <param name="Error">Mean |w − ŵ|^2.4 per weight.</param>
public sealed record DagOption(string Option, long OriginalBytes, long QuantizedBytes, double Error);

/// <summary>Writes a sensitivity graph for programs (<c>dag.json</c>, docs/formats.md) and for Graphviz.</summary>
public static class DagText
{
    private static readonly Dictionary<OperationKind, string> Colours = new()
    {
        [OperationKind.Weight] = "#cfe3f7",
        [OperationKind.Add] = "#e3e3e3",
        [OperationKind.QueryKey] = "#fbd9a6",
        [OperationKind.AttentionValue] = "#f9c07a",
        [OperationKind.Modulation] = "#d7c9ef",
        [OperationKind.ConditionedNorm] = "#e6ddf6",
        [OperationKind.Concat] = "#cfe8d2",
        [OperationKind.Product] = "#f6d0d0",
    };

    private static readonly JsonSerializerOptions Readable = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Background colour of a kind as <c>#rrggbb</c>, the same in every drawing.</summary>
    public static string Colour(OperationKind kind) => Colours[kind];

    /// <summary>The graph as JSON, one node, unit or list a line.</summary>
    /// <param name="graph">The sensitivity graph.</param>
    /// <param name="originalBits">P: bits of one original weight, 16 or 32.</param>
    /// <param name="options">Options of every weight, in the order of <see cref="OperationGraph.Weights"/>; null before there is a bank.</param>
    public static string Json(OperationGraph graph, int originalBits, IReadOnlyList<IReadOnlyList<DagOption>>? options = null)
    {
        ArgumentNullException.ThrowIfNull(graph);
        if (options is not null && options.Count != graph.Weights.Count) throw new ArgumentException($"{options.Count} lists of options for {graph.Weights.Count} weights.", nameof(options));
        var text = new StringBuilder();
        void Line(string key, JsonNode? value) => text.Append("  ").Append(JsonSerializer.Serialize(key)).Append(": ").Append(Text(value)).Append(",\n");
        text.Append("{\n");
        Line("format", "q2-dag");
        Line("version", 1);
        Line("name", graph.Name);
        Line("original_precision_bits", originalBits);
        if (options is { Count: > 0 }) Line("option_order", Array(options[0].Select(option => option.Option)));
        Line("method_codes", new JsonObject { ["combine"] = 0, ["uaq"] = 1, ["kmeans_c"] = 2, ["kmeans_a"] = 3 });
        Line("bit_codes", new JsonObject { ["16"] = 0, ["4"] = 1, ["3"] = 2 });
        Line("positions", new JsonArray([.. graph.Positions.Select(feature => new JsonObject { ["name"] = feature.Name, ["first_code"] = feature.FirstCode, ["values"] = Array(feature.Values) })]));
        var hops = new JsonObject();
        for (int hop = 0; hop < graph.HopNodes.Count; hop++) hops[hop.ToString(CultureInfo.InvariantCulture)] = graph.HopNodes[hop] is { } nodes ? Array(nodes) : null;
        Line("hop_nodes", hops);
        Lines(text, "nodes", graph.Nodes.Select((node, i) => Node(graph, node, i, options)));
        Lines(text, "units", graph.Units.Select(unit => Unit(graph, unit)));
        text.Append("  \"edges\": ").Append(Text(Pairs(graph.Edges))).Append("\n}\n");
        return text.ToString();
    }

    /// <summary>The graph for Graphviz: nodes coloured by kind, one box a block.</summary>
    public static string Dot(OperationGraph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"digraph {Quote(graph.Name)} {{\n");
        text.Append("  rankdir=TB; ranksep=0.25; nodesep=0.15; node [shape=box, style=\"filled,rounded\", fontname=\"sans-serif\", fontsize=9, height=0.2, margin=\"0.08,0.03\"]; edge [arrowsize=0.5, color=\"#777777\"];\n");
        var blocks = Enumerable.Range(0, graph.Nodes.Count).GroupBy(i => graph.Nodes[i].Position.BlockName);
        int box = 0;
        foreach (IGrouping<string, int> block in blocks)
        {
            bool isBlock = block.Key.Length > 0;
            if (isBlock) text.Append(CultureInfo.InvariantCulture, $"  subgraph cluster_{box++} {{ label={Quote(block.Key)}; color=\"#bbbbbb\"; fontname=\"sans-serif\"; fontsize=9;\n");
            foreach (int i in block)
            {
                OperationNode node = graph.Nodes[i];
                string label = isBlock ? node.Position.LayerType : node.Name;
                text.Append(CultureInfo.InvariantCulture, $"    n{i} [label={Quote(label)}, tooltip={Quote(node.Name)}, fillcolor=\"{Colours[node.Kind]}\"];\n");
            }
            if (isBlock) text.Append("  }\n");
        }
        foreach ((int source, int target) in graph.Edges) text.Append(CultureInfo.InvariantCulture, $"  n{source} -> n{target};\n");
        return text.Append("}\n").ToString();
    }

    private static JsonObject Node(OperationGraph graph, OperationNode node, int index, IReadOnlyList<IReadOnlyList<DagOption>>? options)
    {
        bool isWeight = node.Weight >= 0;
        var result = new JsonObject
        {
            ["name"] = node.Name,
            ["kind"] = isWeight ? "weight" : "combine",
            ["type"] = node.Position.LayerType,
            ["stage"] = node.Position.Stage.Length > 0 ? node.Position.Stage : null,
            ["block"] = node.Position.Block,
            ["block_name"] = node.Position.BlockName,
            ["transformer"] = node.Position.Transformer,
            ["layer_code"] = graph.Positions[^1].Codes[index],
            ["position_codes"] = Array(graph.Positions.Select(feature => feature.Codes[index])),
        };
        if (!isWeight) return result;
        QuantizableWeight weight = graph.Weights[node.Weight];
        result["operator"] = weight.Operator.ToString();
        result["shape"] = Array(weight.Shape);
        result["tensor"] = weight.TensorName;
        if (options is null) return result;
        result["options"] = new JsonArray(
        [
            .. options[node.Weight].Select(option => new JsonObject
            {
                ["option"] = option.Option, ["original_bytes"] = option.OriginalBytes, ["quantized_bytes"] = option.QuantizedBytes, ["error"] = option.Error,
            }),
        ]);
        return result;
    }

    private static JsonObject Unit(OperationGraph graph, OperationUnit unit) => new()
    {
        ["name"] = graph.UnitName(unit),
        ["kind"] = unit.Kind.ToString(),
        ["hop"] = unit.Hop,
        ["nodes"] = Array(unit.Nodes),
        ["edges"] = Pairs(unit.Edges),
    };

    private static void Lines(StringBuilder text, string key, IEnumerable<JsonObject> items) =>
        text.Append(CultureInfo.InvariantCulture, $"  \"{key}\": [\n    ").AppendJoin(",\n    ", items.Select(Text)).Append("\n  ],\n");

    private static JsonArray Array<T>(IEnumerable<T> values) => new([.. values.Select(value => JsonValue.Create(value))]);

    private static JsonArray Pairs(IEnumerable<(int Source, int Target)> edges) => new([.. edges.Select(edge => new JsonArray(edge.Source, edge.Target))]);

    private static string Text(JsonNode? node) => node?.ToJsonString(Readable) ?? "null";

    private static string Quote(string text) => $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
