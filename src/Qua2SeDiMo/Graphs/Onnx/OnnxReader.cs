using System.Text.RegularExpressions;
using Google.Protobuf;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Graphs.OnnxSchema;
using Qua2SeDiMo.Graphs.Passes;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Kernels.Operators;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Graphs.Onnx;

/// <summary>An ONNX model, read as a <see cref="Graph"/>, and the tensors that it reads.</summary>
/// <param name="Graph">The graph; its quantizable weights are listed, and named by module path.</param>
/// <param name="Tensors">Its initializers; disposed with the model.</param>
internal sealed record OnnxModel(Graph Graph, OnnxTensors Tensors) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose() => Tensors.Dispose();
}

/// <summary>
/// Reads exported denoisers: opsets 13 to 23, standard operators and those of ONNX Runtime, data inside or beside the
/// file. Half precision is widened to single. Files are not trusted: sizes, paths and references are checked before
/// use.
/// </summary>
internal static partial class OnnxReader
{
    /// <summary>Name of an exported denoiser's file in its component's folder.</summary>
    public const string FileName = ComponentFiles.ProgramName;

    private const int OldestOpset = 13;

    // Single-precision constants up to this size are held in the graph; larger ones are read from their file when
    // needed.
    private const int LargestHeldBytes = 4096;

    /// <summary>Reads a model.</summary>
    /// <param name="path">The <c>.onnx</c> file.</param>
    /// <param name="name">Class of the model; null takes the graph's own name.</param>
    /// <param name="height">Height of the four-axis input when the export leaves it symbolic; null keeps it
    /// symbolic.</param>
    /// <param name="width">Width of that input, likewise.</param>
    /// <param name="isSizeWanted">Whether an export for another fixed size is refused; otherwise its own size is
    /// kept.</param>
    /// <exception cref="OnnxFormatException">The file is missing or damaged, refers to a file outside of its folder,
    /// uses something unsupported, or is for another size.</exception>
    public static OnnxModel Read(
        string path,
        string? name = null,
        int? height = null,
        int? width = null,
        bool isSizeWanted = true
    )
    {
        return Read(Parse(path), path, name, height, width, isSizeWanted);
    }

    /// <summary>Reads a model that is already parsed; its data files lie beside <paramref name="path"/>.</summary>
    internal static OnnxModel Read(
        ModelProto model,
        string path,
        string? name = null,
        int? height = null,
        int? width = null,
        bool isSizeWanted = true
    )
    {
        var tensors = new OnnxTensors(path);
        try
        {
            return new OnnxModel(
                new Reading(path, model, tensors).ToGraph(name, [null, null, height, width], isSizeWanted),
                tensors
            );
        }
        catch (Exception error) when (error is OverflowException or ArgumentException or InvalidCastException)
        {
            tensors.Dispose();
            throw new OnnxFormatException($"{path}: not a consistent model: {error.Message}", error);
        }
        catch
        {
            tensors.Dispose();
            throw;
        }
    }

    private static ElementType Widened(ElementType type) =>
        type is ElementType.Float16 or ElementType.BFloat16 ? ElementType.Float32 : type;

    /// <summary>Whether an initializer's data are held in the graph; others are read when needed.</summary>
    internal static bool IsHeld(TensorInfo info) =>
        Widened(info.Type) != ElementType.Float32 || (info.SizeBytes <= LargestHeldBytes && info.Shape.Count < 2);

    internal static ModelProto Parse(string path)
    {
        if (!File.Exists(path))
            throw new OnnxFormatException($"{path}: there is no such file.");
        if (ForeignContent.Format(ForeignContent.StartOf(path)) is { } foreign)
            throw new OnnxFormatException($"{path}: {foreign}");
        using FileStream stream = RegularFile.Open(path);
        return Parse(stream, path);
    }

    /// <summary>Parses an open file.</summary>
    internal static ModelProto Parse(Stream stream, string path)
    {
        ModelProto model;
        try
        {
            model = ModelProto.Parser.ParseFrom(stream);
        }
        catch (InvalidProtocolBufferException error)
        {
            throw new OnnxFormatException($"{path}: not an ONNX file, or cut off: {error.Message}", error);
        }
        if (model.Graph is null || model.Graph.Node.Count == 0)
            throw new OnnxFormatException($"{path}: the model has no graph; is it an ONNX file, and complete?");
        if (model.Functions.Count > 0)
            throw new OnnxFormatException(
                $"{path}: the model defines functions of its own ('{model.Functions[0].Name}', …); export it with functions inlined."
            );
        return model;
    }

    private sealed partial class Reading(string path, ModelProto model, OnnxTensors tensors)
    {
        private readonly Dictionary<string, GraphValue> values = new(StringComparer.Ordinal);
        private readonly List<Initializer> initializers = [];

        // Symbolic extents of the export for which the caller chose a size.
        private readonly Dictionary<string, long> chosen = new(StringComparer.Ordinal);

        internal Graph ToGraph(string? name, int?[] size, bool isSizeWanted)
        {
            GraphProto body = model.Graph;
            long opset = Opset();
            Choose(body, size, isSizeWanted);
            foreach (TensorProto proto in body.Initializer)
                AddInitializer(proto);
            GraphValue[] inputs = [.. body.Input.Where(input => !values.ContainsKey(input.Name)).Select(Declared)];
            foreach (GraphValue input in inputs)
                Add(input);
            GraphNode[] nodes = [.. body.Node.Where(node => !HoldConstant(node)).Select(Convert)];
            nodes = [.. Sort(TrainingNoise.Remove(OperatorUpgrade.Apply(nodes, opset, initializers)))];
            foreach (Initializer added in initializers)
                values.TryAdd(added.Name, added.Value);
            GraphValue[] outputs = [.. body.Output.Select(Declared)];
            foreach (GraphValue output in outputs)
                values.TryAdd(output.Name, output);
            foreach (ValueInfoProto info in body.ValueInfo)
            {
                // Symbolic extents of inner values are left to inference, which uses the chosen sizes.
                if (
                    info.Type?.TensorType?.Shape is { } shape
                    && shape.Dim.All(extent =>
                        extent.ValueCase == TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue
                    )
                )
                    values.TryAdd(info.Name, Declared(info));
            }
            ShapeInference.Run(nodes, initializers, values);
            var graph = new Graph(
                name ?? (body.Name.Length > 0 ? body.Name : "model"),
                inputs,
                outputs,
                nodes,
                initializers,
                [],
                values
            );
            graph = WeightLifting.Apply(graph, tensors);
            graph = SkipSplitting.Apply(graph);
            graph = RepeatedEmbedders.Tie(graph.WithOutputs([.. outputs.Select(output => output.Name)]));
            tensors.Keep(
                graph.Initializers.OfType<Initializer.FromTensor>().Select(initializer => initializer.TensorName)
            );
            return graph;
        }

        private void Choose(GraphProto body, int?[] size, bool isSizeWanted)
        {
            if (
                body.Input.FirstOrDefault(input => input.Type?.TensorType?.Shape?.Dim.Count == size.Length)
                is not { } image
            )
                return;
            for (int axis = 0; axis < size.Length; axis++)
            {
                TensorShapeProto.Types.Dimension extent = image.Type.TensorType.Shape.Dim[axis];
                if (size[axis] is not { } wanted)
                    continue;
                if (extent.ValueCase == TensorShapeProto.Types.Dimension.ValueOneofCase.DimParam)
                    chosen[extent.DimParam] = wanted;
                else if (
                    isSizeWanted
                    && extent.ValueCase == TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue
                    && extent.DimValue != wanted
                )
                {
                    string stated = string.Join(
                        " × ",
                        image.Type.TensorType.Shape.Dim.Skip(2).Select(dim => dim.DimValue)
                    );
                    throw new OnnxFormatException(
                        $"{path}: '{image.Name}' was exported for {stated}; {size[2]} × {size[3]} was asked for. "
                            + "Ask for that size, or export with dynamic axes."
                    );
                }
            }
        }

        private long Opset()
        {
            long opset = -1;
            foreach (OperatorSetIdProto import in model.OpsetImport)
            {
                if (import.Domain is "" or "ai.onnx")
                    opset = import.Version;
            }
            return opset is >= OldestOpset and <= OnnxWriter.OpsetVersion
                ? opset
                : throw new OnnxFormatException(
                    $"{path}: operator set {opset}; {OldestOpset} to {OnnxWriter.OpsetVersion} are supported. "
                        + "Export again with opset 17 or 20."
                );
        }

        private void AddInitializer(TensorProto proto)
        {
            bool isElsewhere =
                model.MetadataProps.Any(entry => entry.Key == OnnxSkeleton.ElsewhereKey)
                && !IsHeld(OnnxTensors.Describe(proto, path));
            TensorInfo info = tensors.Add(proto, isElsewhere);
            ElementType type = Widened(info.Type);
            if (IsHeld(info))
            {
                if (info.SizeBytes > int.MaxValue)
                    throw new OnnxFormatException(
                        $"{path}: constant '{info.Name}' of {info.SizeBytes} bytes is no parameter of a network."
                    );
                byte[] bytes = new byte[info.SizeBytes];
                tensors.ReadBytes(info.Name, 0, bytes);
                Add(new Initializer.Inline(info.Name, type, info.Shape, Widen(info.Type, bytes, info.ElementCount)));
                return;
            }
            Add(
                new Initializer.FromTensor(
                    info.Name,
                    type,
                    info.Shape,
                    info.Name,
                    info.Shape,
                    false,
                    0,
                    info.Shape.Count > 1 ? info.Shape[1] : 1
                )
            );
        }

        private void Add(Initializer initializer)
        {
            initializers.Add(initializer);
            Add(initializer.Value);
        }

        private void Add(GraphValue value)
        {
            if (value.Name.Length == 0 || !values.TryAdd(value.Name, value))
                throw new OnnxFormatException($"{path}: two values are named '{value.Name}', or one has no name.");
        }

        private GraphValue Declared(ValueInfoProto info)
        {
            TypeProto.Types.Tensor tensor =
                info.Type?.TensorType ?? throw new OnnxFormatException($"{path}: '{info.Name}' is no tensor.");
            ElementType type =
                OnnxTypes.FromOnnx(tensor.ElemType)
                ?? throw new OnnxFormatException(
                    $"{path}: '{info.Name}' has element type {tensor.ElemType}, which is not supported."
                );
            int unknown = 0;
            Dimension[] shape =
            [
                .. (tensor.Shape ?? new TensorShapeProto()).Dim.Select(extent =>
                    extent.ValueCase switch
                    {
                        TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue when extent.DimValue >= 0 =>
                            new Dimension(extent.DimValue),
                        TensorShapeProto.Types.Dimension.ValueOneofCase.DimParam
                            when chosen.TryGetValue(extent.DimParam, out long size) => new Dimension(size),
                        TensorShapeProto.Types.Dimension.ValueOneofCase.DimParam when extent.DimParam.Length > 0 =>
                            new Dimension(extent.DimParam),
                        _ => new Dimension($"{info.Name}.{unknown++}"),
                    }
                ),
            ];
            return new GraphValue(info.Name, Widened(type), shape);
        }

        // Constant nodes become initializers.
        private bool HoldConstant(NodeProto node)
        {
            if (node.OpType != "Constant" || node.Domain is not ("" or "ai.onnx"))
                return false;
            if (node.Output.Count != 1 || node.Attribute.Count != 1)
                throw new OnnxFormatException($"{path}: constant '{node.Name}' has not exactly one value.");
            AttributeProto attribute = node.Attribute[0];
            string output = node.Output[0];
            Add(
                attribute.Name switch
                {
                    "value" when attribute.T is not null => Inline(attribute.T, output),
                    "value_int" => new Initializer.Inline(output, ElementType.Int64, [], Raw<long>([attribute.I])),
                    "value_ints" => new Initializer.Inline(
                        output,
                        ElementType.Int64,
                        [attribute.Ints.Count],
                        Raw<long>([.. attribute.Ints])
                    ),
                    "value_float" => new Initializer.Inline(output, ElementType.Float32, [], Raw<float>([attribute.F])),
                    "value_floats" => new Initializer.Inline(
                        output,
                        ElementType.Float32,
                        [attribute.Floats.Count],
                        Raw<float>([.. attribute.Floats])
                    ),
                    _ => throw new OnnxFormatException(
                        $"{path}: constant '{node.Name}' holds '{attribute.Name}' without a value, or of a kind that is not supported."
                    ),
                }
            );
            return true;
        }

        private Initializer.Inline Inline(TensorProto proto, string name)
        {
            if (proto.DataLocation == TensorProto.Types.DataLocation.External)
                throw new OnnxFormatException(
                    $"{path}: constant '{name}' lies outside of the model file; only initializers may."
                );
            TensorInfo info = OnnxTensors.Describe(proto, path);
            return new Initializer.Inline(
                name,
                Widened(info.Type),
                info.Shape,
                Widen(info.Type, OnnxTensors.Bytes(proto, info, path).ToArray(), info.ElementCount)
            );
        }

        private GraphNode Convert(NodeProto node)
        {
            string domain = node.Domain is "ai.onnx" ? "" : node.Domain;
            bool isOurs =
                domain == PaletteOperatorNames.Domain
                && node.OpType is (PaletteOperatorNames.MatMul or PaletteOperatorNames.Conv);
            if (domain is not ("" or "com.microsoft") && !isOurs)
            {
                throw new OnnxFormatException(
                    $"{path}: node '{node.Name}' calls the operator '{node.OpType}' of the domain '{domain}', "
                        + "which is unknown here. Standard operators and those of com.microsoft are supported."
                );
            }
            if (node.OpType.Length == 0 || node.Output.All(output => output.Length == 0))
                throw new OnnxFormatException($"{path}: node '{node.Name}' has no operator or no output.");
            string unique = node.Output.First(output => output.Length > 0);
            var converted = new GraphNode(
                node.Name.Length > 0 ? node.Name : unique,
                node.OpType,
                domain,
                [.. node.Input],
                [.. node.Output],
                [
                    .. node
                        .Attribute.Select(attribute => Convert(node, attribute))
                        .OrderBy(attribute => attribute.Name, StringComparer.Ordinal),
                ],
                ScopeOf(node)
            );
            return OperatorForm.FaultOf(converted) is { } fault
                ? throw new OnnxFormatException($"{path}: node '{converted.Name}' ({node.OpType}) {fault}.")
                : converted;
        }

        private GraphAttribute Convert(NodeProto node, AttributeProto attribute)
        {
            switch (attribute.Type)
            {
                case AttributeProto.Types.AttributeType.Int:
                    bool isHalf =
                        node.OpType == "Cast"
                        && attribute.Name == "to"
                        && OnnxTypes.FromOnnx((int)attribute.I) is { } to
                        && Widened(to) != to;
                    return new GraphAttribute.Whole(
                        attribute.Name,
                        isHalf ? OnnxTypes.ToOnnx(ElementType.Float32) : attribute.I
                    );
                case AttributeProto.Types.AttributeType.Ints:
                    return new GraphAttribute.Wholes(attribute.Name, [.. attribute.Ints]);
                case AttributeProto.Types.AttributeType.Float:
                    return new GraphAttribute.Real(attribute.Name, attribute.F);
                case AttributeProto.Types.AttributeType.Floats:
                    return new GraphAttribute.Reals(attribute.Name, [.. attribute.Floats]);
                case AttributeProto.Types.AttributeType.String:
                    return new GraphAttribute.Text(attribute.Name, attribute.S.ToStringUtf8());
                case AttributeProto.Types.AttributeType.Strings:
                    return new GraphAttribute.Texts(
                        attribute.Name,
                        [.. attribute.Strings.Select(text => text.ToStringUtf8())]
                    );
                case AttributeProto.Types.AttributeType.Tensor when attribute.T is not null:
                    return new GraphAttribute.Tensor(attribute.Name, Inline(attribute.T, attribute.Name));
                default:
                    throw new OnnxFormatException(
                        $"{path}: node '{node.Name}' ({node.OpType}) has the attribute '{attribute.Name}' of kind "
                            + $"{attribute.Type}, without a value or of a kind that is not supported (control flow with "
                            + "inner graphs is none)."
                    );
            }
        }

        // Sorts nodes into running order, which files do not guarantee, and checks that every input is provided once.
        private List<GraphNode> Sort(IReadOnlyList<GraphNode> nodes)
        {
            var known = new HashSet<string>(
                values.Keys.Concat(initializers.Select(initializer => initializer.Name)),
                StringComparer.Ordinal
            )
            {
                "",
            };
            var provided = new Dictionary<string, int>(StringComparer.Ordinal);
            for (int i = 0; i < nodes.Count; i++)
            {
                foreach (string output in nodes[i].Outputs.Where(output => output.Length > 0))
                {
                    if (known.Contains(output) || !provided.TryAdd(output, i))
                        throw new OnnxFormatException($"{path}: two values are named '{output}'.");
                }
            }
            int[] missing = new int[nodes.Count];
            var readers = new List<int>[nodes.Count];
            for (int i = 0; i < nodes.Count; i++)
                readers[i] = [];
            for (int i = 0; i < nodes.Count; i++)
            {
                foreach (string input in nodes[i].Inputs.Where(input => !known.Contains(input)).Distinct())
                {
                    if (!provided.TryGetValue(input, out int source))
                        throw new OnnxFormatException(
                            $"{path}: node '{nodes[i].Name}' reads '{input}', which nothing provides."
                        );
                    readers[source].Add(i);
                    missing[i]++;
                }
            }
            var ready = new PriorityQueue<int, int>(
                Enumerable.Range(0, nodes.Count).Where(i => missing[i] == 0).Select(i => (i, i))
            );
            var sorted = new List<GraphNode>(nodes.Count);
            while (ready.TryDequeue(out int next, out _))
            {
                sorted.Add(nodes[next]);
                foreach (int reader in readers[next])
                {
                    if (--missing[reader] == 0)
                        ready.Enqueue(reader, reader);
                }
            }
            return sorted.Count == nodes.Count
                ? sorted
                : throw new OnnxFormatException(
                    $"{path}: the graph runs in a circle through node '{nodes[Array.FindIndex(missing, count => count > 0)].Name}'."
                );
        }

        private static byte[] Widen(ElementType type, byte[] bytes, long count)
        {
            if (Widened(type) == type)
                return bytes;
            float[] single = new float[count];
            type.ToSingle(bytes, single);
            return Raw<float>(single);
        }

        private static byte[] Raw<T>(T[] numbers)
            where T : unmanaged => System.Runtime.InteropServices.MemoryMarshal.AsBytes<T>(numbers).ToArray();
    }

    /// <summary>
    /// Module path of a node: from the metadata of <see cref="OnnxWriter"/> or of the newer PyTorch exporter, or from
    /// the node's name, <c>/module/path/Operator</c> in the older exporter.
    /// </summary>
    internal static string ScopeOf(NodeProto node)
    {
        string? Metadata(string key) => node.MetadataProps.FirstOrDefault(entry => entry.Key == key)?.Value;
        if (Metadata(OnnxWriter.ScopeKey) is { } own)
            return own;
        if (Metadata("pkg.torch.onnx.name_scopes") is { } scopes)
        {
            // The value is a Python list; the last entry is the operation, the one before it the innermost module.
            string[] entries = [.. QuotedEntry().Matches(scopes).Select(match => match.Groups["text"].Value)];
            return entries.Length >= 2 ? entries[^2] : "";
        }
        string[] parts = node.Name.Split('/', StringSplitOptions.RemoveEmptyEntries);
        return node.Name.StartsWith('/') && parts.Length > 1 ? string.Join('.', parts[..^1]) : "";
    }

    [GeneratedRegex("['\"](?<text>[^'\"]*)['\"]")]
    private static partial Regex QuotedEntry();
}
