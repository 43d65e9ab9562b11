using System.Runtime.InteropServices;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Graphs.Passes;

// Shape rules, one per operator; null when the shape cannot be inferred.
internal sealed partial class ShapeInference
{
    private IReadOnlyList<Dimension>?[] Infer(GraphNode node)
    {
        if (SameShape.Contains(node.OpType))
            return [Shape(node, 0)];
        if (Elementwise.Contains(node.OpType))
            return [Broadcast([.. Enumerable.Range(0, node.Inputs.Count).Select(i => Shape(node, i))])];
        return InferAlways(node) ?? (Shape(node, 0) is { } x ? Infer(node, x) : []);
    }

    // Operators whose result does not depend on the shape of the first input, or not on it alone; null for others.
    private IReadOnlyList<Dimension>?[]? InferAlways(GraphNode node) =>
        node.OpType switch
        {
            "Shape" =>
            [
                contents.TryGetValue(node.Outputs[0], out Dimension[]? extents)
                    ? [new Dimension(extents.Length)]
                    : null,
            ],
            "ConstantOfShape" => [Content(node, 0)],
            "Expand" => [Content(node, 1) is { } target ? Broadcast([Shape(node, 0), target]) : null],
            "Einsum" => [Einsum(node)],
            "Range" or "NonZero" or "Unique" or "TopK" or "If" or "Loop" => [],
            _ => null,
        };

    private IReadOnlyList<Dimension>?[] Infer(GraphNode node, IReadOnlyList<Dimension> x) =>
        node.OpType switch
        {
            "MatMul" => [Shape(node, 1) is { Count: >= 2 } b && x.Count >= 2 ? MatMul(x, b) : null],
            "Gemm" => [Shape(node, 1) is { } w ? Gemm(node, x, w) : null],
            "Conv" => [Shape(node, 1) is { } kernel ? Conv(node, x, kernel) : null],
            "Transpose" => [Transpose(node, x)],
            "Reshape" => [Reshape(node, x)],
            "Unsqueeze" => [Numbers(node, 1) is { } added ? Unsqueeze(x, added) : null],
            "Squeeze" => [Squeeze(x, Numbers(node, 1))],
            "Concat" => [Concat(node, x)],
            "Slice" => [Slice(node, x)],
            "Split" => Split(node, x),
            "Gather" => [Shape(node, 1) is { } picks ? Gather(x, picks, Axis(node.Integer("axis", 0), x.Count)) : null],
            "GatherElements" => [Shape(node, 1)],
            "Flatten" => [x.All(extent => extent.IsFixed) ? Flatten(x, Axis(node.Integer("axis", 1), x.Count)) : null],
            "Tile" => [Tile(node, x)],
            "Pad" => [Pad(node, x)],
            "Resize" => [Resize(node, x)],
            "ArgMax" or "ArgMin" => [Reduce(node, x)],
            _ when node.OpType.StartsWith("Reduce", StringComparison.Ordinal) => [Reduce(node, x)],
            _ => [],
        };

    private static int Axis(long axis, int rank) => checked((int)(axis < 0 ? axis + rank : axis));

    private static Dimension[]? Broadcast(IReadOnlyList<IReadOnlyList<Dimension>?> shapes)
    {
        if (shapes.Any(shape => shape is null))
            return null;
        var result = new Dimension[shapes.Max(shape => shape!.Count)];
        for (int i = 1; i <= result.Length; i++)
        {
            Dimension extent = 1;
            foreach (IReadOnlyList<Dimension>? shape in shapes)
            {
                if (i > shape!.Count)
                    continue;
                Dimension own = shape[^i];
                bool isOne = own.IsFixed && own.Size == 1;
                // A fixed extent is preferred to a symbolic one, which must equal it at run time.
                if (!isOne && ((extent.IsFixed && extent.Size == 1) || own.IsFixed))
                    extent = own;
            }
            result[^i] = extent;
        }
        return result;
    }

    private static Dimension[]? MatMul(IReadOnlyList<Dimension> a, IReadOnlyList<Dimension> b) =>
        Broadcast([
            [.. a.Take(a.Count - 2)],
            [.. b.Take(b.Count - 2)],
        ])
            is { } outer
            ? [.. outer, a[^2], b[^1]]
            : null;

    private static Dimension[] Gemm(GraphNode node, IReadOnlyList<Dimension> x, IReadOnlyList<Dimension> weight) =>
        [x[node.Integer("transA", 0) == 1 ? 1 : 0], weight[node.Integer("transB", 0) == 1 ? 0 : 1]];

    private static Dimension[] Transpose(GraphNode node, IReadOnlyList<Dimension> x) =>
        node.Integers("perm") is { } order ? [.. order.Select(axis => x[(int)axis])] : [.. x.Reverse()];

    private Dimension[]? Tile(GraphNode node, IReadOnlyList<Dimension> x) =>
        Numbers(node, 1) is { } repeats && x.All(extent => extent.IsFixed)
            ? [.. x.Select((extent, i) => new Dimension(extent.Size * repeats[i]))]
            : null;

    private Dimension[]? Pad(GraphNode node, IReadOnlyList<Dimension> x) =>
        Numbers(node, 1) is { } pads && pads.Length == 2 * x.Count && x.All(extent => extent.IsFixed)
            ? [.. x.Select((extent, i) => new Dimension(extent.Size + pads[i] + pads[i + x.Count]))]
            : null;

    private static Dimension[]? Conv(GraphNode node, IReadOnlyList<Dimension> x, IReadOnlyList<Dimension> kernel)
    {
        int rank = x.Count - 2;
        if (
            node
                .Attributes.OfType<GraphAttribute.Text>()
                .Any(attribute => attribute.Name == "auto_pad" && attribute.Value is not "NOTSET")
        )
            return null;
        IReadOnlyList<long> strides = node.Integers("strides") ?? [.. Enumerable.Repeat(1L, rank)],
            dilations = node.Integers("dilations") ?? [.. Enumerable.Repeat(1L, rank)];
        IReadOnlyList<long> pads = node.Integers("pads") ?? new long[2 * rank];
        var result = new Dimension[x.Count];
        (result[0], result[1]) = (x[0], kernel[0]);
        for (int i = 0; i < rank; i++)
        {
            Dimension extent = x[i + 2];
            long taps = ((kernel[i + 2].Size - 1) * dilations[i]) + 1,
                padding = pads[i] + pads[i + rank];
            bool keeps = strides[i] == 1 && padding == taps - 1;
            result[i + 2] =
                extent.IsFixed ? ((extent.Size + padding - taps) / strides[i]) + 1
                : keeps ? extent
                : new Dimension($"{node.Outputs[0]}.{i}");
        }
        return result;
    }

    private Dimension[]? Reshape(GraphNode node, IReadOnlyList<Dimension> x)
    {
        Dimension?[]? target =
            Numbers(node, 1) is { } numbers
                ? [.. numbers.Select(number => number < 0 ? (Dimension?)null : new Dimension(number))]
            : Content(node, 1) is { } content ? [.. content.Select(extent => (Dimension?)extent)]
            : null;
        if (target is null)
            return null;
        bool keepsZero = node.Integer("allowzero", 0) == 1;
        for (int i = 0; i < target.Length; i++)
        {
            if (!keepsZero && target[i] is { IsFixed: true, Size: 0 })
                target[i] = x[i];
        }
        int open = Array.FindIndex(target, extent => extent is null);
        if (open >= 0)
        {
            // Symbolic extents that occur on both sides cancel.
            List<string> names = [.. x.Where(extent => !extent.IsFixed).Select(extent => extent.Symbol!)];
            long product = x.Where(extent => extent.IsFixed).Aggregate(1L, (all, extent) => all * extent.Size);
            bool cancels = target
                .Where(extent => extent is { IsFixed: false })
                .All(extent => names.Remove(extent!.Value.Symbol!));
            long known = target
                .Where(extent => extent is { IsFixed: true })
                .Aggregate(1L, (all, extent) => all * extent!.Value.Size);
            target[open] =
                cancels
                && known > 0
                && product % known == 0
                && (names.Count == 0 || (names.Count == 1 && product == known))
                    ? names.Count == 0
                        ? new Dimension(product / known)
                        : new Dimension(names[0])
                    : new Dimension($"{node.Outputs[0]}.{open}");
        }
        return [.. target.Select(extent => extent!.Value)];
    }

    private static Dimension[] Unsqueeze(IReadOnlyList<Dimension> x, long[] axes)
    {
        int rank = x.Count + axes.Length;
        HashSet<int> added = [.. axes.Select(axis => Axis(axis, rank))];
        var rest = new Queue<Dimension>(x);
        return [.. Enumerable.Range(0, rank).Select(i => added.Contains(i) ? new Dimension(1) : rest.Dequeue())];
    }

    private static Dimension[] Squeeze(IReadOnlyList<Dimension> x, long[]? axes)
    {
        HashSet<int>? gone = axes is null ? null : [.. axes.Select(axis => Axis(axis, x.Count))];
        return [.. x.Where((extent, i) => gone is null ? !(extent.IsFixed && extent.Size == 1) : !gone.Contains(i))];
    }

    private Dimension[]? Concat(GraphNode node, IReadOnlyList<Dimension> x)
    {
        int axis = Axis(node.Integer("axis", 0), x.Count);
        Dimension[] result = [.. x];
        for (int i = 1; i < node.Inputs.Count; i++)
        {
            if (Shape(node, i) is not { } next)
                return null;
            result[axis] += next[axis];
            // Bounds the length of symbolic sums, which grow with every concatenation.
            if (result[axis].Symbol?.Length > LongestSymbol)
                result[axis] = new Dimension($"{node.Outputs[0]}.{axis}");
        }
        return result;
    }

    private Dimension[]? Slice(GraphNode node, IReadOnlyList<Dimension> x)
    {
        if (Shape(node, 1) is not { Count: 1 } count || !count[0].IsFixed)
            return null;
        long[] axes = Numbers(node, 3) ?? [.. Enumerable.Range(0, (int)count[0].Size).Select(i => (long)i)];
        long[]? starts = Numbers(node, 1),
            ends = Numbers(node, 2),
            steps = Numbers(node, 4);
        Dimension[] result = [.. x];
        for (int i = 0; i < axes.Length; i++)
        {
            int axis = Axis(axes[i], x.Count);
            long step = steps?[i] ?? 1;
            result[axis] =
                starts is null || ends is null || !x[axis].IsFixed || step < 1
                    ? new Dimension($"{node.Outputs[0]}.{axis}")
                    : Math.Max(0, (Bound(ends[i], x[axis].Size) - Bound(starts[i], x[axis].Size) + step - 1) / step);
        }
        return result;
    }

    private Dimension[]?[] Split(GraphNode node, IReadOnlyList<Dimension> x)
    {
        int axis = Axis(node.Integer("axis", 0), x.Count),
            count = node.Outputs.Count;
        long[]? sizes = Numbers(node, 1);
        if (sizes is null && x[axis].IsFixed)
        {
            long each = (x[axis].Size + count - 1) / count;
            sizes = [.. Enumerable.Range(0, count).Select(i => Math.Min(each, x[axis].Size - (i * each)))];
        }
        return sizes is null || sizes.Length != count
            ? []
            :
            [
                .. sizes.Select(size =>
                    (Dimension[]?)[.. x.Select((extent, i) => i == axis ? new Dimension(size) : extent)]
                ),
            ];
    }

    private static Dimension[] Gather(IReadOnlyList<Dimension> x, IReadOnlyList<Dimension> picks, int axis) =>
        [.. x.Take(axis), .. picks, .. x.Skip(axis + 1)];

    private static Dimension[] Flatten(IReadOnlyList<Dimension> x, int axis) =>
        [
            x.Take(axis).Aggregate(1L, (all, extent) => all * extent.Size),
            x.Skip(axis).Aggregate(1L, (all, extent) => all * extent.Size),
        ];

    private Dimension[]? Resize(GraphNode node, IReadOnlyList<Dimension> x)
    {
        if (Content(node, 3) is { } sizes && sizes.Length == x.Count)
            return sizes;
        if (
            node.Inputs.Count < 3
            || !inlines.TryGetValue(node.Inputs[2], out Initializer.Inline? scales)
            || scales.Type != ElementType.Float32
        )
            return null;
        float[] factors = MemoryMarshal.Cast<byte, float>(scales.Data.Span).ToArray();
        return factors.Length != x.Count
            ? null
            :
            [
                .. x.Select(
                    (extent, i) =>
                        factors[i] == 1 ? extent
                        : extent.IsFixed ? new Dimension((long)Math.Floor(extent.Size * (double)factors[i]))
                        : new Dimension($"{node.Outputs[0]}.{i}")
                ),
            ];
    }

    private Dimension[]? Reduce(GraphNode node, IReadOnlyList<Dimension> x)
    {
        bool isArg = node.OpType.StartsWith("Arg", StringComparison.Ordinal),
            keeps = node.Integer("keepdims", 1) == 1;
        long[]? axes = isArg ? [node.Integer("axis", 0)] : Numbers(node, 1) ?? [.. node.Integers("axes") ?? []];
        if (axes is null || (axes.Length == 0 && node.Inputs.Count > 1))
            return null;
        HashSet<int> reduced =
            axes.Length == 0 ? [.. Enumerable.Range(0, x.Count)] : [.. axes.Select(axis => Axis(axis, x.Count))];
        return
        [
            .. x.Select((extent, i) => (extent, i))
                .Where(pair => keeps || !reduced.Contains(pair.i))
                .Select(pair => reduced.Contains(pair.i) ? new Dimension(1) : pair.extent),
        ];
    }

    private Dimension[]? Einsum(GraphNode node)
    {
        string? equation = node
            .Attributes.OfType<GraphAttribute.Text>()
            .FirstOrDefault(attribute => attribute.Name == "equation")
            ?.Value.Replace(" ", "", StringComparison.Ordinal);
        if (
            equation?.Split("->") is not [string left, string right]
            || equation.Contains('.', StringComparison.Ordinal)
        )
            return null;
        string[] terms = left.Split(',');
        var extents = new Dictionary<char, Dimension>();
        for (int i = 0; i < terms.Length; i++)
        {
            if (Shape(node, i) is not { } shape || shape.Count != terms[i].Length)
                return null;
            for (int axis = 0; axis < shape.Count; axis++)
                extents[terms[i][axis]] = shape[axis];
        }
        return right.All(extents.ContainsKey) ? [.. right.Select(label => extents[label])] : null;
    }
}
