using Qua2SeDiMo.Graphs.Ir;

namespace Qua2SeDiMo.Gradients;

/// <summary>One node in the reverse pass, for its gradient rule: reads operands, results and cotangents of the results,
/// and accumulates the cotangents of the operands.</summary>
internal sealed class NodeGradient
{
    private readonly GraphBuilder tape;
    private readonly ShapedGraph graph;
    private readonly IReadOnlySet<string> active;
    private readonly Dictionary<string, Term> cotangents;

    internal NodeGradient(
        GraphNode node,
        GraphBuilder tape,
        ShapedGraph graph,
        IReadOnlySet<string> active,
        Dictionary<string, Term> cotangents
    )
    {
        (Node, this.tape, this.graph, this.active, this.cotangents) = (node, tape, graph, active, cotangents);
    }

    internal GraphNode Node { get; }

    internal int InputCount => Node.Inputs.Count;

    /// <summary>Whether an operand is present; optional ones may be absent.</summary>
    internal bool Has(int input) => input < Node.Inputs.Count && Node.Inputs[input].Length > 0;

    /// <summary>Whether the gradient of an operand is wanted.</summary>
    internal bool Wants(int input) => Has(input) && active.Contains(Node.Inputs[input]);

    internal Term Input(int input = 0) => Forward(Node.Inputs[input]);

    internal Term Output(int output = 0) => Forward(Node.Outputs[output]);

    /// <summary>Gradient in a result; zeros when the differentiated outputs do not depend on it.</summary>
    internal Term Cotangent(int output = 0) =>
        cotangents.TryGetValue(Node.Outputs[output], out Term known)
            ? known
            : Output(output).Zeros(Output(output).Shape);

    /// <summary>Whether a differentiated output depends on a result.</summary>
    internal bool HasCotangent(int output) =>
        output < Node.Outputs.Count && cotangents.ContainsKey(Node.Outputs[output]);

    /// <summary>Adds to the gradient in an operand; axes along which the operand was broadcast are summed, and a
    /// smaller term is broadcast.</summary>
    internal void Give(int input, Term cotangent)
    {
        if (!Wants(input))
            return;
        string name = Node.Inputs[input];
        GraphValue operand = graph.Values[name];
        Term fitted = cotangent.As(operand.Type).Fit([.. operand.Shape.Select(extent => extent.Size)]);
        cotangents[name] = cotangents.TryGetValue(name, out Term known) ? known + fitted : fitted;
    }

    /// <summary>Elements of an integer operand that must be known when the graph is built, such as axes; null when it
    /// is absent.</summary>
    internal long[]? Numbers(int input) => Has(input) ? graph.Integers(Node, input) : null;

    /// <summary>Elements of a single-precision operand that must be known when the graph is built; null when it is
    /// absent.</summary>
    internal float[]? Singles(int input) => Has(input) ? graph.Singles(Node, input) : null;

    internal static int Axis(long axis, int rank) => checked((int)(axis < 0 ? axis + rank : axis));

    internal float Real(string name, float otherwise) =>
        Node.Attributes.OfType<GraphAttribute.Real>().FirstOrDefault(attribute => attribute.Name == name)?.Value
        ?? otherwise;

    internal string Text(string name, string otherwise) =>
        Node.Attributes.OfType<GraphAttribute.Text>().FirstOrDefault(attribute => attribute.Name == name)?.Value
        ?? otherwise;

    /// <summary>The exception for a use of an operator that its rule does not cover.</summary>
    internal GradientException Unsupported(string what) =>
        new(
            $"{graph.Graph.Name}: node '{Node.Name}' ({Node.OpType}): no gradient is made for {what}. {GradientRules.Instead}"
        );

    private Term Forward(string name) => new(tape, graph.Values[name]);
}
