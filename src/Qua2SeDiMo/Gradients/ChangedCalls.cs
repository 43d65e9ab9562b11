using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Models;

namespace Qua2SeDiMo.Gradients;

/// <summary>
/// Calls of a model in which one weight after the other is changed. The graph is cut into parts; one call keeps what
/// they hand on, and after a change only those parts run again that the weight reaches.
/// </summary>
internal sealed class ChangedCalls : IDisposable
{
    /// <summary>Parts that a graph is cut into where nothing else is asked for: on average a part's half runs in vain
    /// for each weight.</summary>
    private const int DefaultParts = 16;

    // Sessions of larger graphs take turns in memory.
    private const long LoadedBytes = 1L << 30;

    private readonly Graph graph;
    private readonly ITensorSource tensors;
    private readonly WeightBinding weights;
    private readonly string output;
    private readonly int wantedParts;
    private readonly List<InferenceModel> parts = [];
    private readonly Dictionary<string, string> initializers;
    private Dictionary<string, TensorValue>? kept;
    private string? shapes;
    private bool staysLoaded;

    /// <summary>Prepares calls.</summary>
    /// <param name="graph">The model.</param>
    /// <param name="tensors">Its checkpoint; it must stay open.</param>
    /// <param name="weights">Values of its quantizable weights; the caller changes them between calls, and disposes it
    /// after this.</param>
    /// <param name="output">The output that is wanted.</param>
    /// <param name="parts">How many parts there should be, about.</param>
    public ChangedCalls(
        Graph graph,
        ITensorSource tensors,
        WeightBinding weights,
        string output,
        int parts = DefaultParts
    )
    {
        ArgumentNullException.ThrowIfNull(graph);
        (this.graph, this.tensors, this.weights, this.output, wantedParts) = (
            graph.WithOutputs(output),
            tensors,
            weights,
            output,
            parts
        );
        initializers = graph.Weights.ToDictionary(
            weight => weight.Weight.Name,
            weight => weight.Initializer.Name,
            StringComparer.Ordinal
        );
    }

    /// <summary>Parts that the graph is run in; 0 before the first call.</summary>
    public int PartCount => parts.Count;

    /// <summary>Parts that ran since this was made.</summary>
    public int PartsRun { get; private set; }

    /// <summary>Runs all parts, and keeps what they hand on until the next such call.</summary>
    /// <param name="inputs">Inputs of the model.</param>
    /// <exception cref="InferenceException">An input does not fit, or the runtime failed.</exception>
    public TensorValue Start(IReadOnlyDictionary<string, TensorValue> inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        Prepare(inputs);
        kept = new Dictionary<string, TensorValue>(inputs, StringComparer.Ordinal);
        foreach (InferenceModel part in parts)
        {
            foreach ((string name, TensorValue value) in Run(part, kept))
                kept[name] = value;
        }
        return kept[output];
    }

    /// <summary>The same call with one weight changed; all others have to be as they were at its start.</summary>
    /// <param name="weight">Name of the weight.</param>
    /// <exception cref="InvalidOperationException">No call was started.</exception>
    /// <exception cref="InferenceException">The runtime failed.</exception>
    public TensorValue With(string weight)
    {
        if (kept is null)
            throw new InvalidOperationException("A changed call needs one to start from.");
        var values = new Dictionary<string, TensorValue>(kept, StringComparer.Ordinal);
        HashSet<string> changed = [initializers[weight]];
        foreach (InferenceModel part in parts.Where(part => Reads(part.Graph, changed)))
        {
            foreach ((string name, TensorValue value) in Run(part, values))
            {
                values[name] = value;
                changed.Add(name);
            }
        }
        return values[output];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (InferenceModel part in parts)
            part.Dispose();
        parts.Clear();
    }

    private static bool Reads(Graph part, HashSet<string> changed) =>
        part.Inputs.Any(input => changed.Contains(input.Name))
        || part.Initializers.Any(initializer => changed.Contains(initializer.Name));

    private IReadOnlyDictionary<string, TensorValue> Run(
        InferenceModel part,
        IReadOnlyDictionary<string, TensorValue> values
    )
    {
        IReadOnlyDictionary<string, TensorValue> results = part.Run(values);
        PartsRun++;
        if (!staysLoaded)
            part.Unload();
        return results;
    }

    // Graphs are cut for one set of extents.
    private void Prepare(IReadOnlyDictionary<string, TensorValue> inputs)
    {
        string now = ShapedGraph.Extents(graph, inputs);
        if (shapes == now)
            return;
        Dispose();
        ShapedGraph shaped = ShapedGraph.Of(graph, tensors, inputs, weights);
        staysLoaded = GraphCut.ValueBytes(shaped, [.. graph.Inputs.Select(input => input.Name)]) <= LoadedBytes;
        foreach (CutPart part in GraphCut.Forward(shaped, [output], wantedParts))
            parts.Add(
                new InferenceModel(
                    part.Shaped.Graph,
                    tensors,
                    weights,
                    new InferenceOptions { HoldsMemory = staysLoaded }
                )
            );
        shapes = now;
    }
}
