using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Graphs.Ir;

internal sealed partial class GraphBuilder
{
    /// <summary>a + b, broadcast.</summary>
    public GraphValue Add(GraphValue a, GraphValue b) => Elementwise("Add", a, b);

    /// <summary>a + number.</summary>
    public GraphValue Add(GraphValue a, float b) => Add(a, Scalar(b));

    /// <summary>a − b, broadcast.</summary>
    public GraphValue Subtract(GraphValue a, GraphValue b) => Elementwise("Sub", a, b);

    /// <summary>a · b element by element, broadcast.</summary>
    public GraphValue Multiply(GraphValue a, GraphValue b) => Elementwise("Mul", a, b);

    /// <summary>a · number.</summary>
    public GraphValue Multiply(GraphValue a, float b) => Multiply(a, Scalar(b));

    /// <summary>a / b element by element, broadcast.</summary>
    public GraphValue Divide(GraphValue a, GraphValue b) => Elementwise("Div", a, b);

    /// <summary>a / number.</summary>
    public GraphValue Divide(GraphValue a, float b) => Divide(a, Scalar(b));

    /// <summary>1 / (1 + e^−x).</summary>
    public GraphValue Sigmoid(GraphValue x) => Unary("Sigmoid", x);

    /// <summary>Hyperbolic tangent.</summary>
    public GraphValue Tanh(GraphValue x) => Unary("Tanh", x);

    /// <summary>max(x, 0).</summary>
    public GraphValue Relu(GraphValue x) => Unary("Relu", x);

    /// <summary>e^x.</summary>
    public GraphValue Exp(GraphValue x) => Unary("Exp", x);

    /// <summary>√x.</summary>
    public GraphValue Sqrt(GraphValue x) => Unary("Sqrt", x);

    /// <summary>Sine, x in radians.</summary>
    public GraphValue Sin(GraphValue x) => Unary("Sin", x);

    /// <summary>Cosine, x in radians.</summary>
    public GraphValue Cos(GraphValue x) => Unary("Cos", x);

    /// <summary>ln(1 + e^x).</summary>
    public GraphValue Softplus(GraphValue x) => Unary("Softplus", x);

    /// <summary>x · sigmoid(x), also called swish.</summary>
    public GraphValue Silu(GraphValue x) => Multiply(x, Sigmoid(x));

    /// <summary>x · sigmoid(1.702 x), the GELU of CLIP-L.</summary>
    public GraphValue QuickGelu(GraphValue x) => Multiply(x, Sigmoid(Multiply(x, 1.702f)));

    /// <summary>GELU with the error function.</summary>
    public GraphValue Gelu(GraphValue x) => Unary("Gelu", x);

    /// <summary>GELU with the hyperbolic tangent in place of the error function.</summary>
    public GraphValue GeluTanh(GraphValue x) => Unary("Gelu", x, new GraphAttribute.Text("approximate", "tanh"));

    /// <summary>Exponentials along an axis, divided by their sum.</summary>
    public GraphValue Softmax(GraphValue x, int axis = -1) =>
        Unary("Softmax", x, new GraphAttribute.Whole("axis", axis));

    /// <summary>Clamps to [minimum, maximum].</summary>
    public GraphValue Clip(GraphValue x, float minimum, float maximum) =>
        Record("Clip", [x, Scalar(minimum), Scalar(maximum)], x.Type, x.Shape);

    /// <summary>Clamps integers to [minimum, maximum].</summary>
    public GraphValue ClipIntegers(GraphValue x, long minimum, long maximum) =>
        Record("Clip", [x, Constant([minimum], []), Constant([maximum], [])], x.Type, x.Shape);

    /// <summary>Converts the element type.</summary>
    public GraphValue Cast(GraphValue x, ElementType type) =>
        x.Type == type
            ? x
            : Record("Cast", [x], type, x.Shape, new GraphAttribute.Whole("to", (long)OnnxTypes.ToOnnx(type)));

    /// <summary>Whether a equals b, element by element.</summary>
    public GraphValue Equal(GraphValue a, GraphValue b) =>
        Record("Equal", [a, b], ElementType.Bool, Broadcast(a, b, "Equal"));

    /// <summary>x where the condition holds, else y; broadcast.</summary>
    public GraphValue Where(GraphValue condition, GraphValue x, GraphValue y)
    {
        Dimension[] both = Broadcast(x, y, "Where");
        return Record("Where", [condition, x, y], x.Type, Broadcast(condition, x with { Shape = both }, "Where"));
    }

    /// <summary>Mean along axes, which are kept with extent 1.</summary>
    public GraphValue Mean(GraphValue x, params IReadOnlyList<int> axes) => Reduce("ReduceMean", x, axes);

    /// <summary>Sum along axes, which are kept with extent 1.</summary>
    public GraphValue Sum(GraphValue x, params IReadOnlyList<int> axes) => Reduce("ReduceSum", x, axes);

    /// <summary>Position of the first largest element along an axis, which is removed.</summary>
    public GraphValue ArgMax(GraphValue x, int axis)
    {
        int at = Axis(x, axis);
        return Record(
            "ArgMax",
            [x],
            ElementType.Int64,
            [.. x.Shape.Where((_, i) => i != at)],
            new GraphAttribute.Whole("axis", at),
            new GraphAttribute.Whole("keepdims", 0),
            new GraphAttribute.Whole("select_last_index", 0)
        );
    }

    /// <summary>Matrix product over the last two axes, broadcast over the others.</summary>
    public GraphValue MatMul(GraphValue a, GraphValue b)
    {
        if (a.Rank < 2 || b.Rank < 2 || !Compatible(a[-1], b[-2]))
            throw Mismatch("MatMul", a, b);
        GraphValue outerA = a with { Shape = [.. a.Shape.Take(a.Rank - 2)] };
        GraphValue outerB = b with { Shape = [.. b.Shape.Take(b.Rank - 2)] };
        return Record("MatMul", [a, b], a.Type, [.. Broadcast(outerA, outerB, "MatMul"), a[-2], b[-1]]);
    }

    private GraphValue Unary(string opType, GraphValue x, params IReadOnlyList<GraphAttribute> attributes) =>
        Record(opType, [x], x.Type, x.Shape, attributes);

    private GraphValue Elementwise(string opType, GraphValue a, GraphValue b)
    {
        if (a.Type != b.Type)
            throw Mismatch(opType, a, b);
        return Record(opType, [a, b], a.Type, Broadcast(a, b, opType));
    }

    private GraphValue Reduce(string opType, GraphValue x, IReadOnlyList<int> axes)
    {
        long[] at = [.. axes.Select(axis => (long)Axis(x, axis))];
        return Record(
            opType,
            [x, Constant(at, at.Length)],
            x.Type,
            [.. x.Shape.Select((extent, i) => at.Contains(i) ? new Dimension(1) : extent)],
            new GraphAttribute.Whole("keepdims", 1)
        );
    }

    private static int Axis(GraphValue x, int axis)
    {
        int at = axis < 0 ? axis + x.Rank : axis;
        return at >= 0 && at < x.Rank
            ? at
            : throw new ArgumentOutOfRangeException(nameof(axis), axis, $"{x} has {x.Rank} axes.");
    }

    private static bool Compatible(Dimension a, Dimension b) => !a.IsFixed || !b.IsFixed || a.Size == b.Size;

    // NumPy's rule: align at the last axis; extents agree or one of them is 1. A name paired with a number other than 1
    // is taken to be that number.
    private Dimension[] Broadcast(GraphValue a, GraphValue b, string opType)
    {
        var shape = new Dimension[Math.Max(a.Rank, b.Rank)];
        for (int i = 1; i <= shape.Length; i++)
        {
            Dimension left = i <= a.Rank ? a[-i] : 1;
            Dimension right = i <= b.Rank ? b[-i] : 1;
            bool leftIsOne = left.IsFixed && left.Size == 1;
            bool rightIsOne = right.IsFixed && right.Size == 1;
            if (!leftIsOne && !rightIsOne && !Compatible(left, right))
                throw Mismatch(opType, a, b);
            shape[^i] =
                leftIsOne ? right
                : rightIsOne || left.IsFixed ? left
                : right.IsFixed ? right
                : left;
        }
        return shape;
    }

    private InvalidOperationException Mismatch(string opType, GraphValue a, GraphValue b) =>
        new($"{name}: {opType} in '{scope}' cannot join {a} and {b}.");
}
