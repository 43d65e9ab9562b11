using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Graphs.Ir;

namespace Qua2SeDiMo.Graphs.Operations;

/// <summary>Size and error of a weight under one option, as <c>dag.json</c> states them.</summary>
/// <param name="Option">For instance <c>uaq-4</c>.</param>
/// <param name="OriginalBytes">Bytes of the weight before quantization.</param>
/// <param name="QuantizedBytes">Bytes under the option, including palettes, scales and zero points.</param>
/// <param name="Error">Mean |w − ŵ|^2.4 per weight.</param>
internal sealed record DagOption(string Option, long OriginalBytes, long QuantizedBytes, double Error);

/// <summary>Writes a sensitivity graph as JSON: <c>dag.json</c>, see docs/formats.md.</summary>
internal static class DagText
{
    private static readonly JsonSerializerOptions Readable = new()
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The graph as JSON, with one line per node, unit or list.</summary>
    /// <param name="graph">The sensitivity graph.</param>
    /// <param name="originalBits">P: bits of one original weight, 16 or 32.</param>
    /// <param name="options">Options of every weight, in the order of <see cref="OperationGraph.Weights"/>; null when
    /// no quantizer bank exists yet.</param>
    public static string Json(
        OperationGraph graph,
        int originalBits,
        IReadOnlyList<IReadOnlyList<DagOption>>? options = null
    )
    {
        ArgumentNullException.ThrowIfNull(graph);
        if (options is not null && options.Count != graph.Weights.Count)
            throw new ArgumentException(
                $"{options.Count} lists of options for {graph.Weights.Count} weights.",
                nameof(options)
            );
        var text = new StringBuilder();
        void Line(string key, JsonNode? value) =>
            text.Append("  ").Append(JsonSerializer.Serialize(key)).Append(": ").Append(Text(value)).Append(",\n");
        text.Append("{\n");
        Line("format", "q2-dag");
        Line("version", 1);
        Line("name", graph.Name);
        Line("original_precision_bits", originalBits);
        if (options is { Count: > 0 })
            Line("option_order", Array(options[0].Select(option => option.Option)));
        Line(
            "method_codes",
            new JsonObject
            {
                ["combine"] = 0,
                ["uaq"] = 1,
                ["kmeans_c"] = 2,
                ["kmeans_a"] = 3,
            }
        );
        Line(
            "bit_codes",
            new JsonObject
            {
                ["16"] = 0,
                ["4"] = 1,
                ["3"] = 2,
            }
        );
        Line(
            "positions",
            new JsonArray([
                .. graph.Positions.Select(feature => new JsonObject
                {
                    ["name"] = feature.Name,
                    ["first_code"] = feature.FirstCode,
                    ["values"] = Array(feature.Values),
                }),
            ])
        );
        var hops = new JsonObject();
        for (int hop = 0; hop < graph.HopNodes.Count; hop++)
            hops[hop.ToString(CultureInfo.InvariantCulture)] = graph.HopNodes[hop] is { } nodes ? Array(nodes) : null;
        Line("hop_nodes", hops);
        Lines(text, "nodes", graph.Nodes.Select((node, i) => Node(graph, node, i, options)));
        Lines(text, "units", graph.Units.Select(unit => Unit(graph, unit)));
        text.Append("  \"edges\": ").Append(Text(Pairs(graph.Edges))).Append("\n}\n");
        return text.ToString();
    }

    private static JsonObject Node(
        OperationGraph graph,
        OperationNode node,
        int index,
        IReadOnlyList<IReadOnlyList<DagOption>>? options
    )
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
        if (!isWeight)
            return result;
        QuantizableWeight weight = graph.Weights[node.Weight];
        result["operator"] = weight.Operator.ToString();
        result["shape"] = Array(weight.Shape);
        result["tensor"] = weight.TensorName;
        if (options is null)
            return result;
        result["options"] = new JsonArray([
            .. options[node.Weight]
                .Select(option => new JsonObject
                {
                    ["option"] = option.Option,
                    ["original_bytes"] = option.OriginalBytes,
                    ["quantized_bytes"] = option.QuantizedBytes,
                    ["error"] = option.Error,
                }),
        ]);
        return result;
    }

    private static JsonObject Unit(OperationGraph graph, OperationUnit unit) =>
        new()
        {
            ["name"] = graph.UnitName(unit),
            ["kind"] = unit.Kind.ToString(),
            ["hop"] = unit.Hop,
            ["nodes"] = Array(unit.Nodes),
            ["edges"] = Pairs(unit.Edges),
        };

    private static void Lines(StringBuilder text, string key, IEnumerable<JsonObject> items) =>
        text.Append(CultureInfo.InvariantCulture, $"  \"{key}\": [\n    ")
            .AppendJoin(",\n    ", items.Select(Text))
            .Append("\n  ],\n");

    private static JsonArray Array<T>(IEnumerable<T> values) =>
        new([.. values.Select(value => JsonValue.Create(value))]);

    private static JsonArray Pairs(IEnumerable<(int Source, int Target)> edges) =>
        new([.. edges.Select(edge => new JsonArray(edge.Source, edge.Target))]);

    private static string Text(JsonNode? node) => node?.ToJsonString(Readable) ?? "null";
}
