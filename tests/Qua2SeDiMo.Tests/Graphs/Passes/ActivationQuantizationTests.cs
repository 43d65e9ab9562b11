using Qua2SeDiMo.Architectures;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Graphs.Passes;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;
using Qua2SeDiMo.Numerics;
using Xunit;

namespace Qua2SeDiMo.Tests.Graphs.Passes;

public sealed class ActivationQuantizationTests
{
    [Theory]
    [InlineData(8)]
    [InlineData(6)]
    public void Rows_that_meet_a_linear_weight_are_rounded_as_the_quantizer_rounds_them(int bits)
    {
        // With the identity as weight, the output equals the weight's quantized input.
        float[] identity = [.. Enumerable.Range(0, 16 * 16).Select(i => i % 17 == 0 ? 1f : 0f)];
        var checkpoint = new MemoryTensors().With("eye.weight", identity, 16, 16);
        var g = new GraphBuilder("Rows", checkpoint);
        g.Output("y", g.Linear("eye", g.Input("x", ElementType.Float32, "batch", "tokens", 16), 16, bias: false));
        var random = new Pcg32(5);
        float[] x = [.. Enumerable.Range(0, 3 * 16).Select(i => i < 16 ? 0.25f : (float)random.NextNormal())];

        float[] y = Run(ActivationQuantization.Apply(g.Build(), bits), checkpoint, TensorValue.Of(x, 1, 3, 16));

        float[] expected = new float[x.Length];
        ActivationQuantizer.Quantize(x, 16, bits, expected);
        for (int i = 0; i < x.Length; i++)
            Assert.Equal(expected[i], y[i], 1e-6f);
        Assert.Equal(x[..16], y[..16]);
    }

    [Fact]
    public void An_image_is_rounded_channel_by_channel()
    {
        var checkpoint = new MemoryTensors().With("eye.weight", [1f, 0f, 0f, 1f], 2, 2, 1, 1);
        var g = new GraphBuilder("Image", checkpoint);
        g.Output("y", g.Conv2d("eye", g.Input("x", ElementType.Float32, "batch", 2, 4, 4), 2, 1, bias: false));
        var random = new Pcg32(6);
        float[] x = [.. Enumerable.Range(0, 64).Select(_ => (float)random.NextNormal())];

        float[] y = Run(ActivationQuantization.Apply(g.Build(), 6), checkpoint, TensorValue.Of(x, 2, 2, 4, 4));

        float[] expected = new float[x.Length];
        ActivationQuantizer.Quantize(x, 16, 6, expected);
        Assert.Equal(expected.Length, y.Length);
        for (int i = 0; i < x.Length; i++)
            Assert.Equal(expected[i], y[i], 1e-6f);
    }

    [Fact]
    public void A_value_that_meets_several_weights_is_rounded_once_and_weights_stay()
    {
        string folder = RepositoryFiles.Golden("architectures/pixart-alpha-512");
        using SafetensorsFile checkpoint = SafetensorsFile.Open(
            Path.Combine(folder, "diffusion_pytorch_model.safetensors")
        );
        Graph graph = ArchitectureCatalog.Build(
            new BuildRequest(ComponentConfig.Read(Path.Combine(folder, "config.json")), checkpoint)
        );

        Graph rounded = ActivationQuantization.Apply(graph, 8);

        Assert.Equal(graph.Weights, rounded.Weights);
        int sources = graph
            .Nodes.Where(node => graph.Weights.Any(weight => node.Inputs.Contains(weight.Initializer.Name)))
            .Select(node => node.Inputs[0])
            .Distinct()
            .Count();
        Assert.Equal(sources, rounded.Nodes.Count(node => node.OpType == "ReduceMin"));
        Assert.True(sources < graph.Weights.Count);
    }

    [Fact]
    public void Layers_of_one_input_are_rounded_each_to_its_own_bits()
    {
        float[] identity = [.. Enumerable.Range(0, 16 * 16).Select(i => i % 17 == 0 ? 1f : 0f)];
        MemoryTensors checkpoint = new MemoryTensors()
            .With("a.weight", identity, 16, 16)
            .With("b.weight", identity, 16, 16)
            .With("c.weight", identity, 16, 16);
        var g = new GraphBuilder("Rows", checkpoint);
        GraphValue input = g.Input("x", ElementType.Float32, "batch", 16);
        g.Output(
            "y",
            g.Concat(
                1,
                g.Linear("a", input, 16, bias: false),
                g.Linear("b", input, 16, bias: false),
                g.Linear("c", input, 16, bias: false)
            )
        );
        var random = new Pcg32(5);
        float[] x = [.. Enumerable.Range(0, 16).Select(_ => (float)random.NextNormal())];

        Graph rounded = ActivationQuantization.Apply(
            g.Build(),
            weight =>
                weight switch
                {
                    "a" => 8,
                    "b" => 4,
                    _ => null,
                }
        );
        float[] y = Run(rounded, checkpoint, TensorValue.Of(x, 1, 16));

        foreach ((int bits, int at) in new[] { (8, 0), (4, 16) })
        {
            float[] expected = new float[16];
            ActivationQuantizer.Quantize(x, 16, bits, expected);
            Assert.NotEqual(x, expected);
            for (int i = 0; i < 16; i++)
                Assert.Equal(expected[i], y[at + i], 1e-6f);
        }
        Assert.Equal(x, y[32..]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(9)]
    public void Bits_out_of_range_are_refused(int bits) =>
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            ActivationQuantization.Apply(GraphBuilderTests.SmallGraph(), bits)
        );

    private static float[] Run(Graph graph, ITensorSource checkpoint, TensorValue x)
    {
        using var model = new InferenceModel(graph, checkpoint);
        return model.Run(new Dictionary<string, TensorValue> { ["x"] = x })["y"].Singles;
    }
}
