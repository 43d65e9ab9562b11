using System.Numerics.Tensors;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Models;

namespace Qua2SeDiMo.Gradients;

/// <summary>The two sessions of one part of a graph: forward, and backward with recomputed activations.</summary>
internal sealed class PartModels : IDisposable
{
    private readonly InferenceModel forward;
    private readonly InferenceModel backward;
    private readonly CutPart part;
    private readonly string[] pulled;
    private readonly string[] reached;
    private readonly GraphWeight[] own;
    private readonly string[] left;
    private readonly bool staysLoaded;

    /// <summary>Prepares both sessions.</summary>
    /// <param name="part">The part.</param>
    /// <param name="tensors">The checkpoint; it must stay open.</param>
    /// <param name="binding">Values of the weights.</param>
    /// <param name="weights">Weights whose gradients are wanted.</param>
    /// <param name="options">Items of the batch.</param>
    /// <param name="kept">Values of the part that its forward pass leaves for its reverse pass; empty for the last part,
    /// which has no forward pass.</param>
    /// <param name="staysLoaded">Whether sessions stay loaded between calls; otherwise they take no more memory than they
    /// need at a time.</param>
    internal PartModels(
        CutPart part,
        ITensorSource tensors,
        WeightBinding binding,
        IReadOnlyList<GraphWeight> weights,
        ReverseOptions options,
        IReadOnlySet<string> kept,
        bool staysLoaded
    )
    {
        (this.part, this.staysLoaded) = (part, staysLoaded);
        var inference = new InferenceOptions { HoldsMemory = staysLoaded };
        Graph graph = part.Shaped.Graph;
        HashSet<string> initial = [.. graph.Initializers.Select(initializer => initializer.Name)];
        pulled = [.. part.Pulled];
        own = [.. weights.Where(weight => initial.Contains(weight.Initializer.Name))];
        IReadOnlySet<string> active = BackwardPass.Active(
            graph,
            [.. pulled, .. own.Select(weight => weight.Initializer.Name)]
        );
        reached = [.. part.Outputs.Where(active.Contains)];
        Graph reverse = Given(Backward(tensors, options), kept);
        HashSet<string> taken = [.. reverse.Inputs.Select(input => input.Name)];
        left = [.. kept.Where(name => taken.Contains(name) && !part.Outputs.Contains(name))];
        forward = new InferenceModel(graph.WithOutputs([.. part.Outputs, .. left]), tensors, binding, inference);
        backward = new InferenceModel(reverse, tensors, binding, inference);
    }

    internal IReadOnlyDictionary<string, TensorValue> Forward(IReadOnlyDictionary<string, TensorValue> values)
    {
        IReadOnlyDictionary<string, TensorValue> results = forward.Run(values);
        if (!staysLoaded)
            forward.Unload();
        return results;
    }

    /// <summary>Runs the part backward: reads the gradients in its outputs and adds those in its inputs to the
    /// dictionary.</summary>
    internal void Backward(
        Dictionary<string, TensorValue> values,
        Dictionary<string, TensorValue> gradients,
        WeightGradientSink? sink,
        RoundingSink? rounding
    )
    {
        var inputs = new Dictionary<string, TensorValue>(values, StringComparer.Ordinal);
        foreach (string output in reached)
        {
            inputs[BackwardPass.CotangentOf(output)] = gradients.TryGetValue(output, out TensorValue? known)
                ? known
                : Zeros(output);
        }
        IReadOnlyDictionary<string, TensorValue> results = backward.Run(inputs);
        if (!staysLoaded)
            backward.Unload();
        foreach (string name in left)
            values.Remove(name);
        foreach (GraphWeight weight in own)
        {
            if (results.TryGetValue(BackwardPass.GradientIn(weight.Initializer.Name), out TensorValue? gradient))
                sink?.Invoke(weight, gradient.Singles);
            if (results.TryGetValue(BackwardPass.RoundingBefore(weight.Initializer.Name), out TensorValue? products))
                rounding?.Invoke(weight, products.Singles);
        }
        foreach (string name in pulled)
        {
            TensorValue gradient = results[BackwardPass.GradientIn(name)];
            gradients[name] = gradients.TryGetValue(name, out TensorValue? known) ? Sum(known, gradient) : gradient;
        }
    }

    public void Dispose()
    {
        forward.Dispose();
        backward.Dispose();
    }

    private Graph Backward(ITensorSource tensors, ReverseOptions options)
    {
        ShapedGraph shaped = part.Shaped;
        var tape = new GraphBuilder(shaped.Graph, tensors, shaped.Values);
        string[] wanted = [.. pulled, .. own.Select(weight => weight.Initializer.Name)];
        IReadOnlyDictionary<string, Term> cotangents = BackwardPass.Record(tape, shaped, reached, wanted);
        foreach (string name in pulled)
            BackwardPass.Output(tape, shaped, cotangents, name);
        var items = new BatchItems(shaped.Graph.Name, options.Batch, options.Items);
        var gradients = new WeightGradients(tape, shaped, cotangents, items);
        var roundings = new InputRounding(tape, shaped, cotangents, items, options.RoundedBits);
        foreach (GraphWeight weight in own)
        {
            if (gradients.Of(weight) is { } gradient)
                tape.Output(BackwardPass.GradientIn(weight.Initializer.Name), gradient.Value);
            if (options.RoundedBits.Count > 0 && roundings.Of(weight) is { } products)
                tape.Output(BackwardPass.RoundingBefore(weight.Initializer.Name), products.Value);
        }
        return tape.Build();
    }

    // The same graph with some values as inputs; what only they needed is left out.
    private static Graph Given(Graph graph, IReadOnlySet<string> values)
    {
        GraphNode[] makers = [.. graph.Nodes.Where(node => node.Outputs.All(values.Contains))];
        if (makers.Length == 0)
            return graph;
        return new Graph(
            graph.Name,
            [.. graph.Inputs, .. makers.SelectMany(node => node.Outputs).Select(name => graph.Values[name])],
            graph.Outputs,
            [.. graph.Nodes.Except(makers)],
            graph.Initializers,
            graph.Weights,
            graph.Values
        ).WithOutputs([.. graph.Outputs.Select(output => output.Name)]);
    }

    private TensorValue Zeros(string name)
    {
        long[] shape = [.. part.Shaped.Values[name].Shape.Select(extent => extent.Size)];
        return TensorValue.Of(new float[shape.Aggregate(1L, (product, extent) => product * extent)], shape);
    }

    private static TensorValue Sum(TensorValue a, TensorValue b)
    {
        float[] sum = new float[a.Singles.Length];
        TensorPrimitives.Add(a.Singles, b.Singles, sum);
        return TensorValue.Of(sum, a.Shape);
    }
}
