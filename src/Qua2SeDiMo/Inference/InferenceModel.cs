using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Graphs.Onnx;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Kernels.Operators;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Inference;

/// <summary>Runs a graph on the processor. The session is created on first use and can be unloaded to free its memory.
/// Several threads may call it; their calls run one after another.</summary>
internal sealed class InferenceModel : IDisposable
{
    private readonly Lock gate = new();
    private readonly ITensorSource tensors;
    private readonly InferenceOptions options;
    private readonly WeightBinding? weights;
    private readonly Dictionary<string, int> boundVersions = new(StringComparer.Ordinal);
    private readonly OnnxWriterOptions writerOptions;

    // The graph of the session. Packed weights are inputs of it, so that only one copy of them is in memory.
    private readonly Graph sessionGraph;
    private readonly List<OrtValue> packedWeights = [];
    private readonly bool bindsOwnWeights;
    private WeightBinding? ownWeights;
    private InferenceSession? session;
    private OrtIoBinding? binding;
    private TemporaryFolder? temporaryFolder;
    private bool disposed;

    /// <summary>Prepares a model whose weights are those of the checkpoint.</summary>
    /// <param name="graph">The graph; its outputs are the results of <see cref="Run"/>.</param>
    /// <param name="tensors">The checkpoint; must stay open.</param>
    /// <param name="options">Settings; null for the defaults.</param>
    public InferenceModel(Graph graph, ITensorSource tensors, InferenceOptions? options = null)
        : this(graph, tensors, null, options) { }

    /// <summary>Prepares a model whose quantizable weights come from a binding and can change between runs.</summary>
    /// <param name="graph">The graph; its outputs are the results of <see cref="Run"/>.</param>
    /// <param name="tensors">The checkpoint; must stay open.</param>
    /// <param name="weights">Values of the quantizable weights; null for those of the checkpoint. The caller disposes
    /// of it, after this model.</param>
    /// <param name="options">Settings; null for the defaults.</param>
    public InferenceModel(Graph graph, ITensorSource tensors, WeightBinding? weights, InferenceOptions? options = null)
    {
        Graph = graph;
        this.tensors = tensors;
        this.weights = weights;
        this.options = options ?? new InferenceOptions();
        var stored = new OnnxWriterOptions { ExternalDataThreshold = 0, FlushToDisk = false };
        // If the model is large, its weights are inputs too; as part of the model file they would be written, read and
        // copied once more.
        sessionGraph = WithPackedWeightsAsInputs(graph);
        bindsOwnWeights =
            weights is null && OnnxWriter.StoredBytes(sessionGraph, stored) > this.options.ExternalDataThreshold;
        writerOptions = stored with { QuantizableWeightsAsInputs = weights is not null || bindsOwnWeights };
    }

    /// <summary>The graph.</summary>
    public Graph Graph { get; }

    /// <summary>Whether the session is in memory.</summary>
    public bool IsLoaded => session is not null;

    /// <summary>Runs the graph once.</summary>
    /// <param name="inputs">One tensor per graph input, by name; floats as float32, integers as int64.</param>
    /// <returns>One tensor per graph output, by name.</returns>
    /// <exception cref="InferenceException">An input is missing or has another type or shape, or the runtime
    /// failed.</exception>
    public IReadOnlyDictionary<string, TensorValue> Run(IReadOnlyDictionary<string, TensorValue> inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        foreach (GraphValue declared in Graph.Inputs)
            Check(declared, inputs.GetValueOrDefault(declared.Name));
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            var given = new List<OrtValue>();
            try
            {
                Load();
                BindWeights();
                foreach (GraphValue declared in Graph.Inputs)
                {
                    OrtValue value = Wrap(inputs[declared.Name]);
                    given.Add(value);
                    binding!.BindInput(declared.Name, value);
                }
                // A binding keeps the output tensors of the last run, whose shapes may differ.
                binding!.ClearBoundOutputs();
                foreach (GraphValue output in Graph.Outputs)
                    binding.BindOutputToDevice(output.Name, OrtMemoryInfo.DefaultInstance);
                using var run = new RunOptions();
                session!.RunWithBinding(run, binding);
                using IDisposableReadOnlyCollection<OrtValue> results = binding.GetOutputValues();
                return binding
                    .GetOutputNames()
                    .Zip(results)
                    .ToDictionary(pair => pair.First, pair => Copy(pair.Second), StringComparer.Ordinal);
            }
            catch (OnnxRuntimeException error)
            {
                throw new InferenceException($"{Graph.Name}: the runtime failed: {error.Message}", error)
                {
                    IsOfRun = true,
                };
            }
            finally
            {
                foreach (OrtValue value in given)
                    value.Dispose();
            }
        }
    }

    /// <summary>Runs the graph once and checks that all outputs are finite.</summary>
    /// <param name="inputs">As for <see cref="Run"/>.</param>
    /// <param name="place">Component and step for the message, for instance <c>unet, step 2 of 20</c>.</param>
    /// <exception cref="NonFiniteException">An output holds NaN or infinity; the message names the first such tensor of
    /// the graph.</exception>
    /// <exception cref="InferenceException">An input is missing or has another type or shape, or the runtime
    /// failed.</exception>
    public IReadOnlyDictionary<string, TensorValue> RunFinite(
        IReadOnlyDictionary<string, TensorValue> inputs,
        string place
    )
    {
        IReadOnlyDictionary<string, TensorValue> outputs = Run(inputs);
        if (outputs.Values.All(output => output.Type != ElementType.Float32 || FiniteNumbers.All(output.Singles)))
            return outputs;
        // The search creates its own sessions, so this one's memory is freed first.
        Unload();
        string first = new NonFiniteSearch(Graph, tensors, weights, options).Find(inputs);
        throw new NonFiniteException(
            $"{place}: numbers are not finite. The first tensor with NaN or infinity is {first}."
        );
    }

    /// <summary>Creates the session now instead of at the first run.</summary>
    /// <exception cref="InferenceException">The runtime rejected the graph.</exception>
    public void Warm()
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            Load();
        }
    }

    /// <summary>Frees the session; the next run creates it again.</summary>
    public void Unload()
    {
        lock (gate)
        {
            binding?.Dispose();
            session?.Dispose();
            ownWeights?.Dispose();
            (binding, session, ownWeights) = (null, null, null);
            foreach (OrtValue packed in packedWeights)
                packed.Dispose();
            packedWeights.Clear();
            boundVersions.Clear();
            temporaryFolder?.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Unload();
        disposed = true;
    }

    private void Load()
    {
        if (session is not null)
            return;
        using var sessionOptions = new SessionOptions
        {
            IntraOpNumThreads = options.IntraOpThreads,
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            EnableCpuMemArena = options.HoldsMemory,
            EnableMemoryPattern = options.HoldsMemory,
        };
        // Spinning threads would take processor time from work that runs beside the model.
        sessionOptions.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        try
        {
            if (Graph.Nodes.Any(node => node.Domain == PaletteOperatorNames.Domain))
                RuntimeOperators.Register(sessionOptions);
            session =
                OnnxWriter.StoredBytes(sessionGraph, writerOptions) > options.ExternalDataThreshold
                    ? LoadThroughFile(sessionOptions)
                    : new InferenceSession(OnnxWriter.ToBytes(sessionGraph, tensors, writerOptions), sessionOptions);
        }
        catch (OnnxRuntimeException error)
        {
            throw new InferenceException($"{Graph.Name}: the runtime refused the graph: {error.Message}", error);
        }
        binding = session.CreateIoBinding();
        BindPackedWeights();
        if (bindsOwnWeights)
            ownWeights = new WeightBinding(Graph.Weights, tensors, cacheBytes: 0);
    }

    // The session maps the data file into memory, so that initializers are not held twice.
    private InferenceSession LoadThroughFile(SessionOptions sessionOptions)
    {
        var folder = new TemporaryFolder();
        string path = Path.Combine(folder.Path, "graph.onnx");
        try
        {
            OnnxWriter.Write(sessionGraph, tensors, path, writerOptions);
            return new InferenceSession(path, sessionOptions);
        }
        finally
        {
            // Except on Windows, mapped files can be deleted immediately, so that a killed process leaves no files.
            if (OperatingSystem.IsWindows())
                temporaryFolder = folder;
            else
                folder.Dispose();
        }
    }

    private static Graph WithPackedWeightsAsInputs(Graph graph)
    {
        Initializer[] packed = [.. graph.Initializers.Where(initializer => initializer is Initializer.Computed)];
        return packed.Length == 0
            ? graph
            : new Graph(
                graph.Name,
                [.. graph.Inputs, .. packed.Select(initializer => initializer.Value)],
                graph.Outputs,
                graph.Nodes,
                [.. graph.Initializers.Except(packed)],
                graph.Weights,
                graph.Values
            );
    }

    private void BindPackedWeights()
    {
        foreach (Initializer.Computed packed in Graph.Initializers.OfType<Initializer.Computed>())
        {
            OrtValue value = OrtValue.CreateAllocatedTensorValue(
                OrtAllocator.DefaultInstance,
                TensorElementType.UInt8,
                [.. packed.Shape]
            );
            packedWeights.Add(value);
            packed.Fill(value.GetTensorMutableDataAsSpan<byte>());
            binding!.BindInput(packed.Name, value);
        }
    }

    private void BindWeights()
    {
        WeightBinding? current = weights ?? ownWeights;
        if (current is null)
            return;
        foreach (GraphWeight weight in Graph.Weights)
        {
            (OrtValue value, int version) = current.Current(weight.Weight.Name);
            if (boundVersions.TryGetValue(weight.Weight.Name, out int bound) && bound == version)
                continue;
            binding!.BindInput(weight.Initializer.Name, value);
            boundVersions[weight.Weight.Name] = version;
        }
    }

    private void Check(GraphValue declared, TensorValue? given)
    {
        if (given is null)
            throw new InferenceException($"{Graph.Name}: the input {declared} is missing.");
        bool fits =
            given.Shape.Count == declared.Rank
            && given.Type == declared.Type
            && declared.Shape.Zip(given.Shape).All(pair => !pair.First.IsFixed || pair.First.Size == pair.Second);
        if (!fits)
            throw new InferenceException($"{Graph.Name}: the input {declared} was given {given}.");
    }

    private static OrtValue Wrap(TensorValue value)
    {
        if (value.Type == ElementType.Int64)
            return OrtValue.CreateTensorValueFromMemory(value.Integers, [.. value.Shape]);
        if (value.Singles.Length == 0)
            return OrtValue.CreateTensorValueFromMemory(value.Singles, [.. value.Shape]);
        // The order in which the runtime adds depends on where an input begins in memory. Its own tensors begin alike, so
        // that equal inputs give equal results.
        OrtValue aligned = OrtValue.CreateAllocatedTensorValue(
            OrtAllocator.DefaultInstance,
            TensorElementType.Float,
            [.. value.Shape]
        );
        value.Singles.CopyTo(aligned.GetTensorMutableDataAsSpan<float>());
        return aligned;
    }

    private static TensorValue Copy(OrtValue value)
    {
        OrtTensorTypeAndShapeInfo type = value.GetTensorTypeAndShape();
        return type.ElementDataType == TensorElementType.Int64
            ? TensorValue.Of(value.GetTensorDataAsSpan<long>().ToArray(), type.Shape)
            : TensorValue.Of(value.GetTensorDataAsSpan<float>().ToArray(), type.Shape);
    }
}
