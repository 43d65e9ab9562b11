using Google.Protobuf;
using Qua2SeDiMo.Graphs.OnnxSchema;

namespace Qua2SeDiMo.Fuzz.Targets;

/// <summary>Small models that together call every operator that passes examine.</summary>
internal static class OnnxSeeds
{
    private const int Single = 1,
        Long = 7;

    internal static IReadOnlyList<FuzzInput> All() =>
        [
            Seed(Network()),
            Seed(ShapeArithmetic()),
            Seed(Reductions()),
            Outside(),
            .. Directory
                .EnumerateFiles(Path.Combine(Samples.Root, "tests", "hostile", "onnx"), "*.onnx")
                .Order(StringComparer.Ordinal)
                .Select(path => FuzzInput.Of("model.onnx", File.ReadAllBytes(path))),
        ];

    private static FuzzInput Seed(ModelProto model) => FuzzInput.Of("model.onnx", model.ToByteArray());

    private static ModelProto Network()
    {
        ModelProto model = Model([1, 3, 8, 8], "y");
        GraphProto g = model.Graph;
        g.Initializer.Add(Tensor("conv.weight", [4, 3, 3, 3], 108));
        g.Initializer.Add(Tensor("fc.weight", [5, 4], 20));
        g.Initializer.Add(Tensor("fc.bias", [5], 5));
        g.Initializer.Add(Tensor("out.weight", [5, 2], 10));
        g.Initializer.Add(Tensor("ln.weight", [4], 4));
        g.Node.Add(
            Node(
                "/conv/Conv",
                "Conv",
                ["x", "conv.weight"],
                ["c"],
                Ints("pads", 1, 1, 1, 1),
                Ints("strides", 1, 1),
                Ints("kernel_shape", 3, 3),
                Int("group", 1)
            )
        );
        g.Node.Add(Node("/act/Relu", "Relu", ["c"], ["r"]));
        g.Node.Add(Node("/flat/Transpose", "Transpose", ["r"], ["t"], Ints("perm", 0, 2, 3, 1)));
        g.Node.Add(Node("/ln/LayerNormalization", "LayerNormalization", ["t", "ln.weight"], ["n"], Int("axis", -1)));
        g.Node.Add(Node("/fc/Transpose", "Transpose", ["fc.weight"], ["fct"], Ints("perm", 1, 0)));
        g.Node.Add(Node("/fc/MatMul", "MatMul", ["n", "fct"], ["m"]));
        g.Node.Add(Node("/fc/Add", "Add", ["m", "fc.bias"], ["a"]));
        g.Node.Add(Node("/skip/Concat", "Concat", ["a", "a"], ["k"], Int("axis", -1)));
        g.Node.Add(Node("/cut/Split", "Split", ["k"], ["s0", "s1"], Int("axis", -1), Int("num_outputs", 2)));
        g.Node.Add(Node("/out/MatMul", "MatMul", ["s0", "out.weight"], ["y"]));
        return model;
    }

    private static ModelProto ShapeArithmetic()
    {
        ModelProto model = Model([-1, 4, 8, 8], "y");
        GraphProto g = model.Graph;
        g.Initializer.Add(Longs("zero", 0));
        g.Initializer.Add(Longs("two", 2));
        g.Initializer.Add(Longs("minus", -1));
        g.Initializer.Add(Longs("heads", 2, 2));
        g.Initializer.Add(Longs("axes", 0));
        g.Node.Add(Node("/Shape", "Shape", ["x"], ["shape"], Int("start", 0), Int("end", 4)));
        g.Node.Add(Node("/Gather", "Gather", ["shape", "zero"], ["batch"], Int("axis", 0)));
        g.Node.Add(Node("/Unsqueeze", "Unsqueeze", ["batch", "axes"], ["b1"]));
        g.Node.Add(Node("/Squeeze", "Squeeze", ["b1", "axes"], ["b2"]));
        g.Node.Add(Node("/Mul", "Mul", ["two", "two"], ["four"]));
        g.Node.Add(Node("/Div", "Div", ["four", "two"], ["half"]));
        g.Node.Add(Node("/Concat", "Concat", ["batch", "heads", "minus"], ["target"], Int("axis", 0)));
        g.Node.Add(Node("/Reshape", "Reshape", ["x", "target"], ["r"], Int("allowzero", 0)));
        g.Node.Add(Node("/Slice", "Slice", ["r", "zero", "two", "axes", "two"], ["s"]));
        g.Node.Add(Node("/Expand", "Expand", ["s", "target"], ["e"]));
        g.Node.Add(Node("/Where", "Where", ["e", "e", "e"], ["w"]));
        g.Node.Add(Node("/Cast", "Cast", ["w"], ["f"], Int("to", 10)));
        g.Node.Add(
            Node(
                "/Fill",
                "ConstantOfShape",
                ["four"],
                ["c"],
                new AttributeProto
                {
                    Name = "value",
                    Type = AttributeProto.Types.AttributeType.Tensor,
                    T = Longs("", 3),
                }
            )
        );
        g.Node.Add(
            Node(
                "/Constant",
                "Constant",
                [],
                ["k"],
                new AttributeProto
                {
                    Name = "value_ints",
                    Type = AttributeProto.Types.AttributeType.Ints,
                    Ints = { 1, 2 },
                }
            )
        );
        g.Node.Add(Node("/Pad", "Pad", ["f", "heads"], ["p"], Text("mode", "constant")));
        g.Node.Add(Node("/Resize", "Resize", ["p", "", "", "target"], ["z"]));
        g.Node.Add(Node("/Identity", "Identity", ["z"], ["y"]));
        return model;
    }

    private static ModelProto Reductions()
    {
        ModelProto model = Model([2, 4], "y");
        GraphProto g = model.Graph;
        g.Initializer.Add(Tensor("w", [4, 4], 16));
        g.Node.Add(Node("/g/Gemm", "Gemm", ["x", "w"], ["a"], Int("transB", 1), Real("alpha", 1), Real("beta", 1)));
        g.Node.Add(Node("/Einsum", "Einsum", ["a", "w"], ["b"], Text("equation", "ij,jk->ik")));
        g.Node.Add(Node("/ReduceMean", "ReduceMean", ["b"], ["c"], Ints("axes", -1), Int("keepdims", 1)));
        g.Node.Add(Node("/ArgMax", "ArgMax", ["b"], ["d"], Int("axis", 1), Int("keepdims", 0)));
        g.Node.Add(Node("/Flatten", "Flatten", ["b"], ["e"], Int("axis", 1)));
        g.Node.Add(Node("/Noise", "RandomUniformLike", ["e"], ["n"], Real("high", 0.5f), Real("low", -0.5f)));
        g.Node.Add(Node("/Tile", "Tile", ["e", "reps"], ["t"]));
        g.Initializer.Add(Longs("reps", 1, 2));
        g.Node.Add(Node("/Softmax", "Softmax", ["e"], ["s"], Int("axis", -1)));
        g.Node.Add(Node("/Clip", "Clip", ["s"], ["l"]));
        g.Node.Add(Node("/Sub", "Sub", ["l", "c"], ["y"]));
        return model;
    }

    // A model with a tensor whose data are in a file beside it.
    private static FuzzInput Outside()
    {
        ModelProto model = Model([2, 4], "y");
        TensorProto tensor = Tensor("w", [64, 32], 0);
        tensor.RawData = ByteString.Empty;
        tensor.Dims[0] = 4;
        tensor.DataLocation = TensorProto.Types.DataLocation.External;
        foreach (
            (string key, string value) in new[] { ("location", "weights.bin"), ("offset", "0"), ("length", "512") }
        )
            tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
        model.Graph.Initializer.Add(tensor);
        model.Graph.Node.Add(Node("/m/MatMul", "MatMul", ["x", "w"], ["y"]));
        return new FuzzInput([
            new FuzzFile("model.onnx", model.ToByteArray()),
            new FuzzFile("weights.bin", new byte[512]),
        ]);
    }

    private static ModelProto Model(long[] input, string output)
    {
        var model = new ModelProto
        {
            IrVersion = 8,
            Graph = new GraphProto { Name = "g" },
        };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 17 });
        model.Graph.Input.Add(Info("x", input));
        model.Graph.Output.Add(Info(output, []));
        return model;
    }

    private static ValueInfoProto Info(string name, long[] shape)
    {
        var dims = new TensorShapeProto();
        foreach (long extent in shape)
            dims.Dim.Add(
                extent < 0
                    ? new TensorShapeProto.Types.Dimension { DimParam = "batch" }
                    : new TensorShapeProto.Types.Dimension { DimValue = extent }
            );
        return new ValueInfoProto
        {
            Name = name,
            Type = new TypeProto
            {
                TensorType = new TypeProto.Types.Tensor { ElemType = Single, Shape = dims },
            },
        };
    }

    private static NodeProto Node(
        string name,
        string type,
        string[] inputs,
        string[] outputs,
        params AttributeProto[] attributes
    )
    {
        var node = new NodeProto { Name = name, OpType = type };
        node.Input.AddRange(inputs);
        node.Output.AddRange(outputs);
        node.Attribute.AddRange(attributes);
        return node;
    }

    private static TensorProto Tensor(string name, long[] dims, int count)
    {
        var tensor = new TensorProto
        {
            Name = name,
            DataType = Single,
            RawData = ByteString.CopyFrom(new byte[4 * count]),
        };
        tensor.Dims.AddRange(dims);
        return tensor;
    }

    private static TensorProto Longs(string name, params long[] values)
    {
        var tensor = new TensorProto { Name = name, DataType = Long };
        tensor.Dims.Add(values.Length);
        tensor.Int64Data.AddRange(values);
        return tensor;
    }

    private static AttributeProto Int(string name, long value) =>
        new()
        {
            Name = name,
            Type = AttributeProto.Types.AttributeType.Int,
            I = value,
        };

    private static AttributeProto Real(string name, float value) =>
        new()
        {
            Name = name,
            Type = AttributeProto.Types.AttributeType.Float,
            F = value,
        };

    private static AttributeProto Text(string name, string value) =>
        new()
        {
            Name = name,
            Type = AttributeProto.Types.AttributeType.String,
            S = ByteString.CopyFromUtf8(value),
        };

    private static AttributeProto Ints(string name, params long[] values)
    {
        var attribute = new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Ints };
        attribute.Ints.AddRange(values);
        return attribute;
    }
}
