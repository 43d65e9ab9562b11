using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Tests.Graphs;
using Xunit;

namespace Qua2SeDiMo.Tests.Architectures;

/// <summary>Graphs of released denoisers, built from their original configurations and tensor shapes.</summary>
public sealed class RealModelTests
{
    /// <summary>Name of the description, and bytes of the quantizable weights (method.md, section 2) at half
    /// precision.</summary>
    public static TheoryData<string, long> Models =>
        new()
        {
            { "dit-xl-2-512", 1_433_972_736 },
            { "sdv15-unet", 3_436_308_480 / 2 },
            { "sdxl-base-unet", 5_131_760_640 },
            { "hunyuan-dit-v1.0", 2_999_291_904 },
            { "hunyuan-dit-v1.2", 2_966_130_688 },
            { "pixart-alpha-xl-2-512", 1_220_456_448 },
            { "pixart-sigma-xl-2-1024-ms", 1_220_456_448 },
        };

    [Theory]
    [MemberData(nameof(Models))]
    public void Every_tensor_is_used_and_the_quantizable_bytes_are_exact(string name, long quantizableBytes)
    {
        RandomModelSpec spec = ReleasedModels.Spec(name);
        Graph graph = ReleasedModels.Denoiser(name);

        var used = graph
            .Initializers.OfType<Initializer.FromTensor>()
            .GroupBy(initializer => initializer.TensorName)
            .ToDictionary(group => group.Key, group => group.Sum(initializer => initializer.ElementCount));
        Assert.Equal(spec.Tensors.Select(tensor => tensor.Info.Name).Order(), used.Keys.Order());
        Assert.All(spec.Tensors, tensor => Assert.Equal(tensor.Info.ElementCount, used[tensor.Info.Name]));
        Assert.Equal(spec.ParameterCount, used.Values.Sum());
        Assert.Equal(quantizableBytes, 2 * graph.Weights.Sum(weight => weight.Weight.ElementCount));
    }

    [Fact]
    public void The_skips_of_Hunyuan_cut_their_weight_in_two()
    {
        Graph graph = ReleasedModels.Denoiser("hunyuan-dit-v1.0");

        string[] parts =
        [
            .. graph
                .Weights.Select(weight => weight.Weight)
                .Where(weight => weight.IsPart)
                .Select(weight => weight.Name),
        ];
        Assert.Equal(
            Enumerable
                .Range(21, 19)
                .SelectMany(block => new[] { $"blocks.{block}.skip_linear", $"blocks.{block}.skip_linear#1" }),
            parts
        );
    }
}
