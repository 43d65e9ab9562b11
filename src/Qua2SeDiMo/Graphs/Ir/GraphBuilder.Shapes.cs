using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Graphs.Ir;

internal sealed partial class GraphBuilder
{
    /// <summary>The same elements with other extents. At most one symbolic extent may move to another axis; the others
    /// keep their axis.</summary>
    public GraphValue Reshape(GraphValue x, params IReadOnlyList<Dimension> shape)
    {
        long[] target = new long[shape.Count];
        bool inferred = false;
        for (int i = 0; i < target.Length; i++)
        {
            // 0 copies the extent of the same axis; −1 is inferred from the number of elements.
            if (shape[i].IsFixed)
                target[i] = shape[i].Size;
            else if (i < x.Rank && x.Shape[i] == shape[i])
                target[i] = 0;
            else if (!inferred)
                (target[i], inferred) = (-1, true);
            else
                throw new InvalidOperationException(
                    $"{name}: in '{scope}', [{string.Join(", ", shape)}] has two extents that {x} does not settle."
                );
        }
        bool isFixed = x.Shape.Concat(shape).All(extent => extent.IsFixed);
        if (isFixed && Count(x.Shape) != Count(shape))
            throw new InvalidOperationException(
                $"{name}: in '{scope}', {x} does not fill [{string.Join(", ", shape)}]."
            );
        return Record("Reshape", [x, Constant(target, target.Length)], x.Type, shape);
    }

    /// <summary>Reorders axes: result axis i is axis order[i] of x.</summary>
    public GraphValue Transpose(GraphValue x, params IReadOnlyList<int> order)
    {
        if (!order.Order().SequenceEqual(Enumerable.Range(0, x.Rank)))
            throw new ArgumentException($"[{string.Join(", ", order)}] does not reorder {x}.", nameof(order));
        return Record(
            "Transpose",
            [x],
            x.Type,
            [.. order.Select(axis => x.Shape[axis])],
            new GraphAttribute.Wholes("perm", [.. order.Select(axis => (long)axis)])
        );
    }

    /// <summary>Concatenates values along an axis.</summary>
    public GraphValue Concat(int axis, params IReadOnlyList<GraphValue> parts)
    {
        int at = Axis(parts[0], axis);
        foreach (GraphValue part in parts)
        {
            bool fits =
                part.Rank == parts[0].Rank
                && Enumerable.Range(0, part.Rank).All(i => i == at || Compatible(part.Shape[i], parts[0].Shape[i]));
            if (!fits || part.Type != parts[0].Type)
                throw Mismatch("Concat", parts[0], part);
        }
        Dimension total = parts.Skip(1).Aggregate(parts[0].Shape[at], (sum, part) => sum + part.Shape[at]);
        return Record(
            "Concat",
            parts,
            parts[0].Type,
            With(parts[0].Shape, at, total),
            new GraphAttribute.Whole("axis", at)
        );
    }

    /// <summary>Cuts into equal parts along an axis of fixed extent.</summary>
    public IReadOnlyList<GraphValue> Chunk(GraphValue x, int count, int axis)
    {
        long extent = x[axis].Size;
        if (extent % count != 0)
            throw new InvalidOperationException(
                $"{name}: in '{scope}', axis {axis} of {x} does not fall into {count} equal parts."
            );
        return Split(x, axis, [.. Enumerable.Repeat(extent / count, count)]);
    }

    /// <summary>Cuts into parts of given sizes along an axis of fixed extent.</summary>
    public IReadOnlyList<GraphValue> Split(GraphValue x, int axis, params IReadOnlyList<long> sizes)
    {
        int at = Axis(x, axis);
        if (sizes.Sum() != x.Shape[at].Size)
            throw new InvalidOperationException(
                $"{name}: in '{scope}', parts of {string.Join(" + ", sizes)} do not make up axis {axis} of {x}."
            );
        return RecordMany(
            "Split",
            [x, Constant([.. sizes], sizes.Count)],
            x.Type,
            [.. sizes.Select(size => With(x.Shape, at, size))],
            new GraphAttribute.Whole("axis", at)
        );
    }

    /// <summary>Elements start … end − 1 along an axis; negative positions count from the end of a fixed
    /// axis.</summary>
    public GraphValue Slice(GraphValue x, int axis, long start, long end)
    {
        int at = Axis(x, axis);
        if (start < 0)
            start += x.Shape[at].Size;
        if (end < 0)
            end += x.Shape[at].Size;
        return Slice(x, at, start, end, end - start);
    }

    /// <summary>The first elements of an axis; their number is the extent of another value's axis.</summary>
    /// <param name="x">Value to cut; it must be long enough when the graph runs.</param>
    /// <param name="axis">Axis that is cut.</param>
    /// <param name="like">Value whose extent is the length.</param>
    /// <param name="likeAxis">Axis of that extent.</param>
    public GraphValue SliceLike(GraphValue x, int axis, GraphValue like, int likeAxis)
    {
        int at = Axis(x, axis);
        return Record(
            "Slice",
            [x, Constant([0L], 1), Extent(like, likeAxis), Constant([(long)at], 1)],
            x.Type,
            With(x.Shape, at, like[likeAxis])
        );
    }

    /// <summary>Selects rows of a table by integer indices. In the result's shape, the shape of the indices replaces
    /// the table's axis.</summary>
    public GraphValue Gather(GraphValue table, GraphValue indices, int axis = 0)
    {
        int at = Axis(table, axis);
        return Record(
            "Gather",
            [table, indices],
            table.Type,
            [.. table.Shape.Take(at), .. indices.Shape, .. table.Shape.Skip(at + 1)],
            new GraphAttribute.Whole("axis", at)
        );
    }

    /// <summary>Row <c>indices[b]</c> of x[b] for each b: x [batch, tokens, width], indices [batch], result [batch,
    /// width].</summary>
    public GraphValue GatherRows(GraphValue x, GraphValue indices)
    {
        return Record(
            "GatherND",
            [x, Unsqueeze(indices, 1)],
            x.Type,
            [x.Shape[0], x.Shape[2]],
            new GraphAttribute.Whole("batch_dims", 1)
        );
    }

    /// <summary>Inserts axes of extent 1; positions are those in the result.</summary>
    public GraphValue Unsqueeze(GraphValue x, params IReadOnlyList<int> axes)
    {
        var shape = x.Shape.ToList();
        foreach (int axis in axes.Order())
            shape.Insert(axis, 1);
        return Record("Unsqueeze", [x, Constant([.. axes.Select(axis => (long)axis)], axes.Count)], x.Type, shape);
    }

    /// <summary>Removes axes of extent 1.</summary>
    public GraphValue Squeeze(GraphValue x, params IReadOnlyList<int> axes) =>
        Record(
            "Squeeze",
            [x, Constant([.. axes.Select(axis => (long)axis)], axes.Count)],
            x.Type,
            [.. x.Shape.Where((_, i) => !axes.Contains(i))]
        );

    /// <summary>Adds zeros (or another number) around a value.</summary>
    /// <param name="x">Value to pad.</param>
    /// <param name="before">Elements inserted before the start of each axis.</param>
    /// <param name="after">Elements appended to the end of each axis.</param>
    /// <param name="value">Number to pad with.</param>
    public GraphValue Pad(GraphValue x, IReadOnlyList<long> before, IReadOnlyList<long> after, float value = 0f)
    {
        Dimension[] shape =
        [
            .. x.Shape.Select((extent, i) => before[i] + after[i] == 0 ? extent : extent + (before[i] + after[i])),
        ];
        return Record(
            "Pad",
            [x, Constant([.. before, .. after], 2L * x.Rank), value == 0f ? null : Scalar(value)],
            x.Type,
            shape
        );
    }

    /// <summary>Resizes images [batch, channels, height, width]; each pixel is that of the source at floor(position ·
    /// old / new).</summary>
    public GraphValue ResizeNearest(GraphValue x, long height, long width)
    {
        bool isDouble = height == 2 * x[-2].Size && width == 2 * x[-1].Size;
        GraphAttribute[] attributes =
        [
            new GraphAttribute.Text("coordinate_transformation_mode", "asymmetric"),
            new GraphAttribute.Text("mode", "nearest"),
            new GraphAttribute.Text("nearest_mode", "floor"),
        ];
        Dimension[] shape = [x.Shape[0], x.Shape[1], height, width];
        // The batch extent is symbolic, so sizes cannot be stated for all axes: doubling is given as scales, other
        // sizes are given along the two image axes only.
        return isDouble
            ? Record("Resize", [x, null, Constant([1f, 1f, 2f, 2f], 4)], x.Type, shape, attributes)
            : Record(
                "Resize",
                [x, null, null, Constant([height, width], 2)],
                x.Type,
                shape,
                [.. attributes, new GraphAttribute.Wholes("axes", [2, 3])]
            );
    }

    /// <summary>The run-time extent of an axis, as int64 [1].</summary>
    public GraphValue Extent(GraphValue x, int axis)
    {
        int at = Axis(x, axis);
        return Record(
            "Shape",
            [x],
            ElementType.Int64,
            [1],
            new GraphAttribute.Whole("end", at + 1),
            new GraphAttribute.Whole("start", at)
        );
    }

    /// <summary>0, 1, 2, … up to the extent of an axis, as int64.</summary>
    public GraphValue Range(GraphValue x, int axis) =>
        Record(
            "Range",
            [Constant([0L], []), Squeeze(Extent(x, axis), 0), Constant([1L], [])],
            ElementType.Int64,
            [x[axis]]
        );

    private GraphValue Slice(GraphValue x, int axis, long start, long end, Dimension extent) =>
        Record(
            "Slice",
            [x, Constant([start], 1), Constant([end], 1), Constant([(long)axis], 1)],
            x.Type,
            With(x.Shape, axis, extent)
        );

    private static Dimension[] With(IReadOnlyList<Dimension> shape, int axis, Dimension extent) =>
        [.. shape.Select((old, i) => i == axis ? extent : old)];

    private static long Count(IReadOnlyList<Dimension> shape) =>
        shape.Aggregate(1L, (product, extent) => checked(product * extent.Size));
}
