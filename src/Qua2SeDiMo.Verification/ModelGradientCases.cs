using System.Text.Json;
using Qua2SeDiMo.Architectures;
using Qua2SeDiMo.Gradients;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Verification;

/// <summary>
/// Gradients of denoisers and decoders (golden/gradients): <c>NAME.json</c> and <c>NAME.safetensors</c>, for the
/// architecture case of that name in a folder <c>architectures</c> above or beside. Compares gradients of inputs and,
/// for every weight and item, the gradient's norm and its product with a rounding of the weight.
/// </summary>
internal static class ModelGradientCases
{
    private const string Cases = "architectures";

    /// <summary>Runs one case.</summary>
    /// <param name="path">The JSON file.</param>
    /// <param name="cancellationToken">Checked between the outputs of an autoencoder.</param>
    public static IReadOnlyList<VerificationResult> Verify(string path, CancellationToken cancellationToken = default)
    {
        string name = Path.GetFileNameWithoutExtension(path);
        return Comparison.Guard(name, () => Run(path, name, cancellationToken));
    }

    private static List<VerificationResult> Run(string path, string name, CancellationToken cancellationToken)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        JsonElement root = document.RootElement;
        using SafetensorsFile stored = SafetensorsFile.Open(Path.ChangeExtension(path, ".safetensors"));
        string folder = Find(path, root.GetProperty("case").GetString()!);
        using var model = ArchitectureCase.Open(folder);
        var results = new List<VerificationResult>();
        if (root.TryGetProperty("weights", out JsonElement weights))
            new DenoiserGradients(name, model, stored, results).Run(root.GetProperty("inputs"), weights);
        if (!root.TryGetProperty("gradients", out JsonElement pairs))
            return results;
        foreach (JsonElement pair in pairs.EnumerateArray())
        {
            cancellationToken.ThrowIfCancellationRequested();
            results.Add(Decoder(name, model, stored, pair));
        }
        return results;
    }

    // Gradient of one output of an autoencoder with respect to one input.
    private static VerificationResult Decoder(
        string name,
        ArchitectureCase model,
        SafetensorsFile stored,
        JsonElement pair
    )
    {
        string output = pair.GetProperty("output").GetString()!,
            input = pair.GetProperty("input").GetString()!;
        string expected = pair.GetProperty("stored_as").GetString()!,
            cotangent = pair.GetProperty("cotangent").GetString()!;
        TensorValue given = stored.Tensors.ContainsKey(input) ? Tensor(stored, input) : model.Tensor(input);
        Graph graph = model.Build(GraphPart.Decode, given.Shape);
        string place = graph.Inputs[0].Name;
        using var binding = new WeightBinding(graph.Weights, model.Weights);
        using var pass = new ReversePass(
            graph,
            model.Weights,
            binding,
            [output],
            new ReverseOptions { Inputs = [place], Weights = [] }
        );
        IReadOnlyDictionary<string, TensorValue> results = pass.Run(
            new Dictionary<string, TensorValue>(StringComparer.Ordinal) { [place] = given },
            new Dictionary<string, TensorValue>(StringComparer.Ordinal) { [output] = Tensor(stored, cotangent) }
        );
        return Comparison.OfNorm(
            name,
            $"{output} in {input}",
            stored.ReadSingle(expected),
            results[place].Singles,
            pair.GetProperty("tolerance").GetDouble()
        );
    }

    private static TensorValue Tensor(SafetensorsFile file, string name) =>
        TensorValue.Of(file.ReadSingle(name), file.Tensors[name].Shape);

    private static string Find(string path, string name)
    {
        for (DirectoryInfo? place = new FileInfo(path).Directory; place is not null; place = place.Parent)
        {
            string found = Path.Combine(place.FullName, Cases, name);
            if (name.Length > 0 && Directory.Exists(found))
                return found;
        }
        throw new ModelFolderException(
            $"{path}: its architecture case '{name}' was not found in a folder '{Cases}' beside it or further up."
        );
    }
}
