using Qua2SeDiMo.Gradients;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Tests.Graphs;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests.Gradients;

public sealed class GraphCutTests(ITestOutputHelper output)
{
    private const long Limit = 1L << 30;

    // A map of attention of Stable Diffusion 1.5 has half a gibibyte: a cut inside would pass it on.
    [Theory]
    [InlineData("sdv15-unet")]
    [InlineData("pixart-alpha-xl-2-512")]
    public void Parts_of_released_models_pass_on_little(string name)
    {
        Graph graph = ReleasedModels.Denoiser(name);
        using ITensorSource tensors = ReleasedModels.Tensors(name);
        Dictionary<string, TensorValue> inputs = graph.Inputs.ToDictionary(input => input.Name, Zeros);
        ShapedGraph shaped = ShapedGraph.Of(graph, tensors, inputs);
        string[] wanted = [.. graph.Weights.Select(weight => weight.Initializer.Name)];

        IReadOnlyList<CutPart> parts = GraphCut.Of(
            shaped,
            wanted,
            [graph.Outputs[0].Name],
            new ReverseOptions { ActivationBytes = Limit }
        );

        long Bytes(IEnumerable<string> values) => values.Sum(value => GraphCut.Bytes(shaped.Values[value]));
        long passed = Bytes(parts.SkipLast(1).SelectMany(part => part.Outputs)),
            largest = parts.Max(part => Bytes(part.Shaped.Graph.Nodes.SelectMany(node => node.Outputs)));
        output.WriteLine($"{parts.Count} parts, {passed >> 20} MiB passed on, the largest {largest >> 20} MiB");
        Assert.InRange(parts.Count, 3, 60);
        Assert.InRange(passed, 1, Limit / 2);
        Assert.InRange(largest, 1, 3 * Limit);
    }

    private static TensorValue Zeros(GraphValue input)
    {
        long[] shape =
        [
            .. input.Shape.Select(extent =>
                extent.IsFixed ? extent.Size
                : extent.Symbol == "batch" ? 1
                : 77
            ),
        ];
        long count = shape.Aggregate(1L, (product, extent) => product * extent);
        return input.Type == ElementType.Int64
            ? TensorValue.Of(new long[count], shape)
            : TensorValue.Of(new float[count], shape);
    }
}
