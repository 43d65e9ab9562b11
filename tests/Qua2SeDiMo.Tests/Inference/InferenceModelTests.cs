using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Tests.Graphs;
using Xunit;

namespace Qua2SeDiMo.Tests.Inference;

public sealed class InferenceModelTests
{
    private static readonly ITensorSource Checkpoint = GraphBuilderTests.SmallCheckpoint;

    private static readonly Dictionary<string, TensorValue> Inputs = new()
    {
        ["x"] = TensorValue.Of([1f, 2f, 3f, 4f, -1f, 0.5f, 0f, 2f], 1, 2, 4),
    };

    [Fact]
    public void A_split_linear_layer_computes_what_the_joined_one_does()
    {
        using var model = new InferenceModel(GraphBuilderTests.SmallGraph(), Checkpoint);

        float[] y = model.Run(Inputs)["y"].Singles;

        AssertClose(Expected(Checkpoint.ReadSingle("block.proj.weight")), y);
    }

    [Fact]
    public void Data_beside_the_model_file_gives_the_same_result()
    {
        using var inside = new InferenceModel(GraphBuilderTests.SmallGraph(), Checkpoint);
        using var beside = new InferenceModel(
            GraphBuilderTests.SmallGraph(),
            Checkpoint,
            new InferenceOptions { ExternalDataThreshold = 0 }
        );

        Assert.Equal(inside.Run(Inputs)["y"].Singles, beside.Run(Inputs)["y"].Singles);
    }

    [Fact]
    public void A_bound_weight_changes_alone_and_comes_back()
    {
        Graph graph = GraphBuilderTests.SmallGraph();
        using var binding = new WeightBinding(graph.Weights, Checkpoint);
        using var model = new InferenceModel(graph, Checkpoint, binding);
        float[] original = Checkpoint.ReadSingle("block.proj.weight");
        float[] other = [.. original.Select((value, i) => value + i)];

        AssertClose(Expected(original), model.Run(Inputs)["y"].Singles);
        binding.Set("block.proj", other);
        AssertClose(Expected(other), model.Run(Inputs)["y"].Singles);
        binding.Reset("block.proj");
        AssertClose(Expected(original), model.Run(Inputs)["y"].Singles);
    }

    [Fact]
    public void An_option_is_filled_once_and_dropped_when_the_cache_is_small()
    {
        Graph graph = GraphBuilderTests.SmallGraph();
        int fills = 0;
        void Fill(Span<float> destination)
        {
            destination.Fill(1f);
            fills++;
        }

        using var large = new WeightBinding(graph.Weights, Checkpoint);
        foreach (string option in new[] { "a", "b", "a", "a" })
            large.Set("block.proj", option, Fill);
        Assert.Equal(2, fills);
        Assert.Equal(2 * 12 * sizeof(float), large.CachedBytes);

        using var none = new WeightBinding(graph.Weights, Checkpoint, cacheBytes: 0);
        foreach (string option in new[] { "a", "b", "a" })
            none.Set("block.proj", option, Fill);
        Assert.Equal(5, fills);
        Assert.Equal(0, none.CachedBytes);
    }

    [Fact]
    public void An_unloaded_model_runs_again()
    {
        Graph graph = GraphBuilderTests.SmallGraph();
        using var binding = new WeightBinding(graph.Weights, Checkpoint);
        using var model = new InferenceModel(graph, Checkpoint, binding);
        float[] first = model.Run(Inputs)["y"].Singles;
        model.Unload();

        Assert.False(model.IsLoaded);
        Assert.Equal(first, model.Run(Inputs)["y"].Singles);
    }

    [Fact]
    public void A_missing_or_misfitting_input_is_named()
    {
        using var model = new InferenceModel(GraphBuilderTests.SmallGraph(), Checkpoint);

        Assert.Contains(
            "x: float32 [batch, tokens, 4]",
            Assert.Throws<InferenceException>(() => model.Run(new Dictionary<string, TensorValue>())).Message,
            StringComparison.Ordinal
        );
        Assert.Throws<InferenceException>(() =>
            model.Run(new Dictionary<string, TensorValue> { ["x"] = TensorValue.Of([1f], 1, 1, 1) })
        );
        Assert.Throws<InferenceException>(() =>
            model.Run(new Dictionary<string, TensorValue> { ["x"] = TensorValue.Of([1L, 1, 1, 1], 1, 1, 4) })
        );
    }

    // Computes the layers directly: hidden = proj(x), y = skip([hidden, x]).
    private static float[] Expected(float[] projWeight)
    {
        float[] x = Inputs["x"].Singles;
        float[] projBias = Checkpoint.ReadSingle("block.proj.bias");
        float[] skipWeight = Checkpoint.ReadSingle("block.skip.weight");
        float[] skipBias = Checkpoint.ReadSingle("block.skip.bias");
        var y = new List<float>();
        for (int token = 0; token < 2; token++)
        {
            float[] row = x[(4 * token)..(4 * (token + 1))];
            float[] hidden =
            [
                .. Enumerable
                    .Range(0, 3)
                    .Select(o => projBias[o] + Enumerable.Range(0, 4).Sum(i => projWeight[(4 * o) + i] * row[i])),
            ];
            float[] joined = [.. hidden, .. row];
            y.AddRange(
                Enumerable
                    .Range(0, 2)
                    .Select(o => skipBias[o] + Enumerable.Range(0, 7).Sum(i => skipWeight[(7 * o) + i] * joined[i]))
            );
        }
        return [.. y];
    }

    private static void AssertClose(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], 1e-4f);
    }
}
