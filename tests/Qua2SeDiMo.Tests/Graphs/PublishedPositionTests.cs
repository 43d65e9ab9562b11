using System.Text.Json.Nodes;
using Qua2SeDiMo.Graphs.Operations;
using Xunit;

namespace Qua2SeDiMo.Tests.Graphs;

/// <summary>Compares positions from module paths with the codes in the published graphs, which were assigned by
/// hand.</summary>
public sealed class PublishedPositionTests
{
    private static readonly string[] Stages = ["down", "mid", "up"];

    [Theory]
    [InlineData("pixart", "pixart-alpha-xl-2-512")]
    [InlineData("dit", "dit-xl-2-512")]
    [InlineData("hunyuan", "hunyuan-dit-v1.0")]
    public void Blocks_of_transformers_are_numbered_alike_and_layer_types_correspond_one_to_one(
        string family,
        string model
    )
    {
        (OperationNode Ours, double[] Codes)[] pairs = Pairs(family, model);
        Assert.All(pairs, pair => Assert.Equal(pair.Codes[0], pair.Ours.Position.Block));
        Assert.All(
            pairs.GroupBy(pair => pair.Ours.Position.LayerType),
            group => Assert.Single(group.Select(pair => pair.Codes[1]).Distinct())
        );
        Assert.All(
            pairs.GroupBy(pair => pair.Codes[1]),
            group => Assert.Single(group.Select(pair => pair.Ours.Position.LayerType).Distinct())
        );
    }

    [Theory]
    [InlineData("sdv15", "sdv15-unet", false)]
    [InlineData("sdxl", "sdxl-base-unet", true)]
    public void Stages_of_a_UNet_are_alike_and_its_blocks_and_layer_types_no_coarser(
        string family,
        string model,
        bool hasTransformers
    )
    {
        (OperationNode Ours, double[] Codes)[] inside =
        [
            .. Pairs(family, model).Where(pair => pair.Ours.Position.Block >= 0),
        ];
        Assert.All(inside, pair => Assert.Equal(pair.Codes[0], Array.IndexOf(Stages, pair.Ours.Position.Stage)));
        Assert.All(
            inside.GroupBy(pair => pair.Ours.Position.LayerType),
            group => Assert.Single(group.Select(pair => pair.Codes[^1]).Distinct())
        );
        // The published SD 1.5 graph numbers the transformer of the middle block separately from the resnet block
        // before it; elsewhere they are one block, as here.
        Assert.All(
            inside
                .Where(pair => hasTransformers || pair.Ours.Position.Stage != "mid")
                .GroupBy(pair => (pair.Ours.Position.Stage, pair.Ours.Position.Block)),
            group => Assert.Single(group.Select(pair => pair.Codes[1]).Distinct())
        );
        if (hasTransformers)
            Assert.All(inside, pair => Assert.Equal(pair.Codes[2], pair.Ours.Position.Transformer));
    }

    // Every weight in both graphs, with its published codes.
    private static (OperationNode Ours, double[] Codes)[] Pairs(string family, string model)
    {
        OperationGraph graph = OperationGraphBuilder.Build(ReleasedModels.Denoiser(model));
        var ours = graph.Nodes.Where(node => node.Weight >= 0).ToDictionary(node => node.Name);
        JsonArray nodes = JsonNode.Parse(File.ReadAllText(RepositoryFiles.Golden($"dags/{family}.json")))![
            "nodes"
        ]!.AsArray();
        (OperationNode, double[])[] pairs =
        [
            .. nodes
                .Where(node => node!["weight"]!.GetValue<bool>() && ours.ContainsKey(node["name"]!.GetValue<string>()))
                .Select(node =>
                    (
                        ours[node!["name"]!.GetValue<string>()],
                        node["position_codes"]!.AsArray().Select(code => code!.GetValue<double>()).ToArray()
                    )
                ),
        ];
        Assert.True(pairs.Length > 0.95 * ours.Count);
        return pairs;
    }
}
