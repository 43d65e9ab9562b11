using System.Text.Json;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Architectures;
using Qua2SeDiMo.Graphs;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;

namespace Qua2SeDiMo.Verification;

/// <summary>
/// Reference cases of architectures: a folder with <c>config.json</c>, weights, <c>case.json</c>, <c>inputs.safetensors</c> and
/// <c>outputs.safetensors</c>. The graph is built from the configuration, run on the inputs and compared with the outputs.
/// </summary>
public static class ArchitectureCases
{
    /// <summary>Whether a folder has the layout of such a case.</summary>
    public static bool IsCase(string folder) =>
        File.Exists(Path.Combine(folder, "case.json")) && File.Exists(Path.Combine(folder, "config.json")) && File.Exists(Path.Combine(folder, "inputs.safetensors"));

    /// <summary>Runs one case.</summary>
    /// <param name="folder">The case's folder.</param>
    /// <param name="cancellationToken">Checked between the parts of an autoencoder.</param>
    /// <returns>One result per stored output; a case that cannot run gives one failed result that says why.</returns>
    public static IReadOnlyList<VerificationResult> Verify(string folder, CancellationToken cancellationToken = default)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
        return Comparison.Guard(name, () => Run(folder, name, cancellationToken));
    }

    private static List<VerificationResult> Run(string folder, string name, CancellationToken cancellationToken)
    {
        ComponentConfig description = ComponentConfig.Read(Path.Combine(folder, "case.json"));
        double tolerance = description.Object("tolerance").Number("max_abs_difference", 1e-4);
        ComponentConfig config = ComponentConfig.Read(Path.Combine(folder, "config.json"));
        using ITensorSource weights = ShardedTensors.Open(folder);
        using SafetensorsFile inputs = SafetensorsFile.Open(Path.Combine(folder, "inputs.safetensors"));
        using SafetensorsFile outputs = SafetensorsFile.Open(Path.Combine(folder, "outputs.safetensors"));
        Dictionary<string, string> arguments = Flatten(description.Root["call"] as JsonObject ?? throw new ModelFolderException($"{folder}/case.json: 'call' is missing."));
        var results = new Dictionary<string, TensorValue>(StringComparer.Ordinal);
        foreach (GraphPart part in ArchitectureCatalog.Find(config).Parts)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (part != GraphPart.Forward && !arguments.ContainsKey(part == GraphPart.Encode ? "sample" : "latent")) continue;
            foreach ((string output, TensorValue value) in RunPart(part, config, weights, inputs, arguments, outputs)) results[PublicName(output)] = value;
        }
        return [.. outputs.Tensors.Values.OrderBy(tensor => tensor.Name, StringComparer.Ordinal).Select(tensor => Compare(name, tensor, outputs, results, tolerance))];
    }

    private static IReadOnlyDictionary<string, TensorValue> RunPart(
        GraphPart part, ComponentConfig config, ITensorSource weights, SafetensorsFile inputs, Dictionary<string, string> arguments, SafetensorsFile wanted)
    {
        // The first four-axis argument of the part is its image.
        string[] candidates = part switch { GraphPart.Encode => ["sample"], GraphPart.Decode => ["latent"], _ => ["hidden_states", "sample", "pixel_values"] };
        IReadOnlyList<long>? image = candidates.Where(arguments.ContainsKey).Select(argument => inputs.Tensors.GetValueOrDefault(arguments[argument])?.Shape)
            .FirstOrDefault(shape => shape?.Count == 4);
        Graph graph = ArchitectureCatalog.Build(new BuildRequest(config, weights)
        {
            Part = part,
            Height = image is null ? null : checked((int)image[2]),
            Width = image is null ? null : checked((int)image[3]),
            OptionalInputs = arguments.Keys,
        });
        graph = graph.WithOutputs([.. graph.Outputs.Select(output => output.Name).Where(output => wanted.Tensors.ContainsKey(PublicName(output)))]);
        using var model = new InferenceModel(graph, weights);
        return model.Run(Bind(graph, inputs, arguments));
    }

    // A U-Net's result has the name of its input, which a graph cannot give to both.
    private static string PublicName(string output) => output == "out_sample" ? "sample" : output;

    private static Dictionary<string, TensorValue> Bind(Graph graph, SafetensorsFile inputs, Dictionary<string, string> arguments)
    {
        var bound = new Dictionary<string, TensorValue>(StringComparer.Ordinal);
        long batch = arguments.Values.Select(tensor => inputs.Tensors[tensor].Shape).Where(shape => shape.Count > 1).Select(shape => shape[0]).FirstOrDefault(1);
        foreach (GraphValue input in graph.Inputs)
        {
            if (arguments.TryGetValue(input.Name, out string? tensor)) bound[input.Name] = Read(inputs, tensor, input, batch);
            else if (input.Name.EndsWith("attention_mask", StringComparison.Ordinal)) bound[input.Name] = Ones(graph, input, inputs, arguments);
            else throw new ModelFolderException($"{inputs.FilePath}: the model needs '{input}', which the case does not give.");
        }
        return bound;
    }

    // A mask that the case leaves out means that every token counts.
    private static TensorValue Ones(Graph graph, GraphValue mask, SafetensorsFile inputs, Dictionary<string, string> arguments)
    {
        GraphValue tokens = graph.Inputs.First(input => input != mask && input.Rank >= 2 && input.Shape[0] == mask.Shape[0] && input.Shape[1] == mask.Shape[1]);
        IReadOnlyList<long> shape = [.. inputs.Tensors[arguments[tokens.Name]].Shape.Take(2)];
        int count = checked((int)(shape[0] * shape[1]));
        return mask.Type == ElementType.Int64 ? TensorValue.Of([.. Enumerable.Repeat(1L, count)], shape) : TensorValue.Of([.. Enumerable.Repeat(1f, count)], shape);
    }

    // A single number (a timestep for the whole batch) is repeated when the graph wants one per sample.
    private static TensorValue Read(SafetensorsFile inputs, string tensor, GraphValue input, long batch)
    {
        IReadOnlyList<long> shape = inputs.Tensors[tensor].Shape;
        bool isOne = input.Rank == 1 && !input.Shape[0].IsFixed && shape.All(extent => extent == 1);
        int copies = isOne ? checked((int)batch) : 1;
        if (isOne) shape = [batch];
        else if (shape.Count < input.Rank) shape = [1, .. shape];
        return input.Type == ElementType.Int64
            ? TensorValue.Of([.. Enumerable.Repeat(inputs.ReadInt64(tensor), copies).SelectMany(values => values)], shape)
            : TensorValue.Of([.. Enumerable.Repeat(inputs.ReadSingle(tensor), copies).SelectMany(values => values)], shape);
    }

    private static VerificationResult Compare(
        string name, TensorInfo tensor, SafetensorsFile outputs, Dictionary<string, TensorValue> results, double tolerance)
    {
        if (!results.TryGetValue(tensor.Name, out TensorValue? actual)) return Comparison.Failed(name, tensor.Name, "the graph has no such output");
        if (!actual.Shape.SequenceEqual(tensor.Shape))
        {
            return Comparison.Failed(name, tensor.Name, $"shape [{string.Join(", ", actual.Shape)}] instead of [{string.Join(", ", tensor.Shape)}]");
        }
        return Comparison.Of(name, tensor.Name, outputs.ReadSingle(tensor.Name), actual.Singles, tolerance);
    }

    // Argument names to stored tensors. Entries of dictionary arguments are known by their own key, those of tuples by the tensor's name.
    private static Dictionary<string, string> Flatten(JsonObject call)
    {
        var arguments = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((string argument, JsonNode? node) in call) Add(argument, node);
        return arguments;

        void Add(string argument, JsonNode? node)
        {
            if (node is JsonObject entry && entry["tensor"]?.GetValueKind() == JsonValueKind.String) arguments[argument] = entry["tensor"]!.GetValue<string>();
            else if (node is JsonObject nested) foreach ((string key, JsonNode? item) in nested) Add(key, item);
            else if (node is JsonArray tuple) foreach (JsonNode? item in tuple) Add(item?["tensor"]?.GetValue<string>() ?? argument, item);
        }
    }
}
