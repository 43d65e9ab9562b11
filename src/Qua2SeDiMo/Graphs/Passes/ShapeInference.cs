using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Graphs.Passes;

/// <summary>
/// Infers types and shapes of inner values from those of inputs and initializers, and evaluates integer shape
/// arithmetic along the way. Before: nodes in running order. After: every value whose shape can be inferred is in the
/// table; the others are absent.
/// </summary>
internal sealed partial class ShapeInference
{
    private const int LargestRank = 32,
        LongestSymbol = 256;

    private static readonly HashSet<string> Elementwise = new(StringComparer.Ordinal)
    {
        "Add",
        "Sub",
        "Mul",
        "Div",
        "Pow",
        "Max",
        "Min",
        "Mod",
        "Equal",
        "Less",
        "Greater",
        "LessOrEqual",
        "GreaterOrEqual",
        "And",
        "Or",
        "Where",
        "Sum",
        "PRelu",
        "BitShift",
        "BitwiseAnd",
        "BitwiseOr",
    };

    private static readonly HashSet<string> SameShape = new(StringComparer.Ordinal)
    {
        "Abs",
        "Cast",
        "Ceil",
        "Clip",
        "Cos",
        "Dropout",
        "Elu",
        "Erf",
        "Exp",
        "Floor",
        "Gelu",
        "GroupNormalization",
        "HardSigmoid",
        "Identity",
        "InstanceNormalization",
        "IsNaN",
        "LayerNormalization",
        "LeakyRelu",
        "Log",
        "LogSoftmax",
        "Mish",
        "Neg",
        "Not",
        "RandomNormalLike",
        "RandomUniformLike",
        "Reciprocal",
        "Relu",
        "RMSNormalization",
        "Round",
        "ScatterND",
        "Sigmoid",
        "Sign",
        "Sin",
        "SimplifiedLayerNormalization",
        "Softmax",
        "Softplus",
        "Sqrt",
        "Tan",
        "Tanh",
        "Trilu",
        "FastGelu",
        "BiasGelu",
        "QuickGelu",
        "CumSum",
    };

    private static readonly HashSet<string> Comparisons = new(StringComparer.Ordinal)
    {
        "Equal",
        "Less",
        "Greater",
        "LessOrEqual",
        "GreaterOrEqual",
        "And",
        "Or",
        "Not",
        "IsNaN",
    };

    private readonly Dictionary<string, GraphValue> values;
    private readonly Dictionary<string, Initializer.Inline> inlines;

    private ShapeInference(IEnumerable<Initializer> initializers, Dictionary<string, GraphValue> values)
    {
        this.values = values;
        inlines = initializers.OfType<Initializer.Inline>().ToDictionary(inline => inline.Name, StringComparer.Ordinal);
        foreach (Initializer.Inline inline in inlines.Values)
            Hold(inline);
    }

    internal static void Run(
        IReadOnlyList<GraphNode> nodes,
        IEnumerable<Initializer> initializers,
        Dictionary<string, GraphValue> values
    )
    {
        var inference = new ShapeInference(initializers, values);
        foreach (GraphNode node in nodes)
            inference.Visit(node);
    }

    private IReadOnlyList<Dimension>? Shape(GraphNode node, int input) =>
        input < node.Inputs.Count && values.TryGetValue(node.Inputs[input], out GraphValue? value) ? value.Shape : null;

    private void Visit(GraphNode node)
    {
        IReadOnlyList<Dimension>?[] shapes;
        try
        {
            if (node.Outputs[0].Length > 0)
                Evaluate(node, node.Outputs[0]);
            shapes = Infer(node);
        }
        catch (Exception error)
            when (error
                    is InvalidOperationException
                        or ArgumentException
                        or IndexOutOfRangeException
                        or DivideByZeroException
                        or OverflowException
            )
        {
            // A rule that fails (for instance on inconsistent shapes) leaves the outputs unknown.
            return;
        }
        for (int i = 0; i < node.Outputs.Count && i < shapes.Length; i++)
        {
            if (node.Outputs[i].Length > 0 && shapes[i] is { Count: <= LargestRank } shape)
                values.TryAdd(node.Outputs[i], new GraphValue(node.Outputs[i], TypeOf(node), shape));
        }
    }

    private ElementType TypeOf(GraphNode node)
    {
        if (node.OpType == "Cast")
            return OnnxTypes.FromOnnx((int)node.Integer("to", 1)) ?? ElementType.Float32;
        if (node.OpType is "Shape" or "Size" or "ArgMax" or "ArgMin" or "NonZero")
            return ElementType.Int64;
        if (Comparisons.Contains(node.OpType))
            return ElementType.Bool;
        if (node.OpType == "ConstantOfShape")
            return node.Attributes.OfType<GraphAttribute.Tensor>().FirstOrDefault()?.Value.Type ?? ElementType.Float32;
        string source =
            node.OpType == "Where" ? node.Inputs[1]
            : node.Inputs.Count > 0 ? node.Inputs[0]
            : "";
        return values.TryGetValue(source, out GraphValue? value) ? value.Type : ElementType.Float32;
    }
}
