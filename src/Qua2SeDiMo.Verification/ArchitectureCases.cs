using Qua2SeDiMo.Architectures;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Models;

namespace Qua2SeDiMo.Verification;

/// <summary>
/// Reference cases of architectures: a folder with <c>config.json</c>, weights, <c>case.json</c>,
/// <c>inputs.safetensors</c> and <c>outputs.safetensors</c>. The graph is built from the configuration, run on the
/// inputs and compared with the outputs.
/// </summary>
internal static class ArchitectureCases
{
    /// <summary>Runs one case.</summary>
    /// <param name="folder">The case's folder.</param>
    /// <param name="cancellationToken">Checked between the parts of an autoencoder.</param>
    /// <returns>One result per stored output; if the case cannot run, one failed result with the reason.</returns>
    public static IReadOnlyList<VerificationResult> Verify(string folder, CancellationToken cancellationToken = default)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
        return Comparison.Guard(name, () => Run(folder, name, cancellationToken));
    }

    private static List<VerificationResult> Run(string folder, string name, CancellationToken cancellationToken)
    {
        using ArchitectureCase given = ArchitectureCase.Open(folder);
        double tolerance = given.Description.Object("tolerance").Number("max_abs_difference", 1e-4);
        using SafetensorsFile outputs = SafetensorsFile.Open(Path.Combine(folder, "outputs.safetensors"));
        var results = new Dictionary<string, TensorValue>(StringComparer.Ordinal);
        foreach (GraphPart part in ArchitectureCatalog.Find(given.Config).Parts)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (part != GraphPart.Forward && !given.Has(part == GraphPart.Encode ? "sample" : "latent"))
                continue;
            Graph graph = given.Build(part);
            graph = graph.WithOutputs([
                .. graph
                    .Outputs.Select(output => output.Name)
                    .Where(output => outputs.Tensors.ContainsKey(ArchitectureCase.PublicName(output))),
            ]);
            using var model = new InferenceModel(graph, given.Weights);
            foreach ((string output, TensorValue value) in model.Run(given.Bind(graph)))
                results[ArchitectureCase.PublicName(output)] = value;
        }
        return
        [
            .. outputs
                .Tensors.Values.OrderBy(tensor => tensor.Name, StringComparer.Ordinal)
                .Select(tensor => Compare(name, tensor, outputs, results, tolerance)),
        ];
    }

    private static VerificationResult Compare(
        string name,
        TensorInfo tensor,
        SafetensorsFile outputs,
        Dictionary<string, TensorValue> results,
        double tolerance
    )
    {
        if (!results.TryGetValue(tensor.Name, out TensorValue? actual))
            return Comparison.Failed(name, tensor.Name, "the graph has no such output");
        if (!actual.Shape.SequenceEqual(tensor.Shape))
        {
            return Comparison.Failed(
                name,
                tensor.Name,
                $"shape [{string.Join(", ", actual.Shape)}] instead of [{string.Join(", ", tensor.Shape)}]"
            );
        }
        return Comparison.Of(name, tensor.Name, outputs.ReadSingle(tensor.Name), actual.Singles, tolerance);
    }
}
