using System.Text.Json.Nodes;
using Qua2SeDiMo.Architectures;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Graphs.Onnx;
using Qua2SeDiMo.Graphs.Operations;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;
using Qua2SeDiMo.Tests.Verification;
using Qua2SeDiMo.Verification;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests.Graphs;

public sealed class OnnxExportTests(ITestOutputHelper output)
{
    public static TheoryData<string> Exports =>
        [
            "dit.dynamo",
            "dit.torchscript",
            "pixart-alpha-512.torchscript",
            "unet-sd15.dynamo",
            "unet-sd15.torchscript",
            "unet-sdxl.dynamo",
            "unet-sdxl.torchscript",
        ];

    [Theory]
    [MemberData(nameof(Exports))]
    public void An_export_has_the_weights_and_the_sensitivity_graph_of_its_checkpoint(string export)
    {
        using OnnxModel model = Open(export, out JsonNode description);
        string folder = RepositoryFiles.Golden($"architectures/{description["golden_case"]!.GetValue<string>()}");
        using SafetensorsFile checkpoint = SafetensorsFile.Open(
            Path.Combine(folder, "diffusion_pytorch_model.safetensors")
        );
        IReadOnlyList<Dimension> image = model
            .Graph.Inputs.Single(input => input.Name is "sample" or "hidden_states")
            .Shape;
        Graph expected = ArchitectureCatalog.Build(
            new BuildRequest(ComponentConfig.Read(Path.Combine(folder, "config.json")), checkpoint)
            {
                Height = (int)image[2].Size,
                Width = (int)image[3].Size,
            }
        );

        Assert.Equal(
            expected.Weights.Select(weight => Describe(weight.Weight)).Order(StringComparer.Ordinal),
            model.Graph.Weights.Select(weight => Describe(weight.Weight)).Order(StringComparer.Ordinal)
        );
        foreach (GraphWeight weight in expected.Weights)
        {
            GraphWeight own = model.Graph.Weights.Single(candidate => candidate.Weight.Name == weight.Weight.Name);
            Assert.Equal(
                checkpoint.ReadSingle(weight.Weight.TensorName),
                model.Tensors.ReadSingle(own.Weight.TensorName)
            );
            float[] theirs = new float[weight.Initializer.ElementCount],
                ours = new float[weight.Initializer.ElementCount];
            InitializerData.ReadSingle(weight.Initializer, checkpoint, theirs);
            InitializerData.ReadSingle(own.Initializer, model.Tensors, ours);
            Assert.Equal(theirs, ours);
        }
        string[] difference =
        [
            .. Lines(OperationGraphBuilder.Build(expected))
                .Except(Lines(OperationGraphBuilder.Build(model.Graph)))
                .Select(line => $"- {line}"),
            .. Lines(OperationGraphBuilder.Build(model.Graph))
                .Except(Lines(OperationGraphBuilder.Build(expected)))
                .Select(line => $"+ {line}"),
        ];
        foreach (string line in difference)
            output.WriteLine(line);
        Assert.Empty(difference);
    }

    [Theory]
    [MemberData(nameof(Exports))]
    public void An_export_gives_the_outputs_of_its_reference_with_lifted_weights(string export) =>
        VerificationAssert.AllPass(OnnxExportCases.Verify(RepositoryFiles.Golden($"onnx-exports/{export}")), output);

    private static OnnxModel Open(string export, out JsonNode description)
    {
        string folder = RepositoryFiles.Golden($"onnx-exports/{export}");
        description = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "case.json")))!;
        return OnnxReader.Read(Directory.EnumerateFiles(folder, "model.onnx", SearchOption.AllDirectories).Single());
    }

    private static string Describe(QuantizableWeight weight) =>
        $"{weight.Name} {weight.Operator} [{string.Join(", ", weight.Shape)}] {weight.TensorName} "
        + $"{weight.InputStart}/{weight.TensorInputs} {weight.TiedTo}";

    // One line per node with its kind and sources, independent of the names of combine nodes.
    private static IEnumerable<string> Lines(OperationGraph graph)
    {
        var names = new string[graph.Nodes.Count];
        for (int i = 0; i < names.Length; i++)
        {
            OperationNode node = graph.Nodes[i];
            string[] sources =
            [
                .. graph
                    .Edges.Where(edge => edge.Target == i)
                    .Select(edge => names[edge.Source])
                    .Order(StringComparer.Ordinal),
            ];
            byte[] content = System.Text.Encoding.UTF8.GetBytes(string.Join('|', sources));
            string hash = Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(content))[..8];
            names[i] = node.Kind == OperationKind.Weight ? node.Name : $"{node.Kind.Text()}-{hash}";
            yield return $"{names[i]} at {node.Position.BlockName}/{node.Position.Transformer}/{node.Position.LayerType} <- "
                + $"{string.Join(", ", sources)}";
        }
        foreach (OperationUnit unit in graph.Units)
            yield return $"unit {unit.Kind} {unit.Hop}: "
                + $"{string.Join(", ", unit.Nodes.Select(node => names[node]).Order(StringComparer.Ordinal))}";
    }
}
