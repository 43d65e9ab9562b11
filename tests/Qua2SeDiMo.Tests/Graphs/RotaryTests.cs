using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Kernels.Codes;
using Xunit;

namespace Qua2SeDiMo.Tests.Graphs;

public sealed class RotaryTests
{
    [Fact]
    public void Each_pair_of_channels_turns_by_its_tokens_angle()
    {
        using var tensors = new MemoryTensors();
        var g = new GraphBuilder("Rotary", tensors);
        GraphValue x = g.Input("x", ElementType.Float32, "batch", 2, 3, 4);
        GraphValue angles = g.Input("angles", ElementType.Float32, 1, 3, 2);
        GraphValue all = g.RepeatForEach(angles, x);
        g.Output("y", g.RotaryEmbedding(x, g.Cos(all), g.Sin(all)));
        float[] input = [.. Enumerable.Range(0, 48).Select(i => (float)Math.Sin(i))];
        float[] turns = [0f, 0.5f, 1f, -2f, 3f, 0.25f];
        using var model = new InferenceModel(g.Build(), tensors);

        float[] y = model
            .Run(
                new Dictionary<string, TensorValue>
                {
                    ["x"] = TensorValue.Of(input, 2, 2, 3, 4),
                    ["angles"] = TensorValue.Of(turns, 1, 3, 2),
                }
            )["y"]
            .Singles;

        Assert.Equal(input.Length, y.Length);
        for (int i = 0; i < input.Length; i += 2)
        {
            double angle = turns[i / 2 % 6];
            Assert.Equal((input[i] * Math.Cos(angle)) - (input[i + 1] * Math.Sin(angle)), y[i], 1e-6);
            Assert.Equal((input[i + 1] * Math.Cos(angle)) + (input[i] * Math.Sin(angle)), y[i + 1], 1e-6);
        }
    }
}
