using System.Diagnostics;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Numerics;

namespace Qua2SeDiMo.Inference;

/// <summary>Measures the speed of a plain matrix product in ONNX Runtime on this machine, the reference for other
/// speeds.</summary>
internal static class RuntimePeak
{
    private const int Extent = 1024;
    private const int Repeats = 7;

    /// <summary>Best speed of several products of 1024 × 1024 matrices, in GFLOP/s.</summary>
    internal static double MatMulGflops()
    {
        using var none = new NoTensors();
        var g = new GraphBuilder("MatMul", none);
        g.Output(
            "product",
            g.MatMul(
                g.Input("a", ElementType.Float32, Extent, Extent),
                g.Input("b", ElementType.Float32, Extent, Extent)
            )
        );
        using var model = new InferenceModel(g.Build(), none);
        var random = new Pcg32(1);
        float[] values = [.. Enumerable.Range(0, Extent * Extent).Select(_ => (float)random.NextDouble())];
        TensorValue matrix = TensorValue.Of(values, Extent, Extent);
        var inputs = new Dictionary<string, TensorValue> { ["a"] = matrix, ["b"] = matrix };
        model.Run(inputs);
        double best = 0;
        for (int i = 0; i < Repeats; i++)
        {
            long start = Stopwatch.GetTimestamp();
            model.Run(inputs);
            best = Math.Max(best, 2e-9 * Extent * Extent * Extent / Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        return best;
    }

    // The graph has no weights, so no tensor is read.
    private sealed class NoTensors : ITensorSource
    {
        public IReadOnlyDictionary<string, TensorInfo> Tensors { get; } = new Dictionary<string, TensorInfo>();

        public void ReadSingle(string name, long start, Span<float> destination) =>
            throw new NotSupportedException(name);

        public void ReadBytes(string name, long start, Span<byte> destination) => throw new NotSupportedException(name);

        public void Dispose() { }
    }
}
