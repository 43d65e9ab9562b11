using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;

namespace Qua2SeDiMo.Gradients;

/// <summary>
/// Reverse-mode differentiation: builds the graph of the gradients of L = Σ cotangent · output, a sum over given values
/// of a graph, in other values of it. The result includes the needed part of the forward pass and runs like any other
/// graph.
/// </summary>
internal static class BackwardPass
{
    /// <summary>Name of the input for the cotangent of a value.</summary>
    public static string CotangentOf(string value) => $"cotangent.{value}";

    /// <summary>Name of the output with the gradient in a value.</summary>
    public static string GradientIn(string value) => $"gradient.{value}";

    /// <summary>Name of the output that holds what rounding the input of a weight's layers does.</summary>
    internal static string RoundingBefore(string weight) => $"rounding.{weight}";

    /// <summary>Builds the backward graph.</summary>
    /// <param name="shaped">The forward graph, with all extents known.</param>
    /// <param name="tensors">Its checkpoint; only names are needed here.</param>
    /// <param name="outputs">Values whose cotangents become inputs, named by <see cref="CotangentOf"/>.</param>
    /// <param name="wanted">Inputs, initializers or inner values whose gradients become outputs, named by
    /// <see cref="GradientIn"/>; zeros when no output depends on the value.</param>
    /// <exception cref="GradientException">An operator between the values has no rule, or its rule does not cover this
    /// use; the message names operator and node.</exception>
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

    /// <summary>Records the reverse pass after the forward pass, and returns the gradients by value name; a value
    /// without gradient is absent.</summary>
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

    /// <summary>Declares the gradient in a value as an output; zeros when it has none.</summary>
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

    /// <summary>Values that depend differentiably on a wanted one, including the wanted ones.</summary>
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
