using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Models;

namespace Qua2SeDiMo.Gradients;

/// <summary>Wanted gradients and memory limit of a reverse pass.</summary>
internal sealed record ReverseOptions
{
    /// <summary>Inputs of the model whose gradients are wanted. Default none.</summary>
    public IReadOnlyList<string> Inputs { get; init; } = [];

    /// <summary>Quantizable weights whose gradients are wanted, by name; null (default) for all.</summary>
    public IReadOnlyCollection<string>? Weights { get; init; }

    /// <summary>Extent of the first axis of the model's inputs. Default 1.</summary>
    public long Batch { get; init; } = 1;

    /// <summary>
    /// Number of items for which gradients of weights are kept apart: row b of the batch belongs to item b mod Items.
    /// Default 1: all rows are one item.
    /// </summary>
    public long Items { get; init; } = 1;

    /// <summary>Bits, 2 to 8 each, that rounding the inputs of layers is scored at. Default none.</summary>
    public IReadOnlyList<int> RoundedBits { get; init; } = [];

    /// <summary>
    /// Bytes of activations and weight gradients above which the graph is run in parts, whose activations are
    /// recomputed for the reverse pass. As many bytes again hold results of layers of all parts, which are not
    /// recomputed. Default 1 GiB.
    /// </summary>
    public long ActivationBytes { get; init; } = 1L << 30;
}

/// <summary>
/// Receives the gradient of one weight: [items, out, in, …], row-major. The memory is valid only during the call. A
/// weight that several parts of the graph use is passed once per part; the caller adds these gradients.
/// </summary>
/// <param name="weight">The weight.</param>
/// <param name="gradient">One gradient for each item.</param>
internal delegate void WeightGradientSink(GraphWeight weight, ReadOnlySpan<float> gradient);

/// <summary>
/// Takes what rounding the input of one weight's layers does to the sum of cotangents times outputs, to first order:
/// [items, bits]. Calls are those of <see cref="WeightGradientSink"/>.
/// </summary>
/// <param name="weight">Which weight.</param>
/// <param name="products">One number for each item and each of <see cref="ReverseOptions.RoundedBits"/>.</param>
internal delegate void RoundingSink(GraphWeight weight, ReadOnlySpan<float> products);

/// <summary>
/// Propagates cotangents of a model's outputs back to its inputs and weights: runs forward, then backward part by part.
/// Gradients of weights are passed to a callback and not kept. The model's weights are in memory once, in the binding.
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
    /// <param name="weights">Values of its quantizable weights; the caller disposes it after the reverse pass.</param>
    /// <param name="outputs">Outputs for which the caller provides cotangents.</param>
    /// <param name="options">Wanted gradients and memory limit.</param>
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

    /// <summary>Number of parts in which the graph is run; 0 before the first run.</summary>
    public int PartCount => parts.Count;

    /// <summary>Runs forward and back.</summary>
    /// <param name="inputs">Inputs of the model.</param>
    /// <param name="cotangents">One cotangent for each output, by the output's name and with its shape.</param>
    /// <param name="sink">Receives the gradients of weights; null to drop them.</param>
    /// <param name="rounding">Gets what rounding inputs of layers does; null where that is not wanted.</param>
    /// <returns>Gradients in the wanted inputs, by their names.</returns>
    /// <exception cref="GradientException">An operator has no rule, a rule does not cover its use, or rows of a layer
    /// cannot be assigned to items.</exception>
    /// <exception cref="InferenceException">An input is missing or has a wrong shape, or ONNX Runtime
    /// failed.</exception>
    public IReadOnlyDictionary<string, TensorValue> Run(
        IReadOnlyDictionary<string, TensorValue> inputs,
        IReadOnlyDictionary<string, TensorValue> cotangents,
        WeightGradientSink? sink = null,
        RoundingSink? rounding = null
    )
    {
        ArgumentNullException.ThrowIfNull(inputs);
        Prepare(inputs);
        var values = new Dictionary<string, TensorValue>(inputs, StringComparer.Ordinal);
        // The last part needs no forward run: its backward session recomputes the activations.
        foreach (PartModels part in parts.SkipLast(1))
        {
            foreach ((string name, TensorValue value) in part.Forward(values))
                values[name] = value;
        }
        var gradients = new Dictionary<string, TensorValue>(cotangents, StringComparer.Ordinal);
        foreach (PartModels part in Enumerable.Reverse(parts))
            part.Backward(values, gradients, sink, rounding);
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

    // Backward graphs are built for fixed extents, and built again when the extents change.
    private void Prepare(IReadOnlyDictionary<string, TensorValue> inputs)
    {
        string now = ShapedGraph.Extents(graph, inputs);
        if (shapes == now)
            return;
        Dispose();
        ShapedGraph shaped = ShapedGraph.Of(graph, tensors, inputs, weights);
        HashSet<string> names = options.Weights is { } some
            ? [.. some]
            : [.. graph.Weights.Select(weight => weight.Weight.Name)];
        GraphWeight[] wanted = [.. graph.Weights.Where(weight => names.Contains(weight.Weight.Name))];
        string[] all = [.. options.Inputs, .. wanted.Select(weight => weight.Initializer.Name)];
        IReadOnlyList<CutPart> cut = GraphCut.Of(shaped, all, outputs, options);
        IReadOnlySet<string> kept = KeptValues.Of(cut.SkipLast(1), options.ActivationBytes);
        // Several parts are loaded one at a time; a single part stays loaded.
        foreach (CutPart part in cut)
        {
            // What a part hands on is there too when its reverse pass comes.
            HashSet<string> ofPart = ReferenceEquals(part, cut[^1]) ? [] : [.. part.Outputs, .. kept.Where(part.Makes)];
            parts.Add(new PartModels(part, tensors, weights, wanted, options, ofPart, cut.Count == 1));
        }
        shapes = now;
    }
}
