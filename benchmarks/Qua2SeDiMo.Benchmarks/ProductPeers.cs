using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Numerics;

namespace Qua2SeDiMo.Benchmarks;

/// <summary>One large product in single precision, by this project's kernel on all threads and by ONNX Runtime's
/// MatMul.</summary>
internal sealed unsafe class ProductPeers : IDisposable
{
    internal const int Rows = 16384,
        Inner = 256,
        Columns = 256;
    private const int Parts = 64;

    private readonly FloatBuffer a = new((long)Rows * Inner),
        b = new(Inner * Columns),
        c = new((long)Rows * Columns);
    private readonly ParallelOptions parallel;
    private readonly InferenceModel model;
    private readonly Dictionary<string, TensorValue> inputs;
    private readonly NoTensors none = new();

    internal ProductPeers(int threads)
    {
        parallel = new ParallelOptions { MaxDegreeOfParallelism = threads };
        var random = new Pcg32(1);
        float[] left = [.. Enumerable.Range(0, Rows * Inner).Select(_ => (float)random.NextNormal())];
        float[] right = [.. Enumerable.Range(0, Inner * Columns).Select(_ => (float)random.NextNormal())];
        left.CopyTo(a.Span(left.Length));
        MatrixProduct.Pack(right, Columns, 1, Inner, Columns, b.Pointer, 0, Inner, 0);
        // The output is a slice of one row, since copying the whole product would be timed too.
        var builder = new GraphBuilder("product", none);
        GraphValue x = builder.Input("x", ElementType.Float32, Rows, Inner);
        GraphValue y = builder.MatMul(x, builder.Constant(right, Inner, Columns));
        builder.Output("y", builder.Slice(y, 0, 0, 1));
        inputs = new Dictionary<string, TensorValue> { ["x"] = TensorValue.Of(left, Rows, Inner) };
        model = new InferenceModel(builder.Build(), none, new InferenceOptions { IntraOpThreads = threads });
        model.Warm();
        for (int i = 0; i < 3; i++)
        {
            Kernel();
            Runtime();
        }
    }

    internal static double Operations => 2.0 * Rows * Inner * Columns;

    internal void Kernel() =>
        Parallel.For(
            0,
            Parts,
            parallel,
            part =>
            {
                const int Share = Rows / Parts;
                MatrixProduct.Multiply(
                    a.Pointer + ((long)part * Share * Inner),
                    Inner,
                    1,
                    b.Pointer,
                    (nint)MatrixProduct.PanelWidth * Inner,
                    MatrixProduct.PanelWidth,
                    c.Pointer + ((long)part * Share * Columns),
                    Columns,
                    Share,
                    Inner,
                    Columns,
                    add: false
                );
            }
        );

    internal void Runtime() => model.Run(inputs);

    public void Dispose()
    {
        model.Dispose();
        a.Dispose();
        b.Dispose();
        c.Dispose();
    }

    private sealed class NoTensors : ITensorSource
    {
        public IReadOnlyDictionary<string, TensorInfo> Tensors { get; } = new Dictionary<string, TensorInfo>();

        public void ReadSingle(string name, long start, Span<float> destination) =>
            throw new KeyNotFoundException(name);

        public void ReadBytes(string name, long start, Span<byte> destination) => throw new KeyNotFoundException(name);

        public void Dispose() { }
    }
}
