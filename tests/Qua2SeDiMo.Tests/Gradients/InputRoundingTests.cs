using Qua2SeDiMo.Gradients;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Numerics;
using Xunit;

namespace Qua2SeDiMo.Tests.Gradients;

/// <summary>What rounding the input of a layer does, against the rounding of the specification times the gradient in
/// that input.</summary>
public sealed class InputRoundingTests
{
    private static readonly int[] Bits = [8, 6, 4];
    private const int Batch = 4,
        Items = 2;

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(1)]
    public void Rows_of_linear_layers_are_rounded_each_by_its_own_range(long limit)
    {
        MemoryTensors checkpoint = new MemoryTensors()
            .WithRandom("first.weight", 1, 8, 6)
            .WithRandom("second.weight", 2, 5, 8);
        var g = new GraphBuilder("Rows", checkpoint);
        GraphValue hidden = g.Tanh(g.Linear("first", g.Input("x", ElementType.Float32, Batch, 3, 6), 8, bias: false));
        g.Output("y", g.Linear("second", hidden, 5, bias: false));
        float[] x = Normal(Batch * 3 * 6);
        // A constant row, and one whose greatest value is a tie.
        x.AsSpan(0, 6).Fill(0.7f);
        ((float[])[-1f, 1f, 0.25f, 0.5f, -0.75f, 0f]).CopyTo(x, 6);

        Check(g.Build(), checkpoint, TensorValue.Of(x, Batch, 3, 6), limit);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Channels_of_images_are_rounded_each_by_its_own_range(int groups)
    {
        MemoryTensors checkpoint = new MemoryTensors()
            .WithRandom("first.weight", 1, 4, 3, 3, 3)
            .WithRandom("second.weight", 2, 6, 4 / groups, 2, 2);
        var g = new GraphBuilder("Images", checkpoint);
        GraphValue hidden = g.Tanh(
            g.Conv2d("first", g.Input("x", ElementType.Float32, Batch, 3, 7, 6), 4, 3, 2, 1, bias: false)
        );
        g.Output("y", g.Conv2d("second", hidden, 6, 2, groups: groups, bias: false));

        Check(g.Build(), checkpoint, TensorValue.Of(Normal(Batch * 3 * 7 * 6), Batch, 3, 7, 6), long.MaxValue);
    }

    [Fact]
    public void Layers_that_share_an_input_are_scored_one_by_one()
    {
        MemoryTensors checkpoint = new MemoryTensors().WithRandom("a.weight", 1, 5, 6).WithRandom("b.weight", 2, 5, 6);
        var shared = new GraphBuilder("Shared", checkpoint);
        GraphValue x = shared.Input("x", ElementType.Float32, Batch, 3, 6);
        shared.Output(
            "y",
            shared.Multiply(shared.Linear("a", x, 5, bias: false), shared.Linear("b", x, 5, bias: false))
        );
        var apart = new GraphBuilder("Apart", checkpoint);
        x = apart.Input("x", ElementType.Float32, Batch, 3, 6);
        GraphValue copy = apart.Multiply(x, 1f);
        apart.Output(
            "y",
            apart.Multiply(apart.Linear("a", x, 5, bias: false), apart.Linear("b", copy, 5, bias: false))
        );
        TensorValue values = TensorValue.Of(Normal(Batch * 3 * 6), Batch, 3, 6);

        Dictionary<string, float[]> found = Scores(shared.Build(), checkpoint, values, long.MaxValue),
            expected = Scores(apart.Build(), checkpoint, values, long.MaxValue);

        Assert.Equal(["a", "b"], found.Keys.Order(StringComparer.Ordinal));
        foreach ((string name, float[] products) in expected)
            AssertNear(products, found[name]);
    }

    private static void Check(Graph graph, MemoryTensors checkpoint, TensorValue x, long limit)
    {
        Dictionary<string, float[]> found = Scores(graph, checkpoint, x, limit);
        Assert.Equal(graph.Weights.Count, found.Count);
        foreach (GraphWeight weight in graph.Weights)
        {
            string input = graph.Nodes.Single(node => node.Inputs.Contains(weight.Initializer.Name)).Inputs[0];
            AssertNear(Expected(graph, checkpoint, x, input), found[weight.Weight.Name]);
        }
    }

    // [items, bits]; row b belongs to item b modulo their number.
    private static float[] Expected(Graph graph, MemoryTensors checkpoint, TensorValue x, string layerInput)
    {
        var given = new Dictionary<string, TensorValue>(StringComparer.Ordinal) { ["x"] = x };
        var shaped = ShapedGraph.Of(graph, checkpoint, given);
        given[BackwardPass.CotangentOf("y")] = Cotangent(shaped);
        using var backward = new InferenceModel(
            BackwardPass.Build(shaped, checkpoint, ["y"], [layerInput]),
            checkpoint
        );
        float[] gradient = backward.Run(given)[BackwardPass.GradientIn(layerInput)].Singles;
        TensorValue source = x;
        if (layerInput != "x")
        {
            using var forward = new InferenceModel(graph.WithOutputs(layerInput), checkpoint);
            source = forward.Run(given)[layerInput];
        }
        float[] expected = new float[Items * Bits.Length],
            rounded = new float[source.Singles.Length];
        int row = rounded.Length / Batch;
        for (int at = 0; at < Bits.Length; at++)
        {
            ActivationQuantizer.Quantize(
                source.Singles,
                ActivationQuantizer.RowLength([.. source.Shape]),
                Bits[at],
                rounded
            );
            for (int i = 0; i < rounded.Length; i++)
                expected[(i / row % Items * Bits.Length) + at] += gradient[i] * (rounded[i] - source.Singles[i]);
        }
        return expected;
    }

    private static Dictionary<string, float[]> Scores(Graph graph, MemoryTensors checkpoint, TensorValue x, long limit)
    {
        var given = new Dictionary<string, TensorValue>(StringComparer.Ordinal) { ["x"] = x };
        using var binding = new WeightBinding(graph.Weights, checkpoint);
        using var pass = new ReversePass(
            graph,
            checkpoint,
            binding,
            ["y"],
            new ReverseOptions
            {
                Batch = Batch,
                Items = Items,
                RoundedBits = Bits,
                ActivationBytes = limit,
            }
        );
        var scores = new Dictionary<string, float[]>(StringComparer.Ordinal);
        pass.Run(
            given,
            new Dictionary<string, TensorValue>(StringComparer.Ordinal)
            {
                ["y"] = Cotangent(ShapedGraph.Of(graph, checkpoint, given)),
            },
            sink: null,
            (weight, products) => scores.Add(weight.Weight.Name, products.ToArray())
        );
        return scores;
    }

    private static TensorValue Cotangent(ShapedGraph shaped)
    {
        long[] shape = [.. shaped.Values["y"].Shape.Select(extent => extent.Size)];
        return TensorValue.Of(Normal(shape.Aggregate(1L, (product, extent) => product * extent), 9), shape);
    }

    private static void AssertNear(float[] expected, float[] found)
    {
        Assert.Equal(Items * Bits.Length, found.Length);
        Assert.Equal(expected.Length, found.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.NotEqual(0, expected[i]);
            Assert.Equal(expected[i], found[i], 1e-4 * (1 + Math.Abs(expected[i])));
        }
    }

    private static float[] Normal(long count, ulong seed = 5)
    {
        var random = new Pcg32(seed);
        return [.. Enumerable.Range(0, (int)count).Select(_ => (float)random.NextNormal())];
    }
}
