using Qua2SeDiMo.Graphs.Operations;
using Xunit;

namespace Qua2SeDiMo.Tests.Graphs;

public sealed class UnitCountTests
{
    [Theory]
    [InlineData("pixart-alpha-xl-2-512", 116, 39_576)]
    [InlineData("sdxl-base-unet", 243, 343_458)]
    [InlineData("sdv15-unet", 93, 256_488)]
    [InlineData("dit-xl-2-512", 58, 257_688)]
    [InlineData("hunyuan-dit-v1.0", 182, 356_292)]
    public void Every_weight_lies_in_exactly_one_unit_and_the_combinations_are_as_documented(
        string name,
        int units,
        long combinations
    )
    {
        OperationGraph graph = OperationGraphBuilder.Build(ReleasedModels.Denoiser(name));
        int[][] weights =
        [
            .. graph.Units.Select(unit =>
                unit.Nodes.Select(node => graph.Nodes[node].Weight).Where(weight => weight >= 0).ToArray()
            ),
        ];
        Assert.Equal(Enumerable.Range(0, graph.Weights.Count), weights.SelectMany(unit => unit).Order());
        Assert.Equal((units, combinations), (weights.Length, weights.Sum(unit => (long)Math.Pow(6, unit.Length))));
    }
}
