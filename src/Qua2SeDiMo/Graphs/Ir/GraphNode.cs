namespace Qua2SeDiMo.Graphs.Ir;

/// <summary>One operator call. A graph lists its nodes in an order in which they can run.</summary>
/// <param name="Name">Unique within the graph.</param>
/// <param name="OpType">Operator, for instance <c>MatMul</c>.</param>
/// <param name="Domain">Operator set; empty for the ONNX standard.</param>
/// <param name="Inputs">Names of values; an empty name means an omitted input.</param>
/// <param name="Outputs">Names of values; an empty name means an omitted output.</param>
/// <param name="Attributes">Ordered by name.</param>
/// <param name="Scope">Path of the module whose forward pass makes the call, for instance
/// <c>transformer_blocks.0.attn1.to_q</c>; may be empty.</param>
internal sealed record GraphNode(
    string Name,
    string OpType,
    string Domain,
    IReadOnlyList<string> Inputs,
    IReadOnlyList<string> Outputs,
    IReadOnlyList<GraphAttribute> Attributes,
    string Scope
)
{
    /// <summary>An integer attribute, or a default when the node does not state it.</summary>
    public long Integer(string name, long otherwise) =>
        Attributes.OfType<GraphAttribute.Whole>().FirstOrDefault(attribute => attribute.Name == name)?.Value
        ?? otherwise;

    /// <summary>A list attribute, or null when the node does not state it.</summary>
    public IReadOnlyList<long>? Integers(string name) =>
        Attributes.OfType<GraphAttribute.Wholes>().FirstOrDefault(attribute => attribute.Name == name)?.Values;
}
