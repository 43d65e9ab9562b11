namespace Qua2SeDiMo.Gradients;

/// <summary>Geometry of a convolution's windows along its spatial axes. Windows slide over the wide side; the narrow
/// side has one element per window.</summary>
/// <param name="Kernel">Taps along each axis.</param>
/// <param name="Strides">Distance between windows, per axis.</param>
/// <param name="Dilations">Distance between taps, per axis.</param>
/// <param name="Before">Elements of padding before each axis of the wide side.</param>
/// <param name="After">Elements of padding after each axis.</param>
/// <param name="Wide">Extents of the wide side, without padding.</param>
/// <param name="Narrow">Extents of the narrow side: number of windows per axis.</param>
internal sealed record WindowGeometry(
    long[] Kernel,
    long[] Strides,
    long[] Dilations,
    long[] Before,
    long[] After,
    long[] Wide,
    long[] Narrow
)
{
    internal int Axes => Kernel.Length;

    internal long Span(int axis) => ((Kernel[axis] - 1) * Dilations[axis]) + 1;

    /// <summary>Elements after the last window, padding included, that no window reaches; never negative for a geometry
    /// that ONNX Runtime accepts.</summary>
    internal long Rest(int axis) =>
        Wide[axis] + Before[axis] + After[axis] - (((Narrow[axis] - 1) * Strides[axis]) + Span(axis));

    /// <summary>Windows of a Conv node.</summary>
    internal static WindowGeometry OfConvolution(NodeGradient node)
    {
        long[] kernel = [.. node.Input(1).Shape.Skip(2)],
            wide = [.. node.Input().Shape.Skip(2)],
            narrow = [.. node.Output().Shape.Skip(2)];
        (long[] strides, long[] dilations) = Steps(node, kernel.Length);
        var plain = new WindowGeometry(kernel, strides, dilations, [], [], wide, narrow);
        (long[] before, long[] after) = Padding(
            node,
            plain,
            total: axis => Math.Max(0, ((narrow[axis] - 1) * strides[axis]) + plain.Span(axis) - wide[axis]),
            isTransposed: false
        );
        return plain with { Before = before, After = after };
    }

    /// <summary>Windows of a ConvTranspose node: its result is the wide side.</summary>
    internal static WindowGeometry OfTransposedConvolution(NodeGradient node)
    {
        long[] kernel = [.. node.Input(1).Shape.Skip(2)],
            wide = [.. node.Output().Shape.Skip(2)],
            narrow = [.. node.Input().Shape.Skip(2)];
        (long[] strides, long[] dilations) = Steps(node, kernel.Length);
        IReadOnlyList<long> extra = node.Node.Integers("output_padding") ?? new long[kernel.Length];
        var plain = new WindowGeometry(kernel, strides, dilations, [], [], wide, narrow);
        (long[] before, long[] after) = Padding(
            node,
            plain,
            total: axis =>
                Math.Max(0, ((narrow[axis] - 1) * strides[axis]) + plain.Span(axis) + extra[axis] - wide[axis]),
            isTransposed: true
        );
        return plain with { Before = before, After = after };
    }

    private static (long[] Strides, long[] Dilations) Steps(NodeGradient node, int axes) =>
        (
            [.. node.Node.Integers("strides") ?? [.. Enumerable.Repeat(1L, axes)]],
            [.. node.Node.Integers("dilations") ?? [.. Enumerable.Repeat(1L, axes)]]
        );

    private static (long[] Before, long[] After) Padding(
        NodeGradient node,
        WindowGeometry plain,
        Func<int, long> total,
        bool isTransposed
    )
    {
        int axes = plain.Axes;
        string mode = node.Text("auto_pad", "NOTSET");
        bool isGiven = isTransposed && node.Node.Integers("output_shape") is not null;
        if (!isGiven && mode is "NOTSET" or "")
        {
            IReadOnlyList<long> pads = node.Node.Integers("pads") ?? new long[2 * axes];
            return ([.. pads.Take(axes)], [.. pads.Skip(axes)]);
        }
        if (!isGiven && mode == "VALID")
            return (new long[axes], new long[axes]);
        // An odd total puts its extra element at the end under SAME_UPPER, otherwise at the start.
        long[] sums = [.. Enumerable.Range(0, axes).Select(total)];
        long[] smaller = [.. sums.Select(sum => sum / 2)],
            larger = [.. sums.Select(sum => sum - (sum / 2))];
        return mode == "SAME_UPPER" ? (smaller, larger) : (larger, smaller);
    }
}
