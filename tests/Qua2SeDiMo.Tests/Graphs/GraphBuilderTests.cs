using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Xunit;

namespace Qua2SeDiMo.Tests.Graphs;

public sealed class GraphBuilderTests
{
    private static readonly MemoryTensors Checkpoint = new MemoryTensors()
        .WithRandom("block.proj.weight", 1, 3, 4)
        .WithRandom("block.proj.bias", 2, 3)
        .WithRandom("block.skip.weight", 3, 2, 7)
        .WithRandom("block.skip.bias", 4, 2);

    [Fact]
    public void The_text_of_a_small_graph_is_the_golden_text()
    {
        Graph graph = SmallGraph();

        Assert.Equal(
            """
            graph Small
            input x: float32 [batch, tokens, 4]
            weight[Linear] block.proj.weight: float32 [4, 3] = block.proj.weightᵀ
            parameter block.proj.bias: float32 [3] = block.proj.bias
            weight[Linear] block.skip.weight: float32 [3, 2] = block.skip.weight[:, 0:3]ᵀ
            weight[Linear] block.skip.weight#1: float32 [4, 2] = block.skip.weight[:, 3:7]ᵀ
            parameter block.skip.bias: float32 [2] = block.skip.bias
            node block.proj/MatMul: float32 [batch, tokens, 3] = MatMul(x, block.proj.weight)
            node block.proj/Add: float32 [batch, tokens, 3] = Add(block.proj/MatMul, block.proj.bias)
            node block.skip/MatMul: float32 [batch, tokens, 2] = MatMul(block.proj/Add, block.skip.weight)
            node block.skip/MatMul_2: float32 [batch, tokens, 2] = MatMul(x, block.skip.weight#1)
            node block.skip/Add: float32 [batch, tokens, 2] = Add(block.skip/MatMul, block.skip/MatMul_2)
            node y: float32 [batch, tokens, 2] = Add(block.skip/Add, block.skip.bias)
            output y: float32 [batch, tokens, 2]

            """,
            GraphText.Write(graph)
        );
    }

    [Fact]
    public void Parts_of_a_split_weight_are_weights_of_their_own()
    {
        Graph graph = SmallGraph();

        Assert.Equal(["block.proj", "block.skip", "block.skip#1"], graph.Weights.Select(weight => weight.Weight.Name));
        Assert.Equal(
            new QuantizableWeight("block.skip#1", WeightOperator.Linear, [2, 4], "block.skip.weight", 3, 7) with
            {
                Shape = graph.Weights[2].Weight.Shape,
            },
            graph.Weights[2].Weight
        );
        Assert.Equal([2L, 4L], graph.Weights[2].Weight.Shape);
    }

    [Fact]
    public void A_parameter_used_twice_appears_once()
    {
        var g = new GraphBuilder("Twice", Checkpoint);
        GraphValue x = g.Input("x", ElementType.Float32, "batch", 4);
        using (g.Scope("block"))
            g.Output("y", g.Add(g.Linear("proj", x, 3), g.Linear("proj", x, 3)));

        Graph graph = g.Build();

        Assert.Single(graph.Weights);
        Assert.Equal(2, graph.Initializers.Count);
    }

    [Fact]
    public void Choosing_an_output_leaves_out_what_it_does_not_need()
    {
        Graph part = SmallGraph().WithOutputs("block.proj/Add");

        Assert.Equal(2, part.Nodes.Count);
        Assert.Equal(["block.proj"], part.Weights.Select(weight => weight.Weight.Name));
    }

    [Fact]
    public void A_checkpoint_of_another_shape_is_refused_by_name()
    {
        var g = new GraphBuilder("Wrong", Checkpoint);
        GraphValue x = g.Input("x", ElementType.Float32, "batch", 4);
        using GraphBuilder.ModuleScope block = g.Scope("block");

        ParameterException error = Assert.Throws<ParameterException>(() => g.Linear("proj", x, 5));

        Assert.Contains("block.proj.weight", error.Message, StringComparison.Ordinal);
        Assert.Contains("[5, 4]", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_parameter_is_refused_with_the_nearest_name()
    {
        var g = new GraphBuilder("Missing", Checkpoint);
        GraphValue x = g.Input("x", ElementType.Float32, "batch", 4);
        using GraphBuilder.ModuleScope block = g.Scope("block");

        MissingTensorException error = Assert.Throws<MissingTensorException>(() => g.Linear("prof", x, 3));

        Assert.Contains("block.proj.weight", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Values_that_do_not_fit_are_refused_while_recording()
    {
        var g = new GraphBuilder("Misfit", Checkpoint);
        GraphValue a = g.Input("a", ElementType.Float32, "batch", 4);
        GraphValue b = g.Input("b", ElementType.Float32, "batch", 5);

        Assert.Throws<InvalidOperationException>(() => g.Add(a, b));
        Assert.Throws<InvalidOperationException>(() => g.MatMul(a, g.Transpose(b, 1, 0)));
        Assert.Throws<InvalidOperationException>(() => g.Reshape(a, "x", "y"));
    }

    internal static Graph SmallGraph(ITensorSource? checkpoint = null)
    {
        var g = new GraphBuilder("Small", checkpoint ?? Checkpoint);
        GraphValue x = g.Input("x", ElementType.Float32, "batch", "tokens", 4);
        using (g.Scope("block"))
        {
            GraphValue hidden = g.Linear("proj", x, 3);
            g.Output("y", g.LinearOfConcat("skip", [hidden, x], 2));
        }
        return g.Build();
    }

    internal static ITensorSource SmallCheckpoint => Checkpoint;
}
