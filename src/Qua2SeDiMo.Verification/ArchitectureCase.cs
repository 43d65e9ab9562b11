using System.Text.Json;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Architectures;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Verification;

/// <summary>A folder with a model and the arguments of one call of it.</summary>
internal sealed class ArchitectureCase : IDisposable
{
    private readonly SafetensorsFile inputs;
    private readonly Dictionary<string, string> arguments;

    private ArchitectureCase(
        ComponentConfig description,
        ComponentConfig config,
        ITensorSource weights,
        SafetensorsFile inputs,
        Dictionary<string, string> arguments
    ) =>
        (Description, Config, Weights, this.inputs, this.arguments) = (description, config, weights, inputs, arguments);

    /// <summary>Content of <c>case.json</c>.</summary>
    internal ComponentConfig Description { get; }

    internal ComponentConfig Config { get; }

    internal ITensorSource Weights { get; }

    /// <exception cref="Q2Exception">A file of the case is missing or damaged.</exception>
    internal static ArchitectureCase Open(string folder)
    {
        ComponentConfig description = ComponentConfig.Read(Path.Combine(folder, "case.json"));
        ComponentConfig config = ComponentConfig.Read(Path.Combine(folder, "config.json"));
        Dictionary<string, string> arguments = Flatten(
            description.Root["call"] as JsonObject
                ?? throw new ModelFolderException($"{folder}/case.json: 'call' is missing.")
        );
        ShardedTensors weights = ShardedTensors.Open(folder);
        try
        {
            return new ArchitectureCase(
                description,
                config,
                weights,
                SafetensorsFile.Open(Path.Combine(folder, "inputs.safetensors")),
                arguments
            );
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>Whether the call has an argument.</summary>
    internal bool Has(string argument) => arguments.ContainsKey(argument);

    /// <summary>The stored value of a single-precision argument.</summary>
    internal TensorValue Tensor(string argument) =>
        TensorValue.Of(inputs.ReadSingle(arguments[argument]), inputs.Tensors[arguments[argument]].Shape);

    /// <summary>Builds the graph of a part of the model, for the extents of the case's image or of the given
    /// one.</summary>
    internal Graph Build(GraphPart part, IReadOnlyList<long>? image = null)
    {
        // The image of a part is its first argument of rank 4.
        string[] candidates = part switch
        {
            GraphPart.Encode => ["sample"],
            GraphPart.Decode => ["latent"],
            _ => ["hidden_states", "sample", "pixel_values"],
        };
        image ??= candidates
            .Where(Has)
            .Select(argument => inputs.Tensors.GetValueOrDefault(arguments[argument])?.Shape)
            .FirstOrDefault(shape => shape?.Count == 4);
        return ArchitectureCatalog.Build(
            new BuildRequest(Config, Weights)
            {
                Part = part,
                Height = image is null ? null : checked((int)image[2]),
                Width = image is null ? null : checked((int)image[3]),
                OptionalInputs = arguments.Keys,
            }
        );
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        inputs.Dispose();
        Weights.Dispose();
    }

    /// <summary>Name of an output in the reference. A U-Net's output and input are both called "sample", so a graph
    /// names the output "out_sample".</summary>
    internal static string PublicName(string output) => output == "out_sample" ? "sample" : output;

    /// <summary>The case's inputs in the types and shapes of a graph's inputs.</summary>
    internal Dictionary<string, TensorValue> Bind(Graph graph)
    {
        var bound = new Dictionary<string, TensorValue>(StringComparer.Ordinal);
        long batch = arguments
            .Values.Select(tensor => inputs.Tensors[tensor].Shape)
            .Where(shape => shape.Count > 1)
            .Select(shape => shape[0])
            .FirstOrDefault(1);
        foreach (GraphValue input in graph.Inputs)
        {
            if (arguments.TryGetValue(input.Name, out string? tensor))
                bound[input.Name] = Read(inputs, tensor, input, batch);
            else if (input.Name.EndsWith("attention_mask", StringComparison.Ordinal))
                bound[input.Name] = Ones(graph, input);
            else
                throw new ModelFolderException(
                    $"{inputs.FilePath}: the model needs '{input}', which the case does not give."
                );
        }
        return bound;
    }

    // If the case has no mask, all tokens count.
    private TensorValue Ones(Graph graph, GraphValue mask)
    {
        GraphValue tokens = graph.Inputs.First(input =>
            input != mask && input.Rank >= 2 && input.Shape[0] == mask.Shape[0] && input.Shape[1] == mask.Shape[1]
        );
        IReadOnlyList<long> shape = [.. inputs.Tensors[arguments[tokens.Name]].Shape.Take(2)];
        int count = checked((int)(shape[0] * shape[1]));
        return mask.Type == ElementType.Int64
            ? TensorValue.Of([.. Enumerable.Repeat(1L, count)], shape)
            : TensorValue.Of([.. Enumerable.Repeat(1f, count)], shape);
    }

    // A single number (a timestep for the whole batch) is repeated if the graph takes one per sample.
    private static TensorValue Read(SafetensorsFile inputs, string tensor, GraphValue input, long batch)
    {
        IReadOnlyList<long> shape = inputs.Tensors[tensor].Shape;
        bool isOne = input.Rank == 1 && !input.Shape[0].IsFixed && shape.All(extent => extent == 1);
        int copies = isOne ? checked((int)batch) : 1;
        if (isOne)
            shape = [batch];
        else if (shape.Count < input.Rank)
            shape = [1, .. shape];
        return input.Type == ElementType.Int64
            ? TensorValue.Of(
                [.. Enumerable.Repeat(inputs.ReadInt64(tensor), copies).SelectMany(values => values)],
                shape
            )
            : TensorValue.Of(
                [.. Enumerable.Repeat(inputs.ReadSingle(tensor), copies).SelectMany(values => values)],
                shape
            );
    }

    // Maps argument names to stored tensors. Entries of dictionaries are named by their key, entries of tuples by the
    // tensor.
    private static Dictionary<string, string> Flatten(JsonObject call)
    {
        var arguments = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((string argument, JsonNode? node) in call)
            Add(argument, node);
        return arguments;

        void Add(string argument, JsonNode? node)
        {
            if (node is JsonObject entry && entry["tensor"]?.GetValueKind() == JsonValueKind.String)
                arguments[argument] = entry["tensor"]!.GetValue<string>();
            else if (node is JsonObject nested)
                foreach ((string key, JsonNode? item) in nested)
                    Add(key, item);
            else if (node is JsonArray tuple)
                foreach (JsonNode? item in tuple)
                    Add(item?["tensor"]?.GetValue<string>() ?? argument, item);
        }
    }
}
