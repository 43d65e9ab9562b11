using System.Runtime.InteropServices;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Graphs.Passes;

/// <summary>
/// Finds types and shapes of inner values from those of inputs and initializers, computing integer shape arithmetic on
/// the way. Before: nodes in running order. After: every value whose shape follows is in the table; others are left
/// out, never guessed.
/// </summary>
internal sealed partial class ShapeInference
{
    private const int LargestContent = 64,
        LargestRank = 32,
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

    // Elements of small integer values: numbers, or names of extents.
    private readonly Dictionary<string, Dimension[]> contents = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long[]> negatives = new(StringComparer.Ordinal);
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

    private void Hold(Initializer.Inline inline)
    {
        if (inline.ElementCount > LargestContent || inline.Type is not (ElementType.Int64 or ElementType.Int32))
            return;
        long[] numbers =
            inline.Type == ElementType.Int64
                ? MemoryMarshal.Cast<byte, long>(inline.Data.Span).ToArray()
                : [.. MemoryMarshal.Cast<byte, int>(inline.Data.Span).ToArray().Select(number => (long)number)];
        SetContent(inline.Name, numbers);
    }

    private void SetContent(string name, long[] numbers)
    {
        if (numbers.Length > LargestContent)
            return;
        // Dimensions are never negative; other integers, −1 among them, are no dimensions.
        if (numbers.Any(number => number < 0))
            negatives[name] = numbers;
        else
            contents[name] = [.. numbers.Select(number => new Dimension(number))];
    }

    private long[]? Numbers(GraphNode node, int input)
    {
        if (input >= node.Inputs.Count || node.Inputs[input].Length == 0)
            return null;
        string name = node.Inputs[input];
        return negatives.TryGetValue(name, out long[]? signed) ? signed
            : contents.TryGetValue(name, out Dimension[]? content) && content.All(extent => extent.IsFixed)
                ? [.. content.Select(extent => extent.Size)]
            : null;
    }

    private IReadOnlyList<Dimension>? Shape(GraphNode node, int input) =>
        input < node.Inputs.Count && values.TryGetValue(node.Inputs[input], out GraphValue? value) ? value.Shape : null;

    private void Visit(GraphNode node)
    {
        string output = node.Outputs[0];
        if (output.Length > 0)
            Evaluate(node, output);
        IReadOnlyList<Dimension>?[] shapes;
        try
        {
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
            // A shape that does not follow from what is known stays unknown.
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

    // Integer arithmetic on shapes, where all operands are known.
    private void Evaluate(GraphNode node, string output)
    {
        switch (node.OpType)
        {
            case "Shape" when Shape(node, 0) is { } shape:
                int start = (int)node.Integer("start", 0),
                    end = (int)node.Integer("end", shape.Count);
                contents[output] =
                [
                    .. shape
                        .Skip(start < 0 ? start + shape.Count : start)
                        .Take((end < 0 ? end + shape.Count : end) - (start < 0 ? start + shape.Count : start)),
                ];
                break;
            case "Identity" or "Cast" or "Unsqueeze" or "Squeeze" or "Reshape":
                if (TypeOf(node) is not (ElementType.Int64 or ElementType.Int32))
                    break;
                if (contents.TryGetValue(node.Inputs[0], out Dimension[]? same))
                    contents[output] = same;
                if (negatives.TryGetValue(node.Inputs[0], out long[]? signed))
                    negatives[output] = signed;
                break;
            case "Gather"
                when Numbers(node, 1) is { } picks
                    && node.Integer("axis", 0) == 0
                    && contents.TryGetValue(node.Inputs[0], out Dimension[]? table):
                if (picks.All(pick => pick >= -table.Length && pick < table.Length))
                    contents[output] = [.. picks.Select(pick => table[pick < 0 ? pick + table.Length : pick])];
                break;
            case "Slice"
                when contents.TryGetValue(node.Inputs[0], out Dimension[]? list)
                    && Numbers(node, 1) is [long from]
                    && Numbers(node, 2) is [long to]
                    && Numbers(node, 4) is null or [1]:
                long first = Bound(from, list.Length),
                    last = Bound(to, list.Length);
                contents[output] = [.. list.Skip((int)first).Take((int)Math.Max(0, last - first))];
                break;
            case "Concat" when node.Inputs.All(input => contents.ContainsKey(input) || negatives.ContainsKey(input)):
                if (
                    node.Inputs.Sum(input =>
                        contents.TryGetValue(input, out Dimension[]? part) ? part.Length : negatives[input].Length
                    ) > LargestContent
                )
                    break;
                if (node.Inputs.All(contents.ContainsKey))
                    contents[output] = [.. node.Inputs.SelectMany(input => contents[input])];
                else if (
                    node.Inputs.All(input =>
                        negatives.ContainsKey(input) || contents[input].All(extent => extent.IsFixed)
                    )
                )
                    SetContent(output, [.. Enumerable.Range(0, node.Inputs.Count).SelectMany(i => Numbers(node, i)!)]);
                break;
            case "Add"
            or "Sub"
            or "Mul"
            or "Div"
            or "Equal"
                when Numbers(node, 0) is { } left
                    && Numbers(node, 1) is { } right
                    && (left.Length == right.Length || left.Length == 1 || right.Length == 1):
                SetContent(
                    output,
                    [
                        .. Enumerable
                            .Range(0, Math.Max(left.Length, right.Length))
                            .Select(i =>
                                Arithmetic(
                                    node.OpType,
                                    left[left.Length == 1 ? 0 : i],
                                    right[right.Length == 1 ? 0 : i]
                                )
                            ),
                    ]
                );
                break;
            case "Where"
                when Numbers(node, 0) is { } condition
                    && Numbers(node, 1) is { } yes
                    && Numbers(node, 2) is { } no
                    && condition.Length == yes.Length
                    && yes.Length == no.Length:
                SetContent(output, [.. condition.Select((chosen, i) => chosen != 0 ? yes[i] : no[i])]);
                break;
            case "ConstantOfShape" when Numbers(node, 0) is [<= LargestContent and >= 0 and long count]:
                if (
                    node.Attributes.OfType<GraphAttribute.Tensor>().FirstOrDefault()?.Value is
                    { Type: ElementType.Int64 } fill
                )
                    SetContent(output, [.. Enumerable.Repeat(MemoryMarshal.Read<long>(fill.Data.Span), (int)count)]);
                break;
        }
    }

    private static long Arithmetic(string op, long left, long right) =>
        op switch
        {
            "Add" => left + right,
            "Sub" => left - right,
            "Mul" => left * right,
            "Equal" => left == right ? 1 : 0,
            _ => right == 0 ? 0 : left / right,
        };

    private static long Bound(long position, long extent) =>
        Math.Clamp(position < 0 ? position + extent : position, 0, extent);
}
