using Qua2SeDiMo.Graphs.Ir;

namespace Qua2SeDiMo.Gradients;

/// <summary>
/// Gradient rules of operators that apply a linear map along each axis: Resize, Pad, AveragePool. The matrix of an axis
/// is the operator's result on the identity matrix, so that every mode agrees with the runtime; the reverse pass
/// multiplies by its transpose.
/// </summary>
internal static class AxisMapRules
{
    internal static void AddTo(Dictionary<string, GradientRule> rules)
    {
        rules["Pad"] = Pad;
        rules["Resize"] = Resize;
        rules["AveragePool"] = AveragePool;
    }

    private static void Pad(NodeGradient node)
    {
        Term x = node.Input(),
            dy = node.Cotangent();
        long[] pads = node.Numbers(1) ?? throw node.Unsupported("pads that are left out");
        int[] axes = node.Numbers(3) is { } named
            ? [.. named.Select(axis => NodeGradient.Axis(axis, x.Rank))]
            : [.. Enumerable.Range(0, x.Rank)];
        long[] before = new long[x.Rank],
            after = new long[x.Rank];
        for (int i = 0; i < axes.Length; i++)
            (before[axes[i]], after[axes[i]]) = (pads[i], pads[i + axes.Length]);
        string mode = node.Text("mode", "constant");
        if (mode == "constant")
        {
            Term kept = dy.Pad([.. before.Select(count => -count)], [.. after.Select(count => -count)]);
            node.Give(0, kept);
            if (node.Wants(2))
                node.Give(
                    2,
                    dy.Sum([.. Enumerable.Range(0, x.Rank)]).Reshape()
                        - kept.Sum([.. Enumerable.Range(0, x.Rank)]).Reshape()
                );
            return;
        }
        for (int axis = 0; axis < x.Rank; axis++)
        {
            if (before[axis] == 0 && after[axis] == 0)
                continue;
            long extent = x[axis];
            Term map = Identity(dy, extent)
                .Record(
                    "Pad",
                    [dy.Numbers(0, before[axis], 0, after[axis])],
                    [extent, dy[axis]],
                    new GraphAttribute.Text("mode", mode)
                );
            dy = Back(dy, axis, map);
        }
        node.Give(0, dy);
    }

    private static void Resize(NodeGradient node)
    {
        Term x = node.Input(),
            dy = node.Cotangent();
        int[] axes = node.Node.Integers("axes") is { Count: > 0 } named
            ? [.. named.Select(axis => NodeGradient.Axis(axis, x.Rank))]
            : [.. Enumerable.Range(0, x.Rank)];
        if (node.Text("keep_aspect_ratio_policy", "stretch") != "stretch")
            throw node.Unsupported("a size that keeps the aspect ratio");
        float[] scales = node.Singles(2) ?? [],
            region = node.Singles(1) ?? [];
        bool isBlock =
            node.Text("mode", "nearest") == "nearest"
            && node.Text("coordinate_transformation_mode", "half_pixel") == "asymmetric"
            && node.Text("nearest_mode", "round_prefer_floor") == "floor";
        for (int i = 0; i < axes.Length; i++)
        {
            int axis = axes[i];
            long from = x[axis],
                to = dy[axis];
            if (from == to && (scales.Length == 0 || scales[i] == 1) && region.Length == 0)
                continue;
            bool isWhole = isBlock && to % from == 0 && (scales.Length == 0 || scales[i] == to / from);
            dy = isWhole
                ? Blocks(dy, axis, from)
                : Back(dy, axis, ResizeMap(node, dy, i, axes.Length, from, to, scales, region));
        }
        node.Give(0, dy);
    }

    // Upsampling by a whole factor copies each element into a block; the gradient is the sum over the block.
    private static Term Blocks(Term dy, int axis, long extent)
    {
        long[] apart = [.. dy.Shape.Take(axis), extent, dy[axis] / extent, .. dy.Shape.Skip(axis + 1)];
        long[] shape = dy.Shape;
        shape[axis] = extent;
        return dy.Reshape(apart).Sum(axis + 1).Reshape(shape);
    }

    private static Term ResizeMap(
        NodeGradient node,
        Term like,
        int place,
        int axes,
        long from,
        long to,
        float[] scales,
        float[] region
    )
    {
        GraphAttribute[] attributes =
        [
            .. node.Node.Attributes.Where(attribute => attribute.Name is not ("axes" or "extrapolation_value")),
        ];
        Term identity = Identity(like, from);
        GraphValue? part = region.Length == 0 ? null : like.Table([0, region[place], 1, region[place + axes]], 4).Value;
        GraphValue?[] operands =
            scales.Length > 0
                ? [identity.Value, part, like.Tape.Constant([1f, scales[place]], 2)]
                : [identity.Value, part, null, like.Tape.Constant([from, to], 2)];
        return new Term(like.Tape, like.Tape.Record("Resize", operands, like.Type, [from, to], attributes));
    }

    private static void AveragePool(NodeGradient node)
    {
        Term x = node.Input(),
            dy = node.Cotangent();
        int axes = x.Rank - 2;
        for (int i = 0; i < axes; i++)
        {
            long from = x[i + 2],
                to = dy[i + 2];
            var attributes = new List<GraphAttribute>();
            foreach (GraphAttribute attribute in node.Node.Attributes)
            {
                attributes.Add(
                    attribute is not GraphAttribute.Wholes list
                        ? attribute
                        : new GraphAttribute.Wholes(
                            list.Name,
                            list.Name == "pads" ? [list.Values[i], list.Values[i + axes]] : [list.Values[i]]
                        )
                );
            }
            Term map = Identity(dy, from)
                .Reshape(from, 1, from)
                .Record("AveragePool", [], [from, 1, to], [.. attributes]);
            dy = Back(dy, i + 2, map.Reshape(from, to));
        }
        node.Give(0, dy);
    }

    // Multiplies dy along an axis by the map [from, to]. Row i of the map is the operator's result on row i of the
    // identity.
    private static Term Back(Term dy, int axis, Term map)
    {
        long[] shape = dy.Shape;
        shape[axis] = map[0];
        if (axis == dy.Rank - 1)
        {
            long rows = dy.Count / dy[axis];
            return ProductRules.Gemm(dy.Reshape(rows, dy[axis]), map, false, true).Reshape(shape);
        }
        long outer = dy.Shape.Take(axis).Aggregate(1L, (product, extent) => product * extent);
        return map.MatMul(dy.Reshape(outer, dy[axis], dy.Count / (outer * dy[axis]))).Reshape(shape);
    }

    private static Term Identity(Term like, long extent)
    {
        float[] ones = new float[extent * extent];
        for (long i = 0; i < extent; i++)
            ones[(i * extent) + i] = 1;
        return like.Table(ones, extent, extent);
    }
}
