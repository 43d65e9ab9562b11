using System.Globalization;
using System.Runtime.InteropServices;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;

namespace Qua2SeDiMo.Graphs.Ir;

/// <summary>
/// Records a graph: calling an operator adds a node and returns the value that the node will compute, with its shape.
/// Scopes form the module path, under which parameters are found in the checkpoint, so that code that builds a model
/// reads like the model's forward pass.
/// </summary>
/// <remarks>
/// Files: this one holds recording, scopes and parameters; <c>GraphBuilder.Operators.cs</c> the operators;
/// <c>GraphBuilder.Shapes.cs</c> those that only move data; <c>GraphBuilder.Rotary.cs</c> those of rotary embeddings;
/// <c>GraphBuilder.Layers.cs</c> modules with parameters.
/// </remarks>
internal sealed partial class GraphBuilder
{
    private const double MinTableNumbers = 1 << 24;

    private readonly string name;
    private readonly ITensorSource tensors;
    private readonly Func<string, string> tensorName;
    private readonly List<GraphValue> inputs = [];
    private readonly List<GraphValue> outputs = [];
    private readonly List<GraphNode> nodes = [];
    private readonly List<Initializer> initializers = [];
    private readonly List<GraphWeight> weights = [];
    private readonly Dictionary<string, GraphValue> values = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> constants = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> renamed = new(StringComparer.Ordinal);
    private readonly HashSet<string> nodeNames = new(StringComparer.Ordinal);
    private string scope = "";

    // Elements that further tables may hold; set when the first table is made.
    private double? tableNumbers;

    /// <summary>Starts an empty recording.</summary>
    /// <param name="name">Class of the model.</param>
    /// <param name="tensors">The checkpoint; only names and shapes are read while building.</param>
    /// <param name="tensorName">Maps the path of a parameter to its name in the checkpoint, where the two
    /// differ.</param>
    public GraphBuilder(string name, ITensorSource tensors, Func<string, string>? tensorName = null)
    {
        this.name = name;
        this.tensors = tensors;
        this.tensorName = tensorName ?? (path => path);
    }

    /// <summary>Continues an existing graph: starts with its inputs, initializers, weights and nodes, and records more
    /// after them.</summary>
    /// <param name="graph">Graph to continue; its outputs are not declared.</param>
    /// <param name="tensors">The checkpoint of the graph.</param>
    /// <param name="known">Type and shape of every value of the graph; an extent may be fixed here that is symbolic in
    /// the graph.</param>
    internal GraphBuilder(Graph graph, ITensorSource tensors, IReadOnlyDictionary<string, GraphValue> known)
        : this(graph.Name, tensors)
    {
        inputs.AddRange(graph.Inputs.Select(input => known[input.Name]));
        nodes.AddRange(graph.Nodes);
        initializers.AddRange(graph.Initializers);
        weights.AddRange(graph.Weights);
        foreach ((string key, GraphValue value) in known)
            values.Add(key, value);
        nodeNames.UnionWith(graph.Nodes.Select(node => node.Name));
        nodeNames.UnionWith(known.Keys);
    }

    /// <summary>Path of the module that is being recorded.</summary>
    public string CurrentScope => scope;

    /// <summary>Declares a value that the caller provides.</summary>
    public GraphValue Input(string inputName, ElementType type, params ReadOnlySpan<Dimension> shape)
    {
        var value = new GraphValue(inputName, type, shape.ToArray());
        values.Add(inputName, value);
        inputs.Add(value);
        return value;
    }

    /// <summary>Declares a value that a run returns, under a new name.</summary>
    public void Output(string outputName, GraphValue value)
    {
        if (values.ContainsKey(outputName))
            throw new ArgumentException($"Graph {name} already has a value '{outputName}'.", nameof(outputName));
        // The node that computes the value gets the output's name, unless the value already has a public name.
        bool isPublic =
            renamed.ContainsKey(value.Name)
            || inputs.Any(input => input.Name == value.Name)
            || initializers.Any(initializer => initializer.Name == value.Name);
        if (isPublic)
            value = Record("Identity", [value], value.Type, value.Shape);
        renamed.Add(value.Name, outputName);
        outputs.Add(value with { Name = outputName });
    }

    /// <summary>Enters a module; dispose to leave it.</summary>
    /// <param name="path">Path below the current scope; parts are separated by dots.</param>
    public ModuleScope Scope(string path)
    {
        var left = new ModuleScope(this, scope);
        scope = Below(path);
        return left;
    }

    /// <summary>Whether the checkpoint has a parameter at this path below the current scope.</summary>
    public bool HasParameter(string parameter) => tensors.Tensors.ContainsKey(tensorName(Below(parameter)));

    /// <summary>A parameter below the current scope that is not a quantizable weight: a bias, norm, table or embedding,
    /// as single precision.</summary>
    /// <param name="parameter">For instance <c>scale_shift_table</c>.</param>
    /// <param name="shape">Extents that the model needs; the checkpoint must agree up to axes of extent 1.</param>
    /// <exception cref="MissingTensorException">The checkpoint does not have the parameter.</exception>
    /// <exception cref="ParameterException">The parameter has another shape in the checkpoint, or is not stored as
    /// floating-point numbers.</exception>
    public GraphValue Parameter(string parameter, params IReadOnlyList<long> shape)
    {
        string path = Below(parameter);
        if (values.TryGetValue(path, out GraphValue? known))
            return known;
        TensorInfo tensor = FindWithShape(path, shape);
        long inputCount = shape.Count > 1 ? shape[1] : 1;
        return Add(
            new Initializer.FromTensor(path, ElementType.Float32, shape, tensor.Name, shape, false, 0, inputCount)
        );
    }

    /// <summary>A computed table in single precision. Equal constants are kept once.</summary>
    public GraphValue Constant(ReadOnlySpan<float> data, params IReadOnlyList<long> shape) =>
        AddConstant(ElementType.Float32, MemoryMarshal.AsBytes(data), shape);

    /// <summary>A computed table of integers.</summary>
    public GraphValue Constant(ReadOnlySpan<long> data, params IReadOnlyList<long> shape) =>
        AddConstant(ElementType.Int64, MemoryMarshal.AsBytes(data), shape);

    /// <summary>
    /// Allocates an array for a computed table, to become a constant. A damaged configuration may ask for any size, so
    /// all tables together may hold at most 2²⁴ (about 16.8 million) elements, or as many as all tensors of the
    /// checkpoint if that is more.
    /// </summary>
    /// <param name="count">Number of elements.</param>
    /// <param name="settings">Configuration keys that determine the size, for the error message.</param>
    /// <exception cref="ParameterException">The count is negative or exceeds what is left of the bound.</exception>
    public float[] Table(long count, string settings)
    {
        tableNumbers ??= Math.Max(MinTableNumbers, tensors.Tensors.Values.Sum(tensor => (double)tensor.ElementCount));
        if (count < 0 || count > tableNumbers)
        {
            throw new ParameterException(
                $"{tensors}: with {settings} of the configuration a table would hold {count:#,0} numbers, and "
                    + $"with this checkpoint at most {tableNumbers:#,0} are made. "
                    + "The checkpoint does not belong to the configuration beside it."
            );
        }
        tableNumbers -= count;
        return new float[count];
    }

    /// <summary>Checks that a parameter below the current scope has a shape, before anything is allocated from those
    /// extents.</summary>
    /// <exception cref="MissingTensorException">The checkpoint does not have the parameter.</exception>
    /// <exception cref="ParameterException">The parameter has another shape in the checkpoint, or is not stored as
    /// floating-point numbers.</exception>
    public void Expect(string parameter, params IReadOnlyList<long> shape) => FindWithShape(Below(parameter), shape);

    /// <summary>A single-precision constant of rank 0.</summary>
    public GraphValue Scalar(float value) => Constant([value], []);

    /// <summary>Records any operator whose result type and shape the caller knows.</summary>
    public GraphValue Record(
        string opType,
        IReadOnlyList<GraphValue?> operands,
        ElementType type,
        IReadOnlyList<Dimension> shape,
        params IReadOnlyList<GraphAttribute> attributes
    ) => RecordMany(opType, operands, type, [shape], attributes)[0];

    /// <summary>Records any operator with several results.</summary>
    public IReadOnlyList<GraphValue> RecordMany(
        string opType,
        IReadOnlyList<GraphValue?> operands,
        ElementType type,
        IReadOnlyList<IReadOnlyList<Dimension>> shapes,
        params IReadOnlyList<GraphAttribute> attributes
    )
    {
        string stem = scope.Length == 0 ? opType : $"{scope}/{opType}";
        string nodeName = stem;
        for (int i = 2; !nodeNames.Add(nodeName); i++)
            nodeName = string.Create(CultureInfo.InvariantCulture, $"{stem}_{i}");
        var results = new List<GraphValue>(shapes.Count);
        for (int i = 0; i < shapes.Count; i++)
        {
            var value = new GraphValue(shapes.Count == 1 ? nodeName : $"{nodeName}:{i}", type, shapes[i]);
            values.Add(value.Name, value);
            results.Add(value);
        }
        nodes.Add(
            new GraphNode(
                nodeName,
                opType,
                "",
                [.. operands.Select(operand => operand?.Name ?? "")],
                [.. results.Select(result => result.Name)],
                [.. attributes.OrderBy(attribute => attribute.Name, StringComparer.Ordinal)],
                scope
            )
        );
        return results;
    }

    /// <summary>Ends the recording and returns the graph, without the nodes, inputs, initializers and weights that no
    /// output needs.</summary>
    /// <exception cref="InvalidOperationException">No output was declared.</exception>
    public Graph Build()
    {
        if (outputs.Count == 0)
            throw new InvalidOperationException($"Graph {name} has no output.");
        string Rename(string value) => renamed.GetValueOrDefault(value, value);
        GraphNode[] final =
        [
            .. nodes.Select(node =>
                node with
                {
                    Inputs = [.. node.Inputs.Select(Rename)],
                    Outputs = [.. node.Outputs.Select(Rename)],
                }
            ),
        ];
        var finalValues = values
            .Values.Select(value => value with { Name = Rename(value.Name) })
            .ToDictionary(value => value.Name, StringComparer.Ordinal);
        return new Graph(name, inputs, outputs, final, initializers, weights, finalValues).WithOutputs([
            .. outputs.Select(output => output.Name),
        ]);
    }

    private string Below(string path) => scope.Length == 0 ? path : $"{scope}.{path}";

    private TensorInfo Find(string path)
    {
        string tensorPath = tensorName(path);
        if (!tensors.Tensors.TryGetValue(tensorPath, out TensorInfo? tensor))
            throw MissingTensorException.For(tensors, tensorPath);
        string? fault =
            tensor.Fault
            ?? (
                tensor.Type.IsFloatingPoint()
                    ? null
                    : $"it is stored as {tensor.TypeName}, and weights are floating-point numbers here"
            );
        return fault is null
            ? tensor
            : throw new ParameterException(
                $"{tensors}: tensor '{tensorPath}': {fault}. Another program quantized the weights; take the folder from before that."
            );
    }

    private TensorInfo FindWithShape(string path, IReadOnlyList<long> shape)
    {
        TensorInfo tensor = Find(path);
        if (!tensor.Shape.Where(extent => extent != 1).SequenceEqual(shape.Where(extent => extent != 1)))
        {
            throw new ParameterException(
                $"{tensors}: tensor '{tensor.Name}' has shape [{string.Join(", ", tensor.Shape)}], the configuration asks for "
                    + $"[{string.Join(", ", shape)}]. The checkpoint does not belong to the configuration beside it."
            )
            {
                Wanted = shape,
                Stored = tensor.Shape,
            };
        }
        return tensor;
    }

    private GraphValue Add(Initializer initializer)
    {
        initializers.Add(initializer);
        GraphValue value = initializer.Value;
        values.Add(value.Name, value);
        return value;
    }

    private GraphValue AddConstant(ElementType type, ReadOnlySpan<byte> data, IReadOnlyList<long> shape)
    {
        if (shape.Aggregate(1L, (product, extent) => product * extent) * type.SizeBytes() != data.Length)
        {
            throw new ArgumentException(
                $"{data.Length} bytes of {type} do not fill [{string.Join(", ", shape)}].",
                nameof(data)
            );
        }
        ReadOnlySpan<byte> content = data.Length <= 32 ? data : System.Security.Cryptography.SHA256.HashData(data);
        string key = $"{type}[{string.Join(",", shape)}]{Convert.ToHexString(content)}";
        if (constants.TryGetValue(key, out string? known))
            return values[known];
        string constantName = NextConstantName();
        constants.Add(key, constantName);
        return Add(new Initializer.Inline(constantName, type, shape, data.ToArray()));
    }

    // A graph that is continued may already have constants with such names.
    private string NextConstantName()
    {
        int number = constants.Count;
        while (values.ContainsKey(string.Create(CultureInfo.InvariantCulture, $"constant.{number}")))
            number++;
        return string.Create(CultureInfo.InvariantCulture, $"constant.{number}");
    }

    /// <summary>A module that is being recorded; disposing it returns to the module around it.</summary>
    public sealed class ModuleScope : IDisposable
    {
        private readonly GraphBuilder builder;
        private readonly string outer;

        internal ModuleScope(GraphBuilder builder, string outer) => (this.builder, this.outer) = (builder, outer);

        /// <inheritdoc/>
        public void Dispose() => builder.scope = outer;
    }
}
