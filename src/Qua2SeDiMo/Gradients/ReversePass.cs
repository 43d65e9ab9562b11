using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Models;

namespace Qua2SeDiMo.Gradients;

/// <summary>What a reverse pass is asked for, and what memory it may take.</summary>
internal sealed record ReverseOptions
{
    /// <summary>Inputs of the model whose gradients are wanted. Default none.</summary>
    public IReadOnlyList<string> Inputs { get; init; } = [];

    /// <summary>Quantizable weights whose gradients are wanted, by name; null (default) for all.</summary>
    public IReadOnlyCollection<string>? Weights { get; init; }

    /// <summary>Extent of the first axis of the model's inputs. Default 1.</summary>
    public long Batch { get; init; } = 1;

    /// <summary>
    /// Items that gradients of weights are kept apart for: row b of the batch belongs to item b modulo this. Default 1:
    /// all rows are one item.
    /// </summary>
    public long Items { get; init; } = 1;

    /// <summary>
    /// Bytes of activations and of gradients of weights above which the graph is run in parts, each computed again for
    /// its reverse pass. Default 1 GiB.
    /// </summary>
    public long ActivationBytes { get; init; } = 1L << 30;
}

/// <summary>
/// Takes the gradient of one weight: [items, out, in, …], row-major. It is gone after the call. A weight that several
/// parts of the graph use comes once from each; what it gets is to be added.
/// </summary>
/// <param name="weight">Which weight.</param>
/// <param name="gradient">One gradient for each item.</param>
internal delegate void WeightGradientSink(GraphWeight weight, ReadOnlySpan<float> gradient);

/// <summary>
/// Pulls cotangents of a model's outputs back to its inputs and weights: forward, and backward part by part. Gradients
/// of weights are handed on as they come and dropped. The model's weights are in memory once, in the binding.
/// </summary>
internal sealed class ReversePass : IDisposable
{
    private readonly Graph graph;
    private readonly ITensorSource tensors;
    private readonly WeightBinding weights;
    private readonly ReverseOptions options;
    private readonly string[] outputs;
    private readonly List<PartModels> parts = [];
    private string? shapes;

    /// <summary>Prepares a reverse pass.</summary>
    /// <param name="graph">The model.</param>
    /// <param name="tensors">Its checkpoint; it must stay open.</param>
    /// <param name="weights">Values of its quantizable weights; the caller disposes it, after this.</param>
    /// <param name="outputs">Outputs that cotangents are given for.</param>
    /// <param name="options">What is wanted.</param>
    public ReversePass(
        Graph graph,
        ITensorSource tensors,
        WeightBinding weights,
        IReadOnlyList<string> outputs,
        ReverseOptions options
    )
    {
        ArgumentNullException.ThrowIfNull(graph);
        (this.graph, this.tensors, this.weights, this.options) = (
            graph.WithOutputs(outputs),
            tensors,
            weights,
            options
        );
        this.outputs = [.. outputs];
    }

    /// <summary>Parts that the graph is run in; 0 before the first run.</summary>
    public int PartCount => parts.Count;

    /// <summary>Runs forward and back.</summary>
    /// <param name="inputs">Inputs of the model.</param>
    /// <param name="cotangents">One for each output, by the output's name and in its shape.</param>
    /// <param name="sink">Gets the gradients of weights; null where none is wanted.</param>
    /// <returns>Gradients in the wanted inputs, by their names.</returns>
    /// <exception cref="GradientException">An operator has no rule, or items share rows of a layer.</exception>
    /// <exception cref="InferenceException">An input does not fit, or the runtime failed.</exception>
    public IReadOnlyDictionary<string, TensorValue> Run(
        IReadOnlyDictionary<string, TensorValue> inputs,
        IReadOnlyDictionary<string, TensorValue> cotangents,
        WeightGradientSink? sink = null
    )
    {
        ArgumentNullException.ThrowIfNull(inputs);
        Prepare(inputs);
        var values = new Dictionary<string, TensorValue>(inputs, StringComparer.Ordinal);
        // The last part computes its activations where it needs them.
        foreach (PartModels part in parts.SkipLast(1))
        {
            foreach ((string name, TensorValue value) in part.Forward(values))
                values[name] = value;
        }
        var gradients = new Dictionary<string, TensorValue>(cotangents, StringComparer.Ordinal);
        foreach (PartModels part in Enumerable.Reverse(parts))
            part.Backward(values, gradients, sink);
        return options.Inputs.ToDictionary(
            input => input,
            input => gradients.GetValueOrDefault(input) ?? Zeros(inputs[input]),
            StringComparer.Ordinal
        );
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (PartModels part in parts)
            part.Dispose();
        parts.Clear();
    }

    private static TensorValue Zeros(TensorValue like) => TensorValue.Of(new float[like.Singles.Length], like.Shape);

    // Graphs are made for one set of extents; others need others.
    private void Prepare(IReadOnlyDictionary<string, TensorValue> inputs)
    {
        string now = string.Join(
            ' ',
            graph.Inputs.Select(input =>
                inputs.TryGetValue(input.Name, out TensorValue? value) ? $"{input.Name}{value}" : input.Name
            )
        );
        if (shapes == now)
            return;
        Dispose();
        ShapedGraph shaped = ShapedGraph.Of(graph, tensors, inputs, weights);
        HashSet<string> names = options.Weights is { } some
            ? [.. some]
            : [.. graph.Weights.Select(weight => weight.Weight.Name)];
        GraphWeight[] wanted = [.. graph.Weights.Where(weight => names.Contains(weight.Weight.Name))];
        string[] all = [.. options.Inputs, .. wanted.Select(weight => weight.Initializer.Name)];
        foreach (CutPart part in GraphCut.Of(shaped, all, outputs, options.Items, options.ActivationBytes))
        {
            parts.Add(new PartModels(part, tensors, weights, wanted, options));
        }
        // Parts take turns in memory; one alone stays.
        foreach (PartModels part in parts)
            part.StaysLoaded = parts.Count == 1;
        shapes = now;
    }
}
