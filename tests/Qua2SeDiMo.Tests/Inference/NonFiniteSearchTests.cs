using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Tests.Graphs;
using Xunit;

namespace Qua2SeDiMo.Tests.Inference;

/// <summary>A call whose result contains NaN or infinity throws an error that names their origin.</summary>
public sealed class NonFiniteSearchTests
{
    private static readonly ITensorSource Checkpoint = GraphBuilderTests.SmallCheckpoint;

    [Fact]
    public void Finite_outputs_are_handed_on()
    {
        using var model = new InferenceModel(GraphBuilderTests.SmallGraph(), Checkpoint);
        Assert.Equal(model.Run(Rows(1, 2))["y"].Singles, model.RunFinite(Rows(1, 2), "model")["y"].Singles);
    }

    [Fact]
    public void A_bad_value_of_a_bound_weight_is_named_though_the_checkpoint_is_finite()
    {
        Graph graph = GraphBuilderTests.SmallGraph();
        using var binding = new WeightBinding(graph.Weights, Checkpoint);
        using var model = new InferenceModel(graph, Checkpoint, binding);
        float[] values = Checkpoint.ReadSingle("block.proj.weight");
        values[5] = float.NegativeInfinity;
        binding.Set("block.proj", values);

        string message = Message(model, Rows(1, 2));

        Assert.StartsWith("unet, step 3 of 4: ", message, StringComparison.Ordinal);
        Assert.Contains("'block.proj': 1 of 12 values is infinite", message, StringComparison.Ordinal);
        Assert.Contains("under this allocation", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bad_input_is_named()
    {
        using var model = new InferenceModel(GraphBuilderTests.SmallGraph(), Checkpoint);
        Assert.Contains(
            "the input 'x', float32 [1, 2, 4]: 1 of 8 values is NaN",
            Message(model, Rows(1, float.NaN)),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void The_first_operation_whose_numbers_grow_too_large_is_named_by_its_module()
    {
        var g = new GraphBuilder("Large", Checkpoint);
        GraphValue x = g.Input("x", ElementType.Float32, "batch", "tokens", 4);
        using (g.Scope("first"))
            x = g.Multiply(x, g.Scalar(1e30f));
        using (g.Scope("second"))
            x = g.Multiply(x, g.Scalar(1e30f));
        using (g.Scope("third"))
            g.Output("y", g.Add(x, g.Scalar(1)));
        using var model = new InferenceModel(g.Build(), Checkpoint);

        string message = Message(model, Rows(1, 2));

        Assert.Contains("'second' (Mul), float32 [1, 2, 4]", message, StringComparison.Ordinal);
        Assert.Contains("of 8 values are infinite", message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_infinite_mask_that_hides_something_on_purpose_is_not_blamed()
    {
        var g = new GraphBuilder("Masked", Checkpoint);
        GraphValue x = g.Input("x", ElementType.Float32, "batch", "tokens", 4);
        GraphValue mask = g.Constant([0f, 0f, float.NegativeInfinity, 0f], 4);
        GraphValue weights;
        using (g.Scope("attention"))
            weights = g.Softmax(g.Add(x, mask));
        using (g.Scope("norm"))
            g.Output("y", g.Record("Div", [weights, g.Scalar(0)], x.Type, x.Shape));
        using var model = new InferenceModel(g.Build(), Checkpoint);

        Assert.Contains("'norm' (Div)", Message(model, Rows(1, 2)), StringComparison.Ordinal);
    }

    private static Dictionary<string, TensorValue> Rows(float first, float last) =>
        new() { ["x"] = TensorValue.Of([first, 2f, 3f, 4f, -1f, 0.5f, 0f, last], 1, 2, 4) };

    private static string Message(InferenceModel model, Dictionary<string, TensorValue> inputs) =>
        Assert.Throws<NonFiniteException>(() => model.RunFinite(inputs, "unet, step 3 of 4")).Message;
}
