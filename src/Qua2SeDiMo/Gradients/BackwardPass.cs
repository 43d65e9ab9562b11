using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;

namespace Qua2SeDiMo.Gradients;

/// <summary>
/// Reverse mode: makes the graph that computes L = Σ cotangent · output over some values of a graph, differentiated in
/// others. The graph holds what it needs of the forward pass, and runs like any other.
/// </summary>
internal static class BackwardPass
{
    /// <summary>Name of the input that takes the cotangent of a value.</summary>
    public static string CotangentOf(string value) => $"cotangent.{value}";

    /// <summary>Name of the output that holds the gradient in a value.</summary>
    public static string GradientIn(string value) => $"gradient.{value}";

    /// <summary>Makes the backward graph.</summary>
    /// <param name="shaped">The forward graph, for inputs of certain extents.</param>
    /// <param name="tensors">Its checkpoint; only names are needed here.</param>
    /// <param name="outputs">Values whose cotangents are given, as inputs named by <see cref="CotangentOf"/>.</param>
    /// <param name="wanted">Inputs, initializers or inner values; each becomes an output named by
    /// <see cref="GradientIn"/>, zero where no output moves with it.</param>
    /// <exception cref="GradientException">An operator on the way has no rule, or a use of it has none; the message
    /// names both.</exception>
    /// <exception cref="ArgumentException">A value is not in the graph.</exception>
    public static Graph Build(
        ShapedGraph shaped,
        ITensorSource tensors,
        IReadOnlyList<string> outputs,
        IReadOnlyList<string> wanted
    )
    {
        ArgumentNullException.ThrowIfNull(shaped);
        var tape = new GraphBuilder(shaped.Graph, tensors, shaped.Values);
        IReadOnlyDictionary<string, Term> cotangents = Record(tape, shaped, outputs, wanted);
        foreach (string name in wanted)
            Output(tape, shaped, cotangents, name);
        return tape.Build();
    }

    /// <summary>Records the reverse pass behind the forward pass on a tape, and gives the gradients that came up, by
    /// value.</summary>
    internal static IReadOnlyDictionary<string, Term> Record(
        GraphBuilder tape,
        ShapedGraph shaped,
        IReadOnlyList<string> outputs,
        IReadOnlyList<string> wanted
    )
    {
        foreach (string name in outputs.Concat(wanted))
        {
            if (!shaped.Values.ContainsKey(name))
                throw new ArgumentException($"Graph {shaped.Graph.Name} has no value '{name}'.", nameof(wanted));
        }
        IReadOnlySet<string> active = Active(shaped.Graph, wanted);
        var cotangents = new Dictionary<string, Term>(StringComparer.Ordinal);
        foreach (string output in outputs)
        {
            GraphValue value = shaped.Values[output];
            Dimension[] shape = [.. value.Shape];
            cotangents[output] = new Term(tape, tape.Input(CotangentOf(output), ElementType.Float32, shape)).As(
                value.Type
            );
        }
        foreach (GraphNode node in shaped.Graph.Nodes.Reverse())
        {
            bool counts = node.Outputs.Any(cotangents.ContainsKey) && node.Inputs.Any(active.Contains);
            if (!counts || GradientRules.IsConstant(node))
                continue;
            GradientRule rule = GradientRules.Find(node, shaped.Graph.Name);
            using GraphBuilder.ModuleScope scope = tape.Scope(
                node.Scope.Length == 0 ? "backward" : $"backward.{node.Scope}"
            );
            rule(new NodeGradient(node, tape, shaped, active, cotangents));
        }
        return cotangents;
    }

    /// <summary>Declares the gradient in a value as an output; zeros where none came up.</summary>
    internal static void Output(
        GraphBuilder tape,
        ShapedGraph shaped,
        IReadOnlyDictionary<string, Term> cotangents,
        string name
    )
    {
        var value = new Term(tape, shaped.Values[name]);
        Term gradient = cotangents.TryGetValue(name, out Term known) ? known : value.Zeros(value.Shape);
        tape.Output(GradientIn(name), gradient.As(ElementType.Float32).Value);
    }

    /// <summary>Values that move when a wanted one moves.</summary>
    internal static IReadOnlySet<string> Active(Graph graph, IReadOnlyList<string> wanted)
    {
        HashSet<string> active = [.. wanted];
        foreach (GraphNode node in graph.Nodes)
        {
            if (node.Inputs.Any(active.Contains) && !GradientRules.IsConstant(node))
                active.UnionWith(node.Outputs.Where(output => output.Length > 0));
        }
        return active;
    }
}
