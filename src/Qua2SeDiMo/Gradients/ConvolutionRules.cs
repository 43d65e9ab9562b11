using Qua2SeDiMo.Graphs.Ir;

namespace Qua2SeDiMo.Gradients;

/// <summary>Gradient rules of convolutions with any number of axes, groups, strides and dilations, and of transposed
/// convolutions: each is the reverse pass of the other.</summary>
internal static class ConvolutionRules
{
    internal static void AddTo(Dictionary<string, GradientRule> rules)
    {
        rules["Conv"] = Convolution;
        rules["ConvTranspose"] = TransposedConvolution;
    }

    /// <summary>
    /// Gradient in a kernel, separately for each sample: [batch, narrow channels, wide channels / groups, taps…].
    /// Windows are unfolded into columns, so that the sum over positions is one matrix product.
    /// </summary>
    /// <param name="wide">Tensor that the windows slide over: [batch, channels, …].</param>
    /// <param name="narrow">Tensor with one element per window: [batch, channels, …].</param>
    /// <param name="windows">Geometry of the windows.</param>
    /// <param name="groups">Number of channel groups.</param>
    internal static Term KernelGradients(Term wide, Term narrow, WindowGeometry windows, long groups)
    {
        long batch = wide[0],
            channels = wide[1],
            outputs = narrow[1];
        Term columns = Columns(wide, windows);
        long taps = windows.Kernel.Aggregate(1L, (product, extent) => product * extent),
            places = narrow.Count / (batch * outputs);
        Term perGroup = columns.Reshape(batch, groups, channels / groups * taps, places);
        Term rows = narrow.Reshape(batch, groups, outputs / groups, places);
        return rows.MatMul(perGroup.Transposed()).Reshape([batch, outputs, channels / groups, .. windows.Kernel]);
    }

    /// <summary>Gradient in what windows slide over.</summary>
    /// <param name="narrow">Gradient in the result, one element a window: [batch, channels, …].</param>
    /// <param name="kernel">The kernel.</param>
    /// <param name="windows">How windows lie.</param>
    /// <param name="groups">Channel groups.</param>
    /// <param name="shape">Shape of what windows slide over.</param>
    internal static Term InputGradient(Term narrow, Term kernel, WindowGeometry windows, long groups, long[] shape)
    {
        // Elements that no window reaches get zeros; end padding that no window reaches is left out.
        long[] after = [.. windows.After.Select((pad, axis) => pad - windows.Rest(axis))];
        long[] missing = [.. after.Select(pad => Math.Max(0, -pad))];
        long[] whole = [shape[0], shape[1], .. shape.Skip(2).Select((extent, axis) => extent - missing[axis])];
        Term reached = narrow.Record(
            "ConvTranspose",
            [kernel],
            whole,
            [.. Attributes(windows, groups, after.Select(pad => Math.Max(0, pad)))]
        );
        return reached.Pad(new long[shape.Length], [0, 0, .. missing]);
    }

    // Returns [batch, channels, taps…, positions…]. Axes are unfolded one after the other; each tap is a slice.
    private static Term Columns(Term wide, WindowGeometry windows)
    {
        int axes = windows.Axes;
        long[] kept = [.. Enumerable.Range(0, axes).Select(axis => -windows.Rest(axis))];
        Term padded = wide.Pad([0, 0, .. windows.Before], [0, 0, .. windows.After.Zip(kept, (pad, cut) => pad + cut)]);
        for (int axis = 0; axis < axes; axis++)
        {
            // Axes now: batch, channels, taps of the earlier axes, positions of the earlier axes, remaining spatial
            // axes.
            int place = 2 + (2 * axis);
            long count = ((windows.Narrow[axis] - 1) * windows.Strides[axis]) + 1;
            Term[] taps = new Term[windows.Kernel[axis]];
            for (int tap = 0; tap < taps.Length; tap++)
            {
                long start = tap * windows.Dilations[axis];
                Term slice = padded.Slice(place, start, start + count, windows.Strides[axis]);
                taps[tap] = slice.Reshape([.. slice.Shape.Take(2 + axis), 1, .. slice.Shape.Skip(2 + axis)]);
            }
            padded = taps.Length == 1 ? taps[0] : taps[0].Concat(2 + axis, taps[1..]);
        }
        return padded;
    }

    private static void Convolution(NodeGradient node)
    {
        Term x = node.Input(),
            kernel = node.Input(1),
            dy = node.Cotangent();
        WindowGeometry windows = WindowGeometry.OfConvolution(node);
        long groups = node.Node.Integer("group", 1);
        if (node.Wants(0))
            node.Give(0, InputGradient(dy, kernel, windows, groups, x.Shape));
        if (node.Wants(1))
            node.Give(1, KernelGradients(x, dy, windows, groups).Sum(0).Reshape(kernel.Shape));
        GiveBias(node, dy);
    }

    private static void TransposedConvolution(NodeGradient node)
    {
        Term x = node.Input(),
            kernel = node.Input(1),
            dy = node.Cotangent();
        WindowGeometry windows = WindowGeometry.OfTransposedConvolution(node);
        long groups = node.Node.Integer("group", 1);
        long[] after = [.. windows.After.Select((pad, axis) => pad - windows.Rest(axis))];
        Term reached = dy.Pad(new long[dy.Rank], [0, 0, .. after.Select(pad => Math.Min(0, pad))]);
        if (node.Wants(0))
            node.Give(
                0,
                reached.Record(
                    "Conv",
                    [kernel],
                    x.Shape,
                    [.. Attributes(windows, groups, after.Select(pad => Math.Max(0, pad)))]
                )
            );
        if (node.Wants(1))
            node.Give(1, KernelGradients(dy, x, windows, groups).Sum(0).Reshape(kernel.Shape));
        GiveBias(node, dy);
    }

    private static void GiveBias(NodeGradient node, Term dy)
    {
        if (node.Wants(2))
            node.Give(2, dy.Sum([0, .. Enumerable.Range(2, dy.Rank - 2)]).Reshape(dy[1]));
    }

    private static IEnumerable<GraphAttribute> Attributes(
        WindowGeometry windows,
        long groups,
        IEnumerable<long> after
    ) =>
        [
            new GraphAttribute.Wholes("dilations", windows.Dilations),
            new GraphAttribute.Whole("group", groups),
            new GraphAttribute.Wholes("kernel_shape", windows.Kernel),
            new GraphAttribute.Wholes("pads", [.. windows.Before, .. after]),
            new GraphAttribute.Wholes("strides", windows.Strides),
        ];
}
