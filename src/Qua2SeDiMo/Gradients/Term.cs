using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Gradients;

/// <summary>A recorded value with fixed extents and operators for arithmetic, so that gradient rules read like
/// formulas.</summary>
/// <param name="Tape">Builder that records the operations; those that no output needs are dropped when the graph is
/// built.</param>
/// <param name="Value">The value; every extent is fixed.</param>
internal readonly record struct Term(GraphBuilder Tape, GraphValue Value)
{
    internal long[] Shape => [.. Value.Shape.Select(extent => extent.Size)];

    internal int Rank => Value.Rank;

    internal long Count => Shape.Aggregate(1L, (product, extent) => product * extent);

    internal ElementType Type => Value.Type;

    /// <summary>Extent of an axis; negative axes count from the end.</summary>
    internal long this[int axis] => Value[axis].Size;

    public static Term operator +(Term a, Term b) => new(a.Tape, a.Tape.Add(a.Value, b.As(a.Type).Value));

    public static Term operator -(Term a, Term b) => new(a.Tape, a.Tape.Subtract(a.Value, b.As(a.Type).Value));

    public static Term operator *(Term a, Term b) => new(a.Tape, a.Tape.Multiply(a.Value, b.As(a.Type).Value));

    public static Term operator /(Term a, Term b) => new(a.Tape, a.Tape.Divide(a.Value, b.As(a.Type).Value));

    public static Term operator +(Term a, float b) => a + a.Number(b);

    public static Term operator -(Term a, float b) => a - a.Number(b);

    public static Term operator -(float a, Term b) => b.Number(a) - b;

    public static Term operator *(Term a, float b) => b == 1 ? a : a * a.Number(b);

    public static Term operator /(float a, Term b) => b.Number(a) / b;

    public static Term operator -(Term a) => a.Apply("Neg");

    /// <summary>A constant of rank 0 in this term's type.</summary>
    internal Term Number(float value) => new Term(Tape, Tape.Scalar(value)).As(Type);

    /// <summary>Zeros of a shape, in this term's type.</summary>
    internal Term Zeros(IReadOnlyList<long> shape) => Number(0).ExpandTo(shape);

    internal Term As(ElementType type) => new(Tape, Tape.Cast(Value, type));

    /// <summary>An operator of one operand that keeps type and shape.</summary>
    internal Term Apply(string opType, params IReadOnlyList<GraphAttribute> attributes) =>
        Record(opType, [], Shape, attributes);

    /// <summary>An operator whose first operand is this term and whose result has its type.</summary>
    internal Term Record(
        string opType,
        IReadOnlyList<Term> others,
        IReadOnlyList<long> shape,
        params IReadOnlyList<GraphAttribute> attributes
    ) =>
        new(
            Tape,
            Tape.Record(opType, [Value, .. others.Select(other => other.Value)], Type, Dimensions(shape), attributes)
        );

    internal Term Exp() => Apply("Exp");

    internal Term Sqrt() => Apply("Sqrt");

    internal Term Sigmoid() => Apply("Sigmoid");

    internal Term Tanh() => Apply("Tanh");

    /// <summary>Elementwise comparison as 1 or 0 in this term's type; broadcast.</summary>
    internal Term Is(string comparison, Term other) => Compare(comparison, other).As(Type);

    /// <summary>Elementwise comparison as truth values; broadcast.</summary>
    internal Term Compare(string comparison, Term other) =>
        new(
            Tape,
            Tape.Record(
                comparison,
                [Value, other.As(Type).Value],
                ElementType.Bool,
                Dimensions(Broadcast(Shape, other.Shape))
            )
        );

    /// <summary>The first term where this truth value is true, the second elsewhere; broadcast.</summary>
    internal Term Choose(Term yes, Term no) => new(Tape, Tape.Where(Value, yes.Value, no.As(yes.Type).Value));

    /// <summary>Sum along axes, which are kept with extent 1.</summary>
    internal Term Sum(params IReadOnlyList<int> axes) => axes.Count == 0 ? this : new(Tape, Tape.Sum(Value, axes));

    /// <summary>Mean along axes, which are kept with extent 1.</summary>
    internal Term Mean(params IReadOnlyList<int> axes) => axes.Count == 0 ? this : new(Tape, Tape.Mean(Value, axes));

    internal Term Reshape(params IReadOnlyList<long> shape) =>
        shape.SequenceEqual(Shape) ? this : new(Tape, Tape.Reshape(Value, Dimensions(shape)));

    internal Term Transpose(params IReadOnlyList<int> order) =>
        order.SequenceEqual(Enumerable.Range(0, Rank)) ? this : new(Tape, Tape.Transpose(Value, order));

    /// <summary>The last two axes swapped.</summary>
    internal Term Transposed() => Transpose([.. Enumerable.Range(0, Rank - 2), Rank - 1, Rank - 2]);

    internal Term MatMul(Term other) => new(Tape, Tape.MatMul(Value, other.As(Type).Value));

    internal Term Slice(int axis, long start, long end, long step = 1)
    {
        long[] shape = Shape;
        shape[axis] = Math.Max(0, (end - start + step - 1) / step);
        return Record("Slice", [Numbers(start), Numbers(end), Numbers(axis), Numbers(step)], shape);
    }

    /// <summary>Adds zeros before and after each axis; negative counts remove elements.</summary>
    internal Term Pad(IReadOnlyList<long> before, IReadOnlyList<long> after) =>
        before.All(count => count == 0) && after.All(count => count == 0)
            ? this
            : Record(
                "Pad",
                [Numbers([.. before, .. after]), Number(0)],
                [.. Shape.Select((extent, i) => extent + before[i] + after[i])]
            );

    internal Term Concat(int axis, params IReadOnlyList<Term> others) =>
        new(Tape, Tape.Concat(axis, [Value, .. others.Select(other => other.Value)]));

    /// <summary>Copies along axes of extent 1, and along new leading axes.</summary>
    internal Term ExpandTo(IReadOnlyList<long> shape) =>
        shape.SequenceEqual(Shape) ? this : Record("Expand", [Numbers([.. shape])], shape);

    /// <summary>Brings this term to a shape: sums along axes that a broadcast from the shape expanded (the adjoint of
    /// broadcasting), and broadcasts along axes where the shape is larger.</summary>
    internal Term Fit(IReadOnlyList<long> shape)
    {
        int lead = Rank - shape.Count;
        long[] own = Shape;
        int[] summed = [.. Enumerable.Range(0, Rank).Where(i => i < lead || (own[i] != 1 && shape[i - lead] == 1))];
        Term sum = Sum(summed);
        return lead > 0 ? sum.Reshape([.. sum.Shape.Skip(lead)]).ExpandTo(shape) : sum.ExpandTo(shape);
    }

    /// <summary>A constant list of int64.</summary>
    internal Term Numbers(params ReadOnlySpan<long> values) => new(Tape, Tape.Constant(values, values.Length));

    /// <summary>A constant in this term's type.</summary>
    internal Term Table(ReadOnlySpan<float> values, params IReadOnlyList<long> shape) =>
        new Term(Tape, Tape.Constant(values, shape)).As(Type);

    internal static Dimension[] Dimensions(IReadOnlyList<long> shape) =>
        [.. shape.Select(extent => new Dimension(extent))];

    /// <summary>The broadcast shape by NumPy's rule; the shapes must be compatible.</summary>
    internal static long[] Broadcast(IReadOnlyList<long> a, IReadOnlyList<long> b)
    {
        long[] shape = new long[Math.Max(a.Count, b.Count)];
        for (int i = 1; i <= shape.Length; i++)
        {
            long left = i <= a.Count ? a[^i] : 1,
                right = i <= b.Count ? b[^i] : 1;
            shape[^i] = left == 1 ? right : left;
        }
        return shape;
    }
}
