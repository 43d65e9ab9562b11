using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Graphs.Operations;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Studies.Sampling;
using Xunit;

namespace Qua2SeDiMo.Tests.Graphs;

public sealed class ReleasedModelTests
{
    [Theory]
    [InlineData("dit-xl-2-512", 1_433_972_736L, 16)]
    [InlineData("pixart-alpha-xl-2-512", 1_220_456_448L, 16)]
    [InlineData("pixart-sigma-xl-2-1024-ms", 1_220_456_448L, 16)]
    [InlineData("hunyuan-dit-v1.0", 2_999_291_904L, 16)]
    [InlineData("sdv15-unet", 3_436_308_480L, 32)]
    [InlineData("sdxl-base-unet", 5_131_760_640L, 16)]
    public void Quantizable_bytes_are_those_of_the_method(string model, long bytes, int originalBits)
    {
        Graph graph = ReleasedModels.Denoiser(model);
        Assert.Equal(bytes, graph.Weights.Sum(weight => weight.Weight.ElementCount) * originalBits / 8);
        Assert.Equal(
            bytes,
            BitAllocation.FullPrecision.SizeBytes(graph.Weights.Select(weight => weight.Weight), originalBits)
        );
    }

    [Theory]
    [InlineData("dit-xl-2-512")]
    [InlineData("pixart-alpha-xl-2-512")]
    [InlineData("pixart-alpha-xl-2-1024-ms")]
    [InlineData("pixart-sigma-xl-2-1024-ms")]
    [InlineData("hunyuan-dit-v1.0")]
    [InlineData("hunyuan-dit-v1.2")]
    [InlineData("sdv15-unet")]
    [InlineData("sdxl-base-unet")]
    public void Every_released_parameter_enters_the_graph_once(string model)
    {
        RandomModelSpec spec = ReleasedModels.Spec(model);
        Graph graph = ReleasedModels.Denoiser(model);
        // Class tables of DiT and other embedding tables count as parameters too; each DiT block reads its own.
        Assert.Equal(
            spec.ParameterCount,
            graph.Initializers.OfType<Initializer.FromTensor>().Sum(initializer => initializer.ElementCount)
        );
        OperationGraph dag = OperationGraphBuilder.Build(graph);
        Assert.All(
            Enumerable.Range(0, dag.Weights.Count),
            weight => Assert.Contains(dag.Units, unit => unit.Nodes.Any(node => dag.Nodes[node].Weight == weight))
        );
    }

    [Fact]
    public void Embedders_that_every_block_of_DiT_stores_share_the_option_of_the_first()
    {
        Graph graph = ReleasedModels.Denoiser("dit-xl-2-512");
        QuantizableWeight[] weights = [.. graph.Weights.Select(weight => weight.Weight)];
        Assert.Equal(54, weights.Count(weight => weight.TiedTo is not null));
        OperationGraph dag = OperationGraphBuilder.Build(graph);
        Assert.Equal(201, dag.Weights.Count);

        var space = new AllocationSpace(weights, 16);
        Assert.Equal(dag.Weights.Select(weight => weight.Name), space.WeightNames);
        Assert.Equal(1_433_972_736L, space.OriginalSizeBytes);
        BitAllocation allocation = space.Allocation([.. space.WeightNames.Select((_, i) => i % 6)]);
        Assert.Equal(weights.Length, allocation.Specs.Count);
        Assert.All(
            weights.Where(weight => weight.TiedTo is not null),
            weight => Assert.Equal(allocation[weight.TiedTo!], allocation[weight.Name])
        );
        Assert.Equal(
            allocation.SizeBytes(weights, 16),
            space.WeightNames.Select((_, i) => space.SizeBytes(i, i % 6)).Sum()
        );
    }
}
