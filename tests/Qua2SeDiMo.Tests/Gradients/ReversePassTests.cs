using Qua2SeDiMo.Architectures;
using Qua2SeDiMo.Gradients;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Verification;
using Xunit;

namespace Qua2SeDiMo.Tests.Gradients;

public sealed class ReversePassTests
{
    private const long SmallPart = 2_000_000;

    [Theory]
    [InlineData("pixart-sigma", "hidden_states")]
    [InlineData("unet-sd15", "sample")]
    [InlineData("hunyuan-dit-v1.2", "hidden_states")]
    public void Parts_that_are_computed_again_give_what_the_whole_gives(string name, string input)
    {
        using ArchitectureCase given = ArchitectureCase.Open(RepositoryFiles.Golden($"architectures/{name}"));
        Graph graph = given.Build(GraphPart.Forward);
        Dictionary<string, TensorValue> inputs = given.Bind(graph);

        (int one, Dictionary<string, float[]> whole) = Run(given, graph, inputs, input, long.MaxValue);
        (int several, Dictionary<string, float[]> parts) = Run(given, graph, inputs, input, SmallPart);

        Assert.Equal(1, one);
        Assert.InRange(several, 2, 200);
        Assert.Equal(whole.Keys.Order(StringComparer.Ordinal), parts.Keys.Order(StringComparer.Ordinal));
        foreach ((string key, float[] expected) in whole)
        {
            double size = Math.Sqrt(expected.Sum(value => (double)value * value));
            double off = Math.Sqrt(expected.Zip(parts[key], (a, b) => ((double)a - b) * ((double)a - b)).Sum());
            Assert.True(off <= (1e-4 * size) + 1e-6, $"{key}: {off} of {size}");
        }
    }

    // Returns the gradients of all weights and of one input.
    private static (int Parts, Dictionary<string, float[]> Gradients) Run(
        ArchitectureCase given,
        Graph graph,
        Dictionary<string, TensorValue> inputs,
        string input,
        long limit
    )
    {
        string output = graph.Outputs[0].Name;
        long batch = inputs[input].Shape[0];
        long[] shape =
        [
            .. ShapedGraph.Of(graph, given.Weights, inputs).Values[output].Shape.Select(extent => extent.Size),
        ];
        var random = new Pcg32(7);
        float[] cotangent = new float[shape.Aggregate(1L, (product, extent) => product * extent)];
        for (int i = 0; i < cotangent.Length; i++)
            cotangent[i] = (float)random.NextNormal();
        using var binding = new WeightBinding(graph.Weights, given.Weights);
        using var pass = new ReversePass(
            graph,
            given.Weights,
            binding,
            [output],
            new ReverseOptions
            {
                Inputs = [input],
                Batch = batch,
                Items = batch,
                ActivationBytes = limit,
            }
        );
        var gradients = new Dictionary<string, float[]>(StringComparer.Ordinal);
        IReadOnlyDictionary<string, TensorValue> pulled = pass.Run(
            inputs,
            new Dictionary<string, TensorValue>(StringComparer.Ordinal) { [output] = TensorValue.Of(cotangent, shape) },
            (weight, gradient) =>
                gradients[weight.Weight.Name] = Sum(gradients.GetValueOrDefault(weight.Weight.Name), gradient)
        );
        gradients["the input"] = pulled[input].Singles;
        return (pass.PartCount, gradients);
    }

    // A weight that several parts use is passed once per part.
    private static float[] Sum(float[]? known, ReadOnlySpan<float> gradient)
    {
        float[] sum = gradient.ToArray();
        for (int i = 0; known is not null && i < sum.Length; i++)
            sum[i] += known[i];
        return sum;
    }
}
