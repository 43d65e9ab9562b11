using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Gradients;

/// <summary>Gradient rules of operators that read or write elements by index. The gradients of an element that is read
/// several times are added.</summary>
internal static class IndexRules
{
    internal static void AddTo(Dictionary<string, GradientRule> rules)
    {
        rules["Gather"] = Gather;
        rules["GatherElements"] = node =>
            node.Give(0, Scatter(node.Input().Shape, node.Input(1), node.Cotangent(), AxisOf(node)));
        rules["GatherND"] = GatherND;
        rules["ScatterElements"] = node =>
            Scattered(
                node,
                from => from.Record("GatherElements", [node.Input(1)], node.Input(2).Shape, AxisOf(node)),
                AxisOf(node)
            );
        rules["ScatterND"] = node =>
            Scattered(node, from => from.Record("GatherND", [node.Input(1)], node.Input(2).Shape));
        rules["TopK"] = node =>
            node.Give(0, Scatter(node.Input().Shape, node.Output(1), node.Cotangent(), AxisOf(node, -1)));
    }

    private static GraphAttribute.Whole AxisOf(NodeGradient node, long otherwise = 0) =>
        new("axis", NodeGradient.Axis(node.Node.Integer("axis", otherwise), node.Input().Rank));

    // Not ScatterND: ONNX Runtime adds there on several threads without synchronization, and loses concurrent additions
    // to one element.
    private static Term Scatter(IReadOnlyList<long> shape, Term indices, Term updates, GraphAttribute axis) =>
        updates
            .Zeros(shape)
            .Record("ScatterElements", [indices, updates], shape, axis, new GraphAttribute.Text("reduction", "add"));

    // The indexed axis is moved to the front, so that whole rows are added.
    private static void Gather(NodeGradient node)
    {
        Term table = node.Input(),
            indices = node.Input(1),
            dy = node.Cotangent();
        int axis = NodeGradient.Axis(node.Node.Integer("axis", 0), table.Rank),
            picked = indices.Rank;
        int[] picksFirst =
        [
            .. Enumerable.Range(axis, picked),
            .. Enumerable.Range(0, axis),
            .. Enumerable.Range(axis + picked, dy.Rank - axis - picked),
        ];
        Term updates = dy.Transpose(picksFirst);
        long[] rows = [table[axis], .. table.Shape.Where((_, i) => i != axis)];
        Term sums = AddRows(updates, indices.As(ElementType.Int64), rows);
        node.Give(
            0,
            sums.Transpose([.. Enumerable.Range(1, axis), 0, .. Enumerable.Range(axis + 1, table.Rank - axis - 1)])
        );
    }

    /// <summary>Adds rows into a table at given row indices; the other rows are zero.</summary>
    /// <param name="updates">Rows to add, [indices…, row…].</param>
    /// <param name="places">Row index of each, int64; negative counts from the end.</param>
    /// <param name="shape">Shape of the table, [rows, row…].</param>
    internal static Term AddRows(Term updates, Term places, IReadOnlyList<long> shape)
    {
        long width = Product(shape.Skip(1)),
            picks = Product(places.Shape);
        Term wide = places.Reshape([picks, 1]).ExpandTo([picks, width]);
        return Scatter([shape[0], width], wide, updates.Reshape([picks, width]), new GraphAttribute.Whole("axis", 0))
            .Reshape([.. shape]);
    }

    private static void GatherND(NodeGradient node)
    {
        Term data = node.Input(),
            indices = node.Input(1).As(ElementType.Int64),
            dy = node.Cotangent();
        int batches = (int)node.Node.Integer("batch_dims", 0);
        // The position in each batch axis is prepended to the given indices.
        for (int axis = batches - 1; axis >= 0; axis--)
        {
            long[] shape = [.. indices.Shape.SkipLast(1), 1],
                along = [.. Enumerable.Repeat(1L, shape.Length)];
            along[axis] = shape[axis];
            long[] positions = [.. Enumerable.Range(0, (int)shape[axis]).Select(i => (long)i)];
            Term position = indices.Numbers(positions).Reshape(along).ExpandTo(shape);
            indices = position.Concat(indices.Rank - 1, indices);
        }
        int depth = (int)indices.Shape[^1];
        long[] extents = [.. data.Shape.Take(depth)],
            strides = [.. Enumerable.Range(1, depth).Select(after => Product(extents.Skip(after)))];
        Term size = indices.Numbers(extents),
            inside = indices.Record("Add", [size], indices.Shape).Record("Mod", [size], indices.Shape);
        long[] picks = [.. indices.Shape.SkipLast(1), 1];
        Term places = inside
            .Record("Mul", [indices.Numbers(strides)], indices.Shape)
            .Record("ReduceSum", [indices.Numbers([-1])], picks);
        long[] rows = [Product(extents), .. data.Shape.Skip(depth)];
        node.Give(0, AddRows(dy, places, rows).Reshape([.. data.Shape]));
    }

    // The gradient in the data is zero at overwritten elements; that in the updates is the cotangent at their indices.
    private static void Scattered(
        NodeGradient node,
        Func<Term, Term> pick,
        params IReadOnlyList<GraphAttribute> attributes
    )
    {
        Term dy = node.Cotangent(),
            updates = node.Input(2);
        string reduction = node.Text("reduction", "none");
        if (reduction is not ("none" or "add"))
            throw node.Unsupported($"the reduction '{reduction}'");
        node.Give(
            0,
            reduction == "add"
                ? dy
                : dy.Record(node.Node.OpType, [node.Input(1), dy.Zeros(updates.Shape)], dy.Shape, attributes)
        );
        node.Give(2, pick(dy));
    }

    private static long Product(IEnumerable<long> extents) =>
        extents.Aggregate(1L, (product, extent) => product * extent);
}
