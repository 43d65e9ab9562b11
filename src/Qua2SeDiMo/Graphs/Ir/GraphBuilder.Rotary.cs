using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Graphs.Ir;

internal sealed partial class GraphBuilder
{
    /// <summary>
    /// Rotates each pair of channels (2i, 2i + 1) by the angle of its token and pair: (a, b) becomes (a·cos − b·sin,
    /// b·cos + a·sin).
    /// </summary>
    /// <param name="x">[batch, heads, tokens, width], width even.</param>
    /// <param name="cos">Cosine of each token's and pair's angle, [batch, tokens, width / 2].</param>
    /// <param name="sin">Sine of the same angles, same shape.</param>
    public GraphValue RotaryEmbedding(GraphValue x, GraphValue cos, GraphValue sin)
    {
        bool fits =
            x.Rank == 4
            && cos.Rank == 3
            && Compatible(cos[1], x[2])
            && x[3].Size == 2 * cos[2].Size
            && cos.Shape.SequenceEqual(sin.Shape);
        return fits
            ? Record("RotaryEmbedding", [x, cos, sin], x.Type, x.Shape, new GraphAttribute.Whole("interleaved", 1))
            : throw Mismatch("RotaryEmbedding", x, cos);
    }

    /// <summary>Repeats a value whose first axis is 1 once for each element of another value's first axis.</summary>
    public GraphValue RepeatForEach(GraphValue x, GraphValue like)
    {
        GraphValue[] extents =
        [
            Extent(like, 0),
            .. Enumerable
                .Range(1, x.Rank - 1)
                .Select(axis => x[axis].IsFixed ? Constant([x[axis].Size], 1) : Extent(x, axis)),
        ];
        return Record("Expand", [x, Concat(0, extents)], x.Type, [like.Shape[0], .. x.Shape.Skip(1)]);
    }

    /// <summary>Undoes <see cref="Concat"/>: cuts along an axis into parts with the extents of the concatenated values,
    /// which may be symbolic.</summary>
    public IReadOnlyList<GraphValue> SplitLike(GraphValue x, int axis, params IReadOnlyList<GraphValue> parts)
    {
        int at = Axis(x, axis);
        GraphValue sizes = Concat(
            0,
            [.. parts.Select(part => part[axis].IsFixed ? Constant([part[axis].Size], 1) : Extent(part, axis))]
        );
        return RecordMany(
            "Split",
            [x, sizes],
            x.Type,
            [.. parts.Select(part => With(x.Shape, at, part[axis]))],
            new GraphAttribute.Whole("axis", at)
        );
    }

    /// <summary>Whether a is less than b, element by element.</summary>
    public GraphValue Less(GraphValue a, GraphValue b) =>
        Record("Less", [a, b], ElementType.Bool, Broadcast(a, b, "Less"));
}
