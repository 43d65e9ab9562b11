using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Graphs.Passes;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Kernels.Operators;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Quantizers.Bank;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests.Inference.Operators;

public sealed class PaletteOperatorTests(ITestOutputHelper output)
{
    public static TheoryData<string> Options => new(QuantizerSpec.PaperOptions.Select(spec => spec.ToString()));

    [Theory]
    [MemberData(nameof(Options))]
    public void A_linear_layer_gives_what_its_reconstructed_weight_gives(string option)
    {
        (Graph graph, MemoryTensors checkpoint) = Linear(33, 21, bias: true);
        PaletteSource source = PaletteFixture.Quantize(graph, checkpoint, Spec(option));
        TensorValue x = PaletteFixture.Random(3, 2, 5, 33);

        TensorValue found = PaletteFixture.Run(PaletteProgram.Rewrite(graph, source), checkpoint, x);

        TensorValue expected = PaletteFixture.RunReconstructed(graph, checkpoint, source, x);
        Assert.Equal(expected.Shape, found.Shape);
        AssertClose(expected, found, 2e-6);
    }

    [Theory]
    [InlineData(8)]
    [InlineData(6)]
    public void Integer_activations_stay_near_those_that_are_rounded_in_single_precision(int bits)
    {
        (Graph graph, MemoryTensors checkpoint) = Linear(96, 40, bias: true);
        PaletteSource source = PaletteFixture.Quantize(graph, checkpoint, Spec("kmeans-c-4"));
        TensorValue x = PaletteFixture.Random(4, 3, 7, 96);

        TensorValue found = PaletteFixture.Run(
            PaletteProgram.Rewrite(graph, source, ActivationAllocation.Everywhere(bits)),
            checkpoint,
            x
        );

        // Palette entries are rounded to 8 bits, which changes a sum of 96 products by much less than one quantization
        // step of the activations.
        AssertClose(
            PaletteFixture.RunReconstructed(ActivationQuantization.Apply(graph, bits), checkpoint, source, x),
            found,
            8e-3
        );
    }

    [Theory]
    [InlineData(3, 1, 1, "uaq-3")]
    [InlineData(3, 2, 1, "kmeans-a-4")]
    [InlineData(1, 1, 0, "kmeans-c-3")]
    [InlineData(2, 2, 0, "kmeans-c-4")]
    public void A_convolution_gives_what_its_reconstructed_kernel_gives(
        int kernel,
        int stride,
        int padding,
        string option
    )
    {
        var checkpoint = new MemoryTensors()
            .WithRandom("conv.weight", 1, 7, 5, kernel, kernel)
            .WithRandom("conv.bias", 2, 7);
        var g = new GraphBuilder("Image", checkpoint);
        g.Output(
            "y",
            g.Conv2d("conv", g.Input("x", ElementType.Float32, "batch", 5, 9, 11), 7, kernel, stride, padding)
        );
        Graph graph = g.Build();
        PaletteSource source = PaletteFixture.Quantize(graph, checkpoint, Spec(option));
        TensorValue x = PaletteFixture.Random(5, 2, 5, 9, 11);

        Graph packed = PaletteProgram.Rewrite(graph, source);

        Assert.Equal(PaletteOperatorNames.Conv, Assert.Single(packed.Nodes).OpType);
        TensorValue expected = PaletteFixture.RunReconstructed(graph, checkpoint, source, x),
            found = PaletteFixture.Run(packed, checkpoint, x);
        Assert.Equal(expected.Shape, found.Shape);
        AssertClose(expected, found, 2e-6);
        AssertClose(
            PaletteFixture.RunReconstructed(ActivationQuantization.Apply(graph, 8), checkpoint, source, x),
            PaletteFixture.Run(
                PaletteProgram.Rewrite(graph, source, ActivationAllocation.Everywhere(8)),
                checkpoint,
                x
            ),
            8e-3
        );
    }

    [Fact]
    public void Parts_of_a_split_weight_have_operators_of_their_own_and_one_may_stay_as_it_was()
    {
        var checkpoint = new MemoryTensors().WithRandom("proj.weight", 1, 12, 20).WithRandom("proj.bias", 2, 12);
        var g = new GraphBuilder("Split", checkpoint);
        GraphValue x = g.Input("x", ElementType.Float32, "batch", 10);
        g.Output("y", g.LinearOfConcat("proj", [x, g.Gelu(x)], 12));
        Graph graph = g.Build();
        PaletteSource source = PaletteFixture.Quantize(graph, checkpoint, Spec("kmeans-a-3"));
        PaletteSource second = source with
        {
            Allocation = new BitAllocation([KeyValuePair.Create("proj#1", Spec("kmeans-a-3"))]),
        };
        TensorValue input = PaletteFixture.Random(6, 4, 10);

        Graph both = PaletteProgram.Rewrite(graph, source),
            one = PaletteProgram.Rewrite(graph, second);

        Assert.Equal(2, both.Nodes.Count(node => node.Domain == PaletteOperatorNames.Domain));
        Assert.Empty(both.Weights);
        Assert.Equal("proj", Assert.Single(one.Weights).Weight.Name);
        AssertClose(
            PaletteFixture.RunReconstructed(graph, checkpoint, source, input),
            PaletteFixture.Run(both, checkpoint, input),
            2e-6
        );
        AssertClose(
            PaletteFixture.RunReconstructed(graph, checkpoint, second, input),
            PaletteFixture.Run(one, checkpoint, input),
            2e-6
        );
        AssertClose(
            PaletteFixture.RunReconstructed(ActivationQuantization.Apply(graph, 8), checkpoint, second, input),
            PaletteFixture.Run(
                PaletteProgram.Rewrite(graph, second, ActivationAllocation.Everywhere(8)),
                checkpoint,
                input
            ),
            8e-3
        );
    }

    [Fact]
    public void A_weight_that_two_layers_share_is_stored_once()
    {
        var checkpoint = new MemoryTensors().WithRandom("proj.weight", 1, 10, 10).WithRandom("proj.bias", 2, 10);
        var g = new GraphBuilder("Shared", checkpoint);
        GraphValue once = g.Linear("proj", g.Input("x", ElementType.Float32, "batch", 10), 10);
        g.Output("y", g.Linear("proj", g.Gelu(once), 10));
        Graph graph = g.Build();
        PaletteSource source = PaletteFixture.Quantize(graph, checkpoint, Spec("uaq-4"));

        Graph packed = PaletteProgram.Rewrite(graph, source);

        Assert.Single(packed.Initializers.OfType<Initializer.Computed>());
        TensorValue x = PaletteFixture.Random(7, 3, 10);
        AssertClose(
            PaletteFixture.RunReconstructed(graph, checkpoint, source, x),
            PaletteFixture.Run(packed, checkpoint, x),
            2e-6
        );
    }

    [Fact]
    public void The_bias_is_added_by_the_operator_unless_the_product_is_read_elsewhere()
    {
        (Graph graph, MemoryTensors checkpoint) = Linear(8, 4, bias: true);
        PaletteSource source = PaletteFixture.Quantize(graph, checkpoint, Spec("uaq-4"));
        string product = graph.Nodes[0].Outputs[0];

        GraphNode merged = Assert.Single(PaletteProgram.Rewrite(graph, source).Nodes);
        Graph shown = PaletteProgram.Rewrite(graph.WithOutputs("y", product), source);

        Assert.Equal(3, merged.Inputs.Count);
        Assert.Equal(["PaletteMatMul", "Add"], shown.Nodes.Select(node => node.OpType));
    }

    [Fact]
    public void A_graph_of_no_tokens_gives_none()
    {
        (Graph graph, MemoryTensors checkpoint) = Linear(8, 4, bias: true);
        PaletteSource source = PaletteFixture.Quantize(graph, checkpoint, Spec("uaq-4"));

        Assert.Empty(
            PaletteFixture
                .Run(PaletteProgram.Rewrite(graph, source), checkpoint, TensorValue.Of(Array.Empty<float>(), 0, 5, 8))
                .Singles
        );
    }

    private void AssertClose(TensorValue expected, TensorValue found, double tolerance)
    {
        double worst = PaletteFixture.WorstShare(expected.Singles, found.Singles);
        output.WriteLine($"largest difference: {worst:E2} of the largest value");
        Assert.InRange(worst, 0, tolerance);
    }

    private static (Graph, MemoryTensors) Linear(int inputs, int outputs, bool bias)
    {
        var checkpoint = new MemoryTensors()
            .WithRandom("proj.weight", 1, outputs, inputs)
            .WithRandom("proj.bias", 2, outputs);
        var g = new GraphBuilder("Rows", checkpoint);
        g.Output("y", g.Linear("proj", g.Input("x", ElementType.Float32, "batch", "tokens", inputs), outputs, bias));
        return (g.Build(), checkpoint);
    }

    private static QuantizerSpec Spec(string option) =>
        QuantizerSpec.TryParse(option, out QuantizerSpec? spec) ? spec : throw new ArgumentException(option);
}
