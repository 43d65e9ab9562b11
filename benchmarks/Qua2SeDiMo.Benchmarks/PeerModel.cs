using System.Runtime.InteropServices;
using System.Text;
using Microsoft.ML.OnnxRuntime;
using Qua2SeDiMo.Kernels.Layout;

namespace Qua2SeDiMo.Benchmarks;

/// <summary>A model with one operator of ONNX Runtime, whose input and output arrays are bound without copies, so that
/// a run takes the time of the operator.</summary>
internal sealed class PeerModel : IDisposable
{
    private const int Single = 1,
        Byte = 2,
        SignedByte = 3;

    private readonly InferenceSession session;
    private readonly OrtValue input,
        output;
    private readonly RunOptions options = new();

    private PeerModel(byte[] model, int threads, float[] input, long[] inputShape, float[] output, long[] outputShape)
    {
        if (!OrtEnv.IsCreated)
            ShareThreads(threads);
        using var sessionOptions = new SessionOptions();
        sessionOptions.DisablePerSessionThreads();
        session = new InferenceSession(model, sessionOptions);
        this.input = OrtValue.CreateTensorValueFromMemory(input, inputShape);
        this.output = OrtValue.CreateTensorValueFromMemory(output, outputShape);
    }

    private static void ShareThreads(int threads)
    {
        var options = new EnvironmentCreationOptions
        {
            logId = "peers",
            threadOptions = new OrtThreadingOptions { GlobalIntraOpNumThreads = threads, GlobalInterOpNumThreads = 1 },
        };
        OrtEnv.CreateInstanceWithOptions(ref options);
    }

    /// <summary>Computes the output array from the input array.</summary>
    internal void Run() => session.Run(options, ["x"], [input], ["y"], [output]);

    public void Dispose()
    {
        input.Dispose();
        output.Dispose();
        options.Dispose();
        session.Dispose();
    }

    /// <summary>fp32 MatMul with a constant weight.</summary>
    internal static PeerModel MatMul(
        float[] x,
        int tokens,
        float[] weight,
        int outChannels,
        int rowLength,
        float[] y,
        int threads
    )
    {
        var graph = new ProtoMessage();
        Node(graph, "MatMul", "", ["x", "w"], ["y"]);
        Tensor(
            graph,
            "w",
            Single,
            [rowLength, outChannels],
            MemoryMarshal.AsBytes<float>(Transposed(weight, outChannels, rowLength))
        );
        return Linear(graph, x, tokens, outChannels, rowLength, y, threads);
    }

    /// <summary>MatMulNBits with 4 bits in blocks of 32.</summary>
    internal static PeerModel MatMulNBits(
        float[] x,
        int tokens,
        int outChannels,
        int rowLength,
        int accuracyLevel,
        float[] y,
        int threads
    )
    {
        const int block = 32;
        int blocks = (rowLength + block - 1) / block;
        byte[] codes = new byte[outChannels * blocks * block / 2];
        for (int i = 0; i < codes.Length; i++)
            codes[i] = (byte)(i * 37);
        float[] scales = new float[outChannels * blocks];
        scales.AsSpan().Fill(0.01f);
        var graph = new ProtoMessage();
        Node(
            graph,
            "MatMulNBits",
            "com.microsoft",
            ["x", "w", "s"],
            ["y"],
            ("K", [rowLength]),
            ("N", [outChannels]),
            ("bits", [4]),
            ("block_size", [block]),
            ("accuracy_level", [accuracyLevel])
        );
        Tensor(graph, "w", Byte, [outChannels, blocks, block / 2], codes);
        Tensor(graph, "s", Single, [outChannels * blocks], MemoryMarshal.AsBytes<float>(scales));
        return Linear(graph, x, tokens, outChannels, rowLength, y, threads);
    }

    /// <summary>Dynamic int8 product: DynamicQuantizeMatMul with one scale per output channel.</summary>
    internal static PeerModel DynamicInt8(float[] x, int tokens, int outChannels, int rowLength, float[] y, int threads)
    {
        var graph = new ProtoMessage();
        float[] scales = new float[outChannels];
        scales.AsSpan().Fill(0.01f);
        Node(graph, "DynamicQuantizeMatMul", "com.microsoft", ["x", "w", "s"], ["y"]);
        Tensor(graph, "w", SignedByte, [rowLength, outChannels], Bytes(rowLength * outChannels));
        Tensor(graph, "s", Single, [outChannels], MemoryMarshal.AsBytes<float>(scales));
        return Linear(graph, x, tokens, outChannels, rowLength, y, threads);
    }

    /// <summary>fp32 Conv with a constant weight.</summary>
    internal static PeerModel Conv(
        float[] x,
        ConvolutionShape shape,
        float[] weight,
        int outChannels,
        float[] y,
        int threads
    )
    {
        var graph = new ProtoMessage();
        Node(graph, "Conv", "", ["x", "w"], ["y"], Attributes(shape));
        Tensor(
            graph,
            "w",
            Single,
            [outChannels, shape.InChannels, shape.KernelHeight, shape.KernelWidth],
            MemoryMarshal.AsBytes<float>(weight)
        );
        return Image(graph, x, shape, outChannels, y, threads);
    }

    /// <summary>Dynamic int8 convolution: DynamicQuantizeLinear, ConvInteger, then Cast and Mul by the
    /// scales.</summary>
    internal static PeerModel DynamicInt8Conv(
        float[] x,
        ConvolutionShape shape,
        int outChannels,
        float[] y,
        int threads
    )
    {
        var graph = new ProtoMessage();
        Node(graph, "DynamicQuantizeLinear", "", ["x"], ["q", "qs", "qz"]);
        Node(graph, "ConvInteger", "", ["q", "w", "qz"], ["i"], Attributes(shape));
        Node(graph, "Cast", "", ["i"], ["f"], ("to", [Single]));
        Node(graph, "Mul", "", ["qs", "s"], ["m"]);
        Node(graph, "Mul", "", ["f", "m"], ["y"]);
        Tensor(
            graph,
            "w",
            SignedByte,
            [outChannels, shape.InChannels, shape.KernelHeight, shape.KernelWidth],
            Bytes(outChannels * shape.RowLength)
        );
        Tensor(graph, "s", Single, [1], MemoryMarshal.AsBytes<float>(new[] { 0.01f }));
        return Image(graph, x, shape, outChannels, y, threads);
    }

    private static (string, long[])[] Attributes(ConvolutionShape shape) =>
        [
            ("pads", [shape.PadTop, shape.PadLeft, shape.PadBottom, shape.PadRight]),
            ("strides", [shape.StrideHeight, shape.StrideWidth]),
        ];

    private static PeerModel Linear(
        ProtoMessage graph,
        float[] x,
        int tokens,
        int outChannels,
        int rowLength,
        float[] y,
        int threads
    ) =>
        new(
            Model(graph, [tokens, rowLength], [tokens, outChannels]),
            threads,
            x,
            [tokens, rowLength],
            y,
            [tokens, outChannels]
        );

    private static PeerModel Image(
        ProtoMessage graph,
        float[] x,
        ConvolutionShape shape,
        int outChannels,
        float[] y,
        int threads
    )
    {
        long[] input = [shape.Batch, shape.InChannels, shape.Height, shape.Width],
            output = [shape.Batch, outChannels, shape.OutHeight, shape.OutWidth];
        return new PeerModel(Model(graph, input, output), threads, x, input, y, output);
    }

    // Field numbers are those of onnx.proto.
    private static byte[] Model(ProtoMessage graph, long[] inputShape, long[] outputShape)
    {
        graph.Text(2, "peer");
        graph.Message(11, Value("x", inputShape));
        graph.Message(12, Value("y", outputShape));
        var model = new ProtoMessage();
        model.Number(1, 10);
        model.Message(7, graph);
        foreach ((string domain, long version) in new[] { ("", 21L), ("com.microsoft", 1L) })
        {
            var opset = new ProtoMessage();
            opset.Text(1, domain);
            opset.Number(2, version);
            model.Message(8, opset);
        }
        return model.ToArray();
    }

    private static void Node(
        ProtoMessage graph,
        string operation,
        string domain,
        string[] inputs,
        string[] outputs,
        params (string Name, long[] Values)[] attributes
    )
    {
        var node = new ProtoMessage();
        foreach (string name in inputs)
            node.Text(1, name);
        foreach (string name in outputs)
            node.Text(2, name);
        node.Text(4, operation);
        foreach ((string name, long[] values) in attributes)
        {
            var attribute = new ProtoMessage();
            attribute.Text(1, name);
            bool list = values.Length > 1;
            foreach (long value in values)
                attribute.Number(list ? 8 : 3, value);
            attribute.Number(20, list ? 7 : 2);
            node.Message(5, attribute);
        }
        node.Text(7, domain);
        graph.Message(1, node);
    }

    private static void Tensor(ProtoMessage graph, string name, int type, long[] shape, ReadOnlySpan<byte> data)
    {
        var tensor = new ProtoMessage();
        foreach (long extent in shape)
            tensor.Number(1, extent);
        tensor.Number(2, type);
        tensor.Text(8, name);
        tensor.Bytes(9, data);
        graph.Message(5, tensor);
    }

    private static ProtoMessage Value(string name, long[] shape)
    {
        ProtoMessage extents = new(),
            tensor = new(),
            type = new(),
            value = new();
        foreach (long extent in shape)
        {
            var dimension = new ProtoMessage();
            dimension.Number(1, extent);
            extents.Message(1, dimension);
        }
        tensor.Number(1, Single);
        tensor.Message(2, extents);
        type.Message(1, tensor);
        value.Text(1, name);
        value.Message(2, type);
        return value;
    }

    private static byte[] Bytes(int count)
    {
        byte[] values = new byte[count];
        for (int i = 0; i < count; i++)
            values[i] = (byte)(sbyte)((i * 31 % 255) - 127);
        return values;
    }

    private static float[] Transposed(float[] weight, int rows, int columns)
    {
        float[] result = new float[weight.Length];
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < columns; j++)
                result[(j * rows) + i] = weight[(i * columns) + j];
        }
        return result;
    }

    /// <summary>Writes a protobuf message.</summary>
    private sealed class ProtoMessage
    {
        private readonly List<byte> bytes = [];

        internal void Number(int field, long value)
        {
            Variable((uint)field << 3);
            Variable((ulong)value);
        }

        internal void Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

        internal void Message(int field, ProtoMessage value) => Bytes(field, value.ToArray());

        internal void Bytes(int field, ReadOnlySpan<byte> value)
        {
            Variable(((uint)field << 3) | 2);
            Variable((ulong)value.Length);
            bytes.AddRange(value);
        }

        internal byte[] ToArray() => [.. bytes];

        private void Variable(ulong value)
        {
            for (; value >= 0x80; value >>= 7)
                bytes.Add((byte)(value | 0x80));
            bytes.Add((byte)value);
        }
    }
}
