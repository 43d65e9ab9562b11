using Google.Protobuf;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Graphs.Onnx;
using Qua2SeDiMo.Graphs.OnnxSchema;
using Qua2SeDiMo.Graphs.Operations;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Numerics;
using Xunit;

namespace Qua2SeDiMo.Tests.Graphs;

/// <summary>Inconsistent ONNX files, and the forms in which exporters store a weight.</summary>
public sealed class OnnxReaderTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("onnx").FullName;

    private string ModelPath => Path.Combine(folder, "model.onnx");

    [Theory]
    [InlineData("../secret.bin")]
    [InlineData("/etc/passwd")]
    [InlineData("sub/../../secret.bin")]
    [InlineData("..\\secret.bin")]
    [InlineData("C:/secret.bin")]
    [InlineData("")]
    [InlineData("./data.bin")]
    public void External_data_outside_of_the_folder_are_never_opened(string location)
    {
        File.WriteAllBytes(Path.Combine(folder, "data.bin"), new byte[64]);
        AssertRefused(External(location, 0, 64), "never followed");
    }

    [Fact]
    public void External_data_behind_a_linked_folder_are_refused()
    {
        string outside = Directory.CreateTempSubdirectory("outside").FullName;
        File.WriteAllBytes(Path.Combine(outside, "data.bin"), new byte[64]);
        Directory.CreateSymbolicLink(Path.Combine(folder, "sub"), outside);
        AssertRefused(External("sub/data.bin", 0, 64), "linked folder");
    }

    [Fact]
    public void A_data_file_that_is_a_link_is_followed_only_to_where_the_model_itself_lies()
    {
        string cache = Directory.CreateTempSubdirectory("cache").FullName;
        File.WriteAllBytes(Path.Combine(cache, "blob"), new byte[64]);
        File.CreateSymbolicLink(Path.Combine(folder, "data.bin"), Path.Combine(cache, "blob"));
        AssertRefused(External("data.bin", 0, 64), "link out of");
        File.Move(ModelPath, Path.Combine(cache, "model-blob"));
        File.CreateSymbolicLink(ModelPath, Path.Combine(cache, "model-blob"));
        using OnnxModel model = OnnxReader.Read(ModelPath);
        Assert.Single(model.Graph.Weights);
    }

    [Theory]
    [InlineData(0, 60, "needs 64 bytes")]
    [InlineData(8, 64, "ends at 64")]
    [InlineData(long.MaxValue, 64, "ends at 64")]
    [InlineData(-1, 64, "a number of bytes is expected")]
    public void External_data_must_fit_their_file_and_shape(long offset, long length, string message)
    {
        File.WriteAllBytes(Path.Combine(folder, "data.bin"), new byte[64]);
        AssertRefused(External("data.bin", offset, length), message);
    }

    [Fact]
    public void A_missing_data_file_is_named()
    {
        AssertRefused(External("data.bin", 0, 64), "'data.bin'");
    }

    [Fact]
    public void External_data_are_read_where_they_lie()
    {
        float[] values = [.. Enumerable.Range(0, 16).Select(i => (float)i)];
        File.WriteAllBytes(
            Path.Combine(folder, "data.bin"),
            [.. new byte[8], .. System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(values)]
        );
        using OnnxModel model = Read(External("data.bin", 8, 64));
        Assert.Equal(values, model.Tensors.ReadSingle("w.weight"));
    }

    [Theory]
    [InlineData(1L << 40, 1L << 40)]
    [InlineData(-4, -4)]
    [InlineData(long.MaxValue, 2)]
    public void Shapes_that_cannot_be_true_are_refused(long rows, long columns)
    {
        ModelProto model = Linear();
        model.Graph.Initializer[0].Dims.Clear();
        model.Graph.Initializer[0].Dims.AddRange([rows, columns]);
        AssertRefused(model, "too large to be true");
    }

    [Fact]
    public void A_tensor_whose_data_do_not_fill_its_shape_is_refused()
    {
        ModelProto model = Linear();
        model.Graph.Initializer[0].RawData = ByteString.CopyFrom(new byte[12]);
        AssertRefused(model, "needs 64 bytes and has 12");
    }

    [Fact]
    public void A_circle_is_refused()
    {
        ModelProto model = Linear();
        model.Graph.Node.Add(Node("Add", "a", ["y0", "b"], "y"));
        model.Graph.Node.Add(Node("Relu", "b", ["y"], "b"));
        model.Graph.Node[0].Output[0] = "y0";
        AssertRefused(model, "circle");
    }

    [Fact]
    public void A_value_that_nothing_provides_is_named()
    {
        ModelProto model = Linear();
        model.Graph.Node[0].Input[0] = "ghost";
        AssertRefused(model, "'ghost'");
    }

    [Fact]
    public void Two_values_of_one_name_are_refused()
    {
        ModelProto model = Linear();
        model.Graph.Node.Add(Node("Relu", "again", ["x"], "y"));
        AssertRefused(model, "two values are named 'y'");
    }

    [Fact]
    public void An_unknown_operator_domain_is_refused_by_name()
    {
        ModelProto model = Linear();
        model.Graph.Node[0].Domain = "my.company";
        AssertRefused(model, "'my.company'");
    }

    [Fact]
    public void Control_flow_functions_old_opsets_and_strange_types_are_refused()
    {
        ModelProto flow = Linear();
        flow.Graph.Node[0]
            .Attribute.Add(
                new AttributeProto
                {
                    Name = "body",
                    Type = AttributeProto.Types.AttributeType.Graph,
                    G = new GraphProto(),
                }
            );
        AssertRefused(flow, "control flow");
        ModelProto functions = Linear();
        functions.Functions.Add(new FunctionProto { Name = "f" });
        AssertRefused(functions, "inlined");
        ModelProto old = Linear();
        old.OpsetImport[0].Version = 11;
        AssertRefused(old, "operator set 11");
        ModelProto strange = Linear();
        strange.Graph.Initializer[0].DataType = 8;
        AssertRefused(strange, "element type 8");
    }

    [Fact]
    public void Every_truncation_of_a_real_export_is_refused_with_an_error_of_ours()
    {
        byte[] whole = File.ReadAllBytes(
            RepositoryFiles.Golden("onnx-exports/pixart-alpha-512.torchscript/transformer/model.onnx")
        );
        Assert.InRange(whole.Length, 1000, int.MaxValue);
        for (int length = 0; length < whole.Length; length += 1 + (whole.Length / 60))
        {
            File.WriteAllBytes(ModelPath, whole[..length]);
            Assert.ThrowsAny<Q2Exception>(() => OnnxReader.Read(ModelPath).Dispose());
        }
    }

    [Fact]
    public void Damaged_bytes_never_give_anything_but_a_graph_or_an_error_of_ours()
    {
        byte[] whole = File.ReadAllBytes(RepositoryFiles.Golden("onnx-exports/dit.dynamo/transformer/model.onnx"));
        File.Copy(
            RepositoryFiles.Golden("onnx-exports/dit.dynamo/transformer/model.onnx.data"),
            Path.Combine(folder, "model.onnx.data")
        );
        var random = new Pcg32(1);
        for (int run = 0; run < 40; run++)
        {
            byte[] damaged = [.. whole];
            for (int i = 0; i < 4; i++)
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            File.WriteAllBytes(ModelPath, damaged);
            try
            {
                using OnnxModel model = OnnxReader.Read(ModelPath);
                if (model.Graph.Weights.Count > 0)
                    OperationGraphBuilder.Build(model.Graph);
            }
            catch (Q2Exception) { }
        }
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void A_weight_is_found_behind_transpose_cast_identity_and_gemm(bool gemm, bool turned)
    {
        ModelProto model = Linear();
        model.Graph.Node.Clear();
        string weight = "w.weight";
        model.Graph.Node.Add(
            Node(
                "Cast",
                "c",
                [weight],
                "cast",
                new AttributeProto
                {
                    Name = "to",
                    Type = AttributeProto.Types.AttributeType.Int,
                    I = 1,
                }
            )
        );
        model.Graph.Node.Add(Node("Identity", "i", ["cast"], "same"));
        if (turned)
            model.Graph.Node.Add(Node("Transpose", "t", ["same"], "turned"));
        NodeProto use = Node(gemm ? "Gemm" : "MatMul", "/m/w/Use", ["x", turned ? "turned" : "same"], "y");
        if (gemm)
            use.Attribute.Add(
                new AttributeProto
                {
                    Name = "transB",
                    Type = AttributeProto.Types.AttributeType.Int,
                    I = 1,
                }
            );
        model.Graph.Node.Add(use);
        using OnnxModel read = Read(model);
        GraphWeight lifted = Assert.Single(read.Graph.Weights);
        Assert.Equal("w", lifted.Weight.Name);
        // The stored matrix is [0 1 2 3; 4 5 …]; the initializer holds it as [in, out].
        bool outFirst = gemm != turned;
        float[] entering = new float[16];
        InitializerData.ReadSingle(lifted.Initializer, read.Tensors, entering);
        Assert.Equal(outFirst ? 4f : 1f, entering[1]);
        Assert.Equal(outFirst ? 1f : 4f, read.Tensors.ReadSingle(lifted.Weight.TensorName)[1]);
    }

    [Fact]
    public void Half_precision_is_widened_throughout()
    {
        ModelProto model = Linear();
        model.Graph.Input[0].Type.TensorType.ElemType = 10;
        model.Graph.Output[0].Type.TensorType.ElemType = 10;
        model.Graph.Initializer[0].DataType = 10;
        model.Graph.Initializer[0].RawData = ByteString.CopyFrom(
            System.Runtime.InteropServices.MemoryMarshal.AsBytes<Half>([
                .. Enumerable.Range(0, 16).Select(i => (Half)i),
            ])
        );
        using OnnxModel read = Read(model);
        Assert.Equal(ElementType.Float32, read.Graph.Inputs[0].Type);
        Assert.Equal(ElementType.Float16, read.Tensors.Tensors[read.Graph.Weights[0].Weight.TensorName].Type);
        Assert.Equal(5f, read.Tensors.ReadSingle("w.weight")[5]);
    }

    [Fact]
    public void A_fused_operator_with_weights_inside_is_refused_and_one_without_is_an_attention()
    {
        ModelProto hidden = Linear();
        hidden.Graph.Node[0].OpType = "Attention";
        hidden.Graph.Node[0].Domain = "com.microsoft";
        AssertRefused(hidden, "fused operator Attention");

        ModelProto fused = Linear();
        fused.Graph.Node[0].Output[0] = "packed";
        fused.Graph.Node.Add(Node("MultiHeadAttention", "/a/MultiHeadAttention", ["packed", "", ""], "attended"));
        fused.Graph.Node[^1].Domain = "com.microsoft";
        fused.Graph.Node.Add(
            Node(
                "Gemm",
                "/o/Gemm",
                ["attended", "o.weight"],
                "y",
                new AttributeProto
                {
                    Name = "transB",
                    Type = AttributeProto.Types.AttributeType.Int,
                    I = 1,
                }
            )
        );
        TensorProto second = fused.Graph.Initializer[0].Clone();
        second.Name = "o.weight";
        fused.Graph.Initializer.Add(second);
        using OnnxModel model = Read(fused);
        OperationGraph graph = OperationGraphBuilder.Build(model.Graph);
        Assert.Equal(["w", "a.query_key", "a.attention_value", "o"], graph.Nodes.Select(node => node.Name));
        Assert.Equal([(0, 1), (1, 2), (0, 2), (2, 3)], graph.Edges);
    }

    [Fact]
    public void A_random_number_that_is_no_dropout_is_refused()
    {
        ModelProto model = Linear();
        model.Graph.Node[0].Output[0] = "y0";
        model.Graph.Node.Add(Node("RandomUniformLike", "r", ["y0"], "r"));
        model.Graph.Node.Add(Node("Add", "a", ["y0", "r"], "y"));
        AssertRefused(model, "random numbers");
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("Add", new long[0], new long[] { 1 })]
    [InlineData("Div", new long[] { long.MinValue }, new long[] { -1 })]
    public void Numbers_that_cannot_be_known_before_a_run_are_left_open(string operation, long[] left, long[] right)
    {
        ModelProto model = Linear();
        foreach ((string name, long[] numbers) in new[] { ("left", left), ("right", right) })
        {
            var tensor = new TensorProto { Name = name, DataType = 7 };
            tensor.Dims.Add(numbers.Length);
            tensor.RawData = ByteString.CopyFrom(System.Runtime.InteropServices.MemoryMarshal.AsBytes<long>(numbers));
            model.Graph.Initializer.Add(tensor);
        }
        model.Graph.Node.Insert(0, Node(operation, "/numbers", ["left", "right"], "numbers"));
        using OnnxModel read = Read(model);
        Assert.Single(read.Graph.Weights);
    }

    private static NodeProto Node(
        string op,
        string name,
        string[] inputs,
        string result,
        params AttributeProto[] attributes
    )
    {
        var node = new NodeProto { OpType = op, Name = name };
        node.Input.AddRange(inputs);
        node.Output.Add(result);
        node.Attribute.AddRange(attributes);
        return node;
    }

    // y = x·W with W = 0 … 15.
    private static ModelProto Linear()
    {
        ValueInfoProto Value(string name)
        {
            var shape = new TensorShapeProto();
            shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimParam = "batch" });
            shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = 4 });
            return new ValueInfoProto
            {
                Name = name,
                Type = new TypeProto
                {
                    TensorType = new TypeProto.Types.Tensor { ElemType = 1, Shape = shape },
                },
            };
        }
        var tensor = new TensorProto
        {
            Name = "w.weight",
            DataType = 1,
            RawData = ByteString.CopyFrom(
                System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>([
                    .. Enumerable.Range(0, 16).Select(i => (float)i),
                ])
            ),
        };
        tensor.Dims.AddRange([4, 4]);
        var model = new ModelProto
        {
            IrVersion = 8,
            Graph = new GraphProto { Name = "g" },
        };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = 17 });
        model.Graph.Input.Add(Value("x"));
        model.Graph.Output.Add(Value("y"));
        model.Graph.Initializer.Add(tensor);
        model.Graph.Node.Add(
            Node(
                "Gemm",
                "/w/Gemm",
                ["x", "w.weight"],
                "y",
                new AttributeProto
                {
                    Name = "transB",
                    Type = AttributeProto.Types.AttributeType.Int,
                    I = 1,
                }
            )
        );
        return model;
    }

    private static ModelProto External(string location, long offset, long length)
    {
        ModelProto model = Linear();
        TensorProto tensor = model.Graph.Initializer[0];
        tensor.RawData = ByteString.Empty;
        tensor.DataLocation = TensorProto.Types.DataLocation.External;
        foreach (
            (string key, string value) in new[]
            {
                ("location", location),
                ("offset", $"{offset}"),
                ("length", $"{length}"),
            }
        )
            tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
        return model;
    }

    private OnnxModel Read(ModelProto model)
    {
        File.WriteAllBytes(ModelPath, model.ToByteArray());
        return OnnxReader.Read(ModelPath);
    }

    private void AssertRefused(ModelProto model, string message)
    {
        OnnxFormatException error = Assert.Throws<OnnxFormatException>(() => Read(model).Dispose());
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Contains(
            error.Message.Contains("Node '", StringComparison.Ordinal) ? "Node" : ModelPath,
            error.Message,
            StringComparison.Ordinal
        );
    }
}
