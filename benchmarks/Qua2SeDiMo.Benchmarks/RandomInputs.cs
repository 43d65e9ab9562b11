using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Numerics;

namespace Qua2SeDiMo.Benchmarks;

/// <summary>Inputs of a denoiser that nobody trained: normal numbers, and the middle of the timesteps.</summary>
internal static class RandomInputs
{
    private const float Timestep = 500;

    /// <summary>One value for each input of a graph.</summary>
    /// <param name="graph">The denoiser.</param>
    /// <param name="batch">Rows.</param>
    /// <param name="tokens">Extent of every named axis but the batch.</param>
    /// <param name="seed">Other seeds give other numbers.</param>
    internal static Dictionary<string, TensorValue> Of(Graph graph, long batch, long tokens, ulong seed)
    {
        var random = new Pcg32(seed);
        return graph.Inputs.ToDictionary(
            input => input.Name,
            input =>
            {
                long[] shape =
                [
                    .. input.Shape.Select(extent =>
                        extent.IsFixed ? extent.Size
                        : extent.Symbol == "batch" ? batch
                        : tokens
                    ),
                ];
                int count = checked((int)shape.Aggregate(1L, (product, extent) => product * extent));
                return input.Type == ElementType.Int64
                    ? TensorValue.Of(Enumerable.Repeat(1L, count).ToArray(), shape)
                    : TensorValue.Of(input.Name == "timestep" ? Same(count) : Normal(count, random), shape);
            },
            StringComparer.Ordinal
        );
    }

    /// <summary>Normal numbers.</summary>
    internal static float[] Normal(int count, Pcg32 random)
    {
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
            values[i] = (float)random.NextNormal();
        return values;
    }

    private static float[] Same(int count)
    {
        float[] values = new float[count];
        Array.Fill(values, Timestep);
        return values;
    }
}
