using System.Runtime.InteropServices;
using Qua2SeDiMo.Gradients;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Kernels.Codes;
using Xunit;

namespace Qua2SeDiMo.Tests.Gradients;

public sealed class BackwardPassTests
{
    private static readonly MemoryTensors None = new();

    [Fact]
    public void An_operator_without_a_rule_is_named_with_its_node_and_what_follows()
    {
        Graph graph = Nodes(new GraphNode("the node", "Det", "", ["x"], ["y"], [], ""));
        ShapedGraph shaped = Shaped(graph, [3, 3]);

        GradientException error = Assert.Throws<GradientException>(() =>
            BackwardPass.Build(shaped, None, ["y"], ["x"])
        );

        Assert.Equal("Det", error.Operator);
        Assert.Contains("the node", error.Message, StringComparison.Ordinal);
        Assert.Contains("one-call probes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_operator_of_another_domain_is_not_taken_for_one_of_the_same_name()
    {
        Graph graph = Nodes(new GraphNode("n", "Relu", "com.example", ["x"], ["y"], [], ""));
        var values = new Dictionary<string, GraphValue>(graph.Values, StringComparer.Ordinal)
        {
            ["y"] = new("y", ElementType.Float32, [3]),
        };
        graph = new Graph("test", graph.Inputs, [values["y"]], graph.Nodes, [], [], values);

        GradientException error = Assert.Throws<GradientException>(() =>
            BackwardPass.Build(Shaped(graph, [3]), None, ["y"], ["x"])
        );

        Assert.Equal("com.example.Relu", error.Operator);
    }

    [Fact]
    public void An_operator_without_a_rule_beside_the_way_is_no_obstacle()
    {
        Graph graph = Nodes(
            new GraphNode("a", "Det", "", ["x"], ["z"], [], ""),
            new GraphNode("b", "Exp", "", ["x"], ["y"], [], "")
        );

        float[] gradient = Gradient(graph, [1f, 2f, 3f, 4f], [2, 2]);

        Assert.Equal(MathF.Exp(2), gradient[1], 1e-4f);
    }

    [Fact]
    public void Axes_that_come_from_the_inputs_are_an_error_that_says_so()
    {
        var values = new Dictionary<string, GraphValue>(StringComparer.Ordinal)
        {
            ["x"] = new("x", ElementType.Float32, ["n"]),
            ["axes"] = new("axes", ElementType.Int64, [1]),
            ["y"] = new("y", ElementType.Float32, [1]),
        };
        var graph = new Graph(
            "test",
            [values["x"], values["axes"]],
            [values["y"]],
            [new GraphNode("sum", "ReduceSum", "", ["x", "axes"], ["y"], [], "")],
            [],
            [],
            values
        );
        ShapedGraph shaped = ShapedGraph.Of(
            graph,
            None,
            new Dictionary<string, TensorValue>(StringComparer.Ordinal)
            {
                ["x"] = TensorValue.Of([1f, 2f], 2),
                ["axes"] = TensorValue.Of([0L], 1),
            }
        );

        GradientException error = Assert.Throws<GradientException>(() =>
            BackwardPass.Build(shaped, None, ["y"], ["x"])
        );

        Assert.Contains("'axes'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rounding_lets_nothing_through()
    {
        float[] gradient = Gradient(Nodes(new GraphNode("n", "Round", "", ["x"], ["y"], [], "")), [1.2f, 2.7f], [2]);

        Assert.Equal([0f, 0f], gradient);
    }

    [Fact]
    public void Rows_that_are_picked_very_often_are_added_one_by_one()
    {
        const int Picks = 30_000,
            Width = 64;
        long[] picks = [.. Enumerable.Range(0, Picks).Select(i => (long)(i % 3))];
        var indices = new Initializer.Inline(
            "picks",
            ElementType.Int64,
            [Picks],
            MemoryMarshal.AsBytes(picks.AsSpan()).ToArray()
        );
        Graph graph = Nodes([indices], new GraphNode("n", "Gather", "", ["x", "picks"], ["y"], [], ""));

        float[] gradient = Gradient(graph, new float[4 * Width], [4, Width]);

        Assert.All(gradient[..(3 * Width)], value => Assert.Equal(Picks / 3, value));
        Assert.All(gradient[(3 * Width)..], value => Assert.Equal(0, value));
    }

    [Fact]
    public void A_gradient_in_an_inner_value_counts_all_its_readers_and_its_own_cotangent()
    {
        Graph graph = Nodes(
            new GraphNode("a", "Identity", "", ["x"], ["h"], [], ""),
            new GraphNode("b", "Mul", "", ["h", "h"], ["y"], [], "")
        );
        ShapedGraph shaped = Shaped(graph, [2]);
        using var model = new InferenceModel(BackwardPass.Build(shaped, None, ["y", "h"], ["h"]), None);

        float[] gradient = model
            .Run(
                new Dictionary<string, TensorValue>(StringComparer.Ordinal)
                {
                    ["x"] = TensorValue.Of([3f, 5f], 2),
                    [BackwardPass.CotangentOf("y")] = TensorValue.Of([1f, 1f], 2),
                    [BackwardPass.CotangentOf("h")] = TensorValue.Of([100f, 200f], 2),
                }
            )[BackwardPass.GradientIn("h")]
            .Singles;

        Assert.Equal([106f, 210f], gradient);
    }

    private static float[] Gradient(Graph graph, float[] x, long[] shape)
    {
        ShapedGraph shaped = Shaped(graph, shape);
        using var model = new InferenceModel(BackwardPass.Build(shaped, None, ["y"], ["x"]), None);
        long[] result = [.. shaped.Values["y"].Shape.Select(extent => extent.Size)];
        float[] ones = new float[result.Aggregate(1L, (product, extent) => product * extent)];
        Array.Fill(ones, 1f);
        var given = new Dictionary<string, TensorValue>(StringComparer.Ordinal) { ["x"] = TensorValue.Of(x, shape) };
        // The backward graph has an input only if a node reads it.
        given[BackwardPass.CotangentOf("y")] = TensorValue.Of(ones, result);
        return model.Run(given)[BackwardPass.GradientIn("x")].Singles;
    }

    private static ShapedGraph Shaped(Graph graph, long[] shape) =>
        ShapedGraph.Of(
            graph,
            None,
            new Dictionary<string, TensorValue>(StringComparer.Ordinal)
            {
                ["x"] = TensorValue.Of(new float[shape.Aggregate(1L, (product, extent) => product * extent)], shape),
            }
        );

    private static Graph Nodes(params GraphNode[] nodes) => Nodes([], nodes);

    private static Graph Nodes(Initializer[] initializers, params GraphNode[] nodes)
    {
        var x = new GraphValue("x", ElementType.Float32, ["n"]);
        var values = initializers
            .Select(initializer => initializer.Value)
            .Append(x)
            .ToDictionary(value => value.Name, StringComparer.Ordinal);
        return new Graph(
            "test",
            [x],
            [new GraphValue("y", ElementType.Float32, ["m"])],
            nodes,
            initializers,
            [],
            values
        );
    }
}
