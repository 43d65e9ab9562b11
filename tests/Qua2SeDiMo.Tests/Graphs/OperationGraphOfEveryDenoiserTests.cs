using Qua2SeDiMo.Architectures;
using Qua2SeDiMo.Graphs.Operations;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;
using Qua2SeDiMo.Predictors.Data;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests.Graphs;

public sealed class OperationGraphOfEveryDenoiserTests(ITestOutputHelper output)
{
    public static TheoryData<string> Denoisers =>
        [
            "auraflow",
            "dit",
            "dit-legacy-class-name",
            "flux-dev",
            "flux-schnell",
            "hunyuan-dit-v1.1",
            "hunyuan-dit-v1.2",
            "lumina2",
            "pixart-alpha-1024-ms",
            "pixart-alpha-512",
            "pixart-sigma",
            "sana",
            "sd3",
            "sd35-qknorm-dual",
            "unet-sd15",
            "unet-sd21",
            "unet-sdxl",
        ];

    [Theory]
    [MemberData(nameof(Denoisers))]
    public void Every_weight_is_a_node_that_leads_somewhere_and_is_in_a_unit_that_can_be_scored(string model)
    {
        string folder = RepositoryFiles.Golden($"architectures/{model}");
        using ITensorSource tensors = SafetensorsFile.Open(Path.Combine(folder, "diffusion_pytorch_model.safetensors"));
        OperationGraph graph = OperationGraphBuilder.Build(
            ArchitectureCatalog.Build(
                new BuildRequest(ComponentConfig.Read(Path.Combine(folder, "config.json")), tensors)
            )
        );

        output.WriteLine(
            $"{graph.Nodes.Count} nodes, {graph.Edges.Count} edges, {graph.Weights.Count} weights; "
                + $"{string.Join(", ", graph.Nodes.CountBy(node => node.Kind).Select(pair => $"{pair.Value} {pair.Key.Text()}"))}"
        );
        output.WriteLine(
            string.Join(
                ", ",
                graph.Units.CountBy(unit => (unit.Kind, unit.Hop)).Select(pair => $"{pair.Value} {pair.Key}")
            )
        );

        Assert.Equal(graph.Weights.Count, graph.Nodes.Count(node => node.Kind == OperationKind.Weight));
        HashSet<int> sources = [.. graph.Edges.Select(edge => edge.Source)];
        Assert.Single(graph.Nodes.Where((_, i) => !sources.Contains(i)));
        Assert.All(graph.Edges, edge => Assert.True(edge.Source < edge.Target));
        Assert.All(
            Enumerable.Range(0, graph.Nodes.Count).Where(i => graph.Nodes[i].Weight >= 0),
            node => Assert.Contains(graph.Units, unit => unit.Nodes.Contains(node))
        );
        Assert.All(graph.Units, unit => Assert.InRange(unit.Nodes.Count(node => graph.Nodes[node].Weight >= 0), 1, 6));
        Assert.Equal(graph.Nodes.Count, TopologyBuilder.Build(graph).NodeCount);
    }
}
