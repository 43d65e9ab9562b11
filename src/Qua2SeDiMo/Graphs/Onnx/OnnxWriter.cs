using System.Globalization;
using Google.Protobuf;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Graphs.OnnxSchema;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Graphs.Onnx;

/// <summary>Writes a graph as ONNX, opset 23. Module paths are stored as node metadata under <c>scope</c>.</summary>
internal static class OnnxWriter
{
    /// <summary>Version of the ONNX operator set of written graphs.</summary>
    public const int OpsetVersion = 23;

    /// <summary>Metadata key of a node's module path.</summary>
    internal const string ScopeKey = "scope";

    private const int IrVersion = 11;

    // Readers map external data into memory; page-aligned tensors need no copy.
    private const int Alignment = 4096;

    // A smaller tensor stays in the model file: the padding to the alignment would cost more.
    private const int SmallestExternalBytes = 1024;

    /// <summary>
    /// Writes the model file and, above the threshold, a data file beside it. Tensors are streamed from the checkpoint
    /// one at a time.
    /// </summary>
    /// <param name="graph">The graph.</param>
    /// <param name="tensors">The checkpoint that the graph was built on.</param>
    /// <param name="path">For instance <c>graph.onnx</c>; the data file is then <c>graph.onnx_data</c>.</param>
    /// <param name="options">Defaults when null.</param>
    /// <param name="cancellationToken">Checked before each tensor.</param>
    /// <exception cref="Q2Exception">A tensor is missing or its file ends early.</exception>
    public static void Write(
        Graph graph,
        ITensorSource tensors,
        string path,
        OnnxWriterOptions? options = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(graph);
        options ??= new OnnxWriterOptions();
        ModelProto model = Describe(graph, options);
        IReadOnlyList<Initializer> stored = Stored(graph, options);
        bool external = stored.Sum(initializer => initializer.SizeBytes) > options.ExternalDataThreshold;
        if (external)
        {
            string dataPath = path + "_data";
            AtomicFile.Write(
                dataPath,
                stream =>
                {
                    foreach (Initializer initializer in stored)
                    {
                        cancellationToken.ThrowIfCancellationRequested();
                        model.Graph.Initializer.Add(
                            initializer.SizeBytes < SmallestExternalBytes
                                ? Embed(initializer, tensors)
                                : WriteExternal(initializer, tensors, stream, Path.GetFileName(dataPath))
                        );
                    }
                },
                options.FlushToDisk
            );
        }
        else
        {
            EmbedAll(model, stored, tensors, cancellationToken);
        }
        AtomicFile.Write(path, model.WriteTo, options.FlushToDisk);
    }

    /// <summary>Writes a model with all data inside, for a session in this process.</summary>
    /// <exception cref="Q2Exception">A tensor is missing or its file ends early.</exception>
    public static byte[] ToBytes(
        Graph graph,
        ITensorSource tensors,
        OnnxWriterOptions? options = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(graph);
        options ??= new OnnxWriterOptions();
        ModelProto model = Describe(graph, options);
        EmbedAll(model, Stored(graph, options), tensors, cancellationToken);
        return model.ToByteArray();
    }

    /// <summary>Bytes of the initializers that a model written with these options stores.</summary>
    public static long StoredBytes(Graph graph, OnnxWriterOptions options) =>
        Stored(graph, options).Sum(initializer => initializer.SizeBytes);

    private static IReadOnlyList<Initializer> Stored(Graph graph, OnnxWriterOptions options)
    {
        if (!options.QuantizableWeightsAsInputs)
            return graph.Initializers;
        HashSet<string> weights = [.. graph.Weights.Select(weight => weight.Initializer.Name)];
        return [.. graph.Initializers.Where(initializer => !weights.Contains(initializer.Name))];
    }

    private static ModelProto Describe(Graph graph, OnnxWriterOptions options)
    {
        var body = new GraphProto { Name = graph.Name };
        body.Input.AddRange(graph.Inputs.Select(Declare));
        if (options.QuantizableWeightsAsInputs)
            body.Input.AddRange(graph.Weights.Select(weight => Declare(weight.Initializer.Value)));
        body.Output.AddRange(graph.Outputs.Select(Declare));
        body.Node.AddRange(graph.Nodes.Select(Describe));
        var model = new ModelProto
        {
            IrVersion = IrVersion,
            ProducerName = "Qua2SeDiMo.NET",
            Graph = body,
        };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = OpsetVersion });
        foreach (
            string domain in graph
                .Nodes.Select(node => node.Domain)
                .Where(domain => domain.Length > 0)
                .Distinct()
                .Order(StringComparer.Ordinal)
        )
        {
            model.OpsetImport.Add(new OperatorSetIdProto { Domain = domain, Version = 1 });
        }
        return model;
    }

    private static ValueInfoProto Declare(GraphValue value)
    {
        var shape = new TensorShapeProto();
        shape.Dim.AddRange(
            value.Shape.Select(extent =>
                extent.IsFixed
                    ? new TensorShapeProto.Types.Dimension { DimValue = extent.Size }
                    : new TensorShapeProto.Types.Dimension { DimParam = extent.Symbol }
            )
        );
        var tensor = new TypeProto.Types.Tensor { ElemType = OnnxTypes.ToOnnx(value.Type), Shape = shape };
        return new ValueInfoProto
        {
            Name = value.Name,
            Type = new TypeProto { TensorType = tensor },
        };
    }

    private static NodeProto Describe(GraphNode node)
    {
        var proto = new NodeProto
        {
            Name = node.Name,
            OpType = node.OpType,
            Domain = node.Domain,
        };
        proto.Input.AddRange(node.Inputs);
        proto.Output.AddRange(node.Outputs);
        proto.Attribute.AddRange(node.Attributes.Select(Describe));
        if (node.Scope.Length > 0)
            proto.MetadataProps.Add(new StringStringEntryProto { Key = ScopeKey, Value = node.Scope });
        return proto;
    }

    private static AttributeProto Describe(GraphAttribute attribute)
    {
        var proto = new AttributeProto { Name = attribute.Name };
        switch (attribute)
        {
            case GraphAttribute.Whole whole:
                (proto.Type, proto.I) = (AttributeProto.Types.AttributeType.Int, whole.Value);
                break;
            case GraphAttribute.Wholes wholes:
                proto.Type = AttributeProto.Types.AttributeType.Ints;
                proto.Ints.AddRange(wholes.Values);
                break;
            case GraphAttribute.Real real:
                (proto.Type, proto.F) = (AttributeProto.Types.AttributeType.Float, real.Value);
                break;
            case GraphAttribute.Reals reals:
                proto.Type = AttributeProto.Types.AttributeType.Floats;
                proto.Floats.AddRange(reals.Values);
                break;
            case GraphAttribute.Text text:
                (proto.Type, proto.S) = (
                    AttributeProto.Types.AttributeType.String,
                    ByteString.CopyFromUtf8(text.Value)
                );
                break;
            case GraphAttribute.Texts texts:
                proto.Type = AttributeProto.Types.AttributeType.Strings;
                proto.Strings.AddRange(texts.Values.Select(ByteString.CopyFromUtf8));
                break;
            case GraphAttribute.Tensor tensor:
                proto.Type = AttributeProto.Types.AttributeType.Tensor;
                proto.T = Header(tensor.Value);
                proto.T.RawData = ByteString.CopyFrom(tensor.Value.Data.Span);
                break;
        }
        return proto;
    }

    private static TensorProto Header(Initializer initializer)
    {
        var proto = new TensorProto { Name = initializer.Name, DataType = OnnxTypes.ToOnnx(initializer.Type) };
        proto.Dims.AddRange(initializer.Shape);
        return proto;
    }

    private static void EmbedAll(
        ModelProto model,
        IReadOnlyList<Initializer> stored,
        ITensorSource tensors,
        CancellationToken cancellationToken
    )
    {
        foreach (Initializer initializer in stored)
        {
            cancellationToken.ThrowIfCancellationRequested();
            model.Graph.Initializer.Add(Embed(initializer, tensors));
        }
    }

    private static TensorProto Embed(Initializer initializer, ITensorSource tensors)
    {
        byte[] data = new byte[checked((int)initializer.SizeBytes)];
        using (var stream = new MemoryStream(data))
            InitializerData.Write(initializer, tensors, stream);
        TensorProto proto = Header(initializer);
        proto.RawData = UnsafeByteOperations.UnsafeWrap(data);
        return proto;
    }

    private static TensorProto WriteExternal(
        Initializer initializer,
        ITensorSource tensors,
        FileStream stream,
        string fileName
    )
    {
        stream.Position = (stream.Position + Alignment - 1) / Alignment * Alignment;
        long offset = stream.Position;
        InitializerData.Write(initializer, tensors, stream);
        TensorProto proto = Header(initializer);
        proto.DataLocation = TensorProto.Types.DataLocation.External;
        void Add(string key, string value) =>
            proto.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
        Add("location", fileName);
        Add("offset", offset.ToString(CultureInfo.InvariantCulture));
        Add("length", initializer.SizeBytes.ToString(CultureInfo.InvariantCulture));
        return proto;
    }
}
