using System.Globalization;
using System.Text;
using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Graphs.Ir;

/// <summary>
/// The canonical text of a graph: one line per input, weight, parameter, constant, node and output, in graph order.
/// Equal graphs have equal text on every machine, so it serves as reference in tests and for comparing graphs.
/// </summary>
internal static class GraphText
{
    private const int LiteralElements = 8;

    /// <summary>Writes the whole graph.</summary>
    public static string Write(Graph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        var text = new StringBuilder();
        Dictionary<string, QuantizableWeight> weights = graph.Weights.ToDictionary(
            weight => weight.Initializer.Name,
            weight => weight.Weight
        );
        Line(text, $"graph {graph.Name}");
        foreach (GraphValue input in graph.Inputs)
            Line(text, $"input {input}");
        foreach (Initializer initializer in graph.Initializers)
        {
            string kind =
                weights.TryGetValue(initializer.Name, out QuantizableWeight? weight) ? $"weight[{weight.Operator}]"
                : initializer is Initializer.Inline ? "constant"
                : "parameter";
            Line(text, $"{kind} {initializer.Name}: {initializer.Value.TypeText} = {Describe(initializer)}");
        }
        foreach (GraphNode node in graph.Nodes)
        {
            string results = string.Join(
                ", ",
                node.Outputs.Where(output => output.Length > 0).Select(output => graph.Values[output])
            );
            string attributes =
                node.Attributes.Count == 0
                    ? ""
                    : $" {{{string.Join(", ", node.Attributes.Select(attribute => $"{attribute.Name}={attribute.ValueText}"))}}}";
            string domain = node.Domain.Length == 0 ? "" : node.Domain + ".";
            string operands = string.Join(", ", node.Inputs.Select(input => input.Length == 0 ? "-" : input));
            Line(text, $"node {results} = {domain}{node.OpType}({operands}){attributes}");
        }
        foreach (GraphValue output in graph.Outputs)
            Line(text, $"output {output}");
        return text.ToString();
    }

    /// <summary>Source of an initializer's values: the checkpoint tensor with its cut, the literals of a short
    /// constant, or "table".</summary>
    internal static string Describe(Initializer initializer) =>
        initializer switch
        {
            Initializer.FromTensor tensor => tensor.TensorName
                + (tensor.IsCut ? $"[:, {tensor.InputStart}:{tensor.InputStart + tensor.InputCount}]" : "")
                + (tensor.Transposed ? "ᵀ" : ""),
            Initializer.Inline { ElementCount: <= LiteralElements, Type: not ElementType.UInt4 } inline =>
                $"({string.Join(", ", Literals(inline))})",
            _ => "table",
        };

    // The last bits of a computed table may differ between processors, so only short constants are written out.
    private static IEnumerable<string> Literals(Initializer.Inline inline)
    {
        ReadOnlyMemory<byte> data = inline.Data;
        for (int i = 0; i < inline.ElementCount; i++)
        {
            ReadOnlySpan<byte> bytes = data.Span[(i * inline.Type.SizeBytes())..];
            yield return inline.Type switch
            {
                ElementType.Int64 => BitConverter.ToInt64(bytes).ToString(CultureInfo.InvariantCulture),
                ElementType.Float64 => BitConverter.ToDouble(bytes).ToString("R", CultureInfo.InvariantCulture),
                _ => Single(inline.Type, bytes[..inline.Type.SizeBytes()]).ToString("R", CultureInfo.InvariantCulture),
            };
        }
    }

    private static float Single(ElementType type, ReadOnlySpan<byte> bytes)
    {
        Span<float> value = stackalloc float[1];
        type.ToSingle(bytes, value);
        return value[0];
    }

    private static void Line(StringBuilder text, string line) => text.Append(line).Append('\n');
}
