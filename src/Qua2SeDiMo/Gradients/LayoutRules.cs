using Qua2SeDiMo.Graphs.Ir;

namespace Qua2SeDiMo.Gradients;

/// <summary>Gradient rules of operators that only move, copy or drop elements.</summary>
internal static class LayoutRules
{
    internal static void AddTo(Dictionary<string, GradientRule> rules)
    {
        foreach (string opType in (string[])["Reshape", "Flatten", "Squeeze", "Unsqueeze"])
        {
            rules[opType] = node => node.Give(0, node.Cotangent().Reshape(node.Input().Shape));
        }
        rules["Expand"] = node => node.Give(0, node.Cotangent());
        rules["Transpose"] = Transpose;
        rules["Concat"] = Concat;
        rules["Split"] = Split;
        rules["Slice"] = Slice;
        rules["Tile"] = Tile;
        rules["DepthToSpace"] = DepthToSpace;
        rules["SpaceToDepth"] = node =>
            node.Give(
                0,
                Blocks(node.Cotangent(), node.Node.Integer("blocksize", 1), isDepthFirst: true, toSpace: true)
            );
        rules["Trilu"] = node =>
        {
            Term dy = node.Cotangent();
            Term[] diagonal = node.Has(1) ? [node.Input(1)] : [];
            node.Give(
                0,
                dy.Record("Trilu", diagonal, dy.Shape, new GraphAttribute.Whole("upper", node.Node.Integer("upper", 1)))
            );
        };
    }

    private static void Transpose(NodeGradient node)
    {
        int rank = node.Input().Rank;
        int[] order = node.Node.Integers("perm") is { } perm
            ? [.. perm.Select(axis => (int)axis)]
            : [.. Enumerable.Range(0, rank).Reverse()];
        int[] back = new int[rank];
        for (int i = 0; i < rank; i++)
            back[order[i]] = i;
        node.Give(0, node.Cotangent().Transpose(back));
    }

    private static void Concat(NodeGradient node)
    {
        Term dy = node.Cotangent();
        int axis = NodeGradient.Axis(node.Node.Integer("axis", 0), dy.Rank);
        long start = 0;
        for (int i = 0; i < node.InputCount; i++)
        {
            long extent = node.Input(i)[axis];
            node.Give(i, dy.Slice(axis, start, start + extent));
            start += extent;
        }
    }

    private static void Split(NodeGradient node)
    {
        int axis = NodeGradient.Axis(node.Node.Integer("axis", 0), node.Input().Rank);
        Term[] parts =
        [
            .. Enumerable
                .Range(0, node.Node.Outputs.Count)
                .Where(i => node.Node.Outputs[i].Length > 0)
                .Select(node.Cotangent),
        ];
        if (parts.Length < node.Node.Outputs.Count)
            throw node.Unsupported("parts that have no name");
        node.Give(0, parts.Length == 1 ? parts[0] : parts[0].Concat(axis, parts[1..]));
    }

    private static void Slice(NodeGradient node)
    {
        Term x = node.Input(),
            dy = node.Cotangent();
        long[] starts = node.Numbers(1) ?? [],
            axes = node.Numbers(3) ?? [.. Enumerable.Range(0, starts.Length).Select(i => (long)i)];
        long[] steps = node.Numbers(4) ?? [.. Enumerable.Repeat(1L, starts.Length)];
        for (int i = 0; i < starts.Length; i++)
        {
            int axis = NodeGradient.Axis(axes[i], x.Rank);
            long extent = x[axis],
                taken = dy[axis];
            long start = Math.Clamp(
                starts[i] < 0 ? starts[i] + extent : starts[i],
                0,
                steps[i] < 0 ? extent - 1 : extent
            );
            dy =
                steps[i] == 1
                    ? dy.Pad(At(dy.Rank, axis, start), At(dy.Rank, axis, extent - start - taken))
                    : Spread(dy, axis, start, steps[i], extent);
        }
        node.Give(0, dy);
    }

    // Gathers each element from the slice; positions that the slice left out read one appended element of zeros.
    private static Term Spread(Term dy, int axis, long start, long step, long extent)
    {
        long[] from = [.. Enumerable.Repeat(dy[axis], checked((int)extent))];
        for (long i = 0; i < dy[axis]; i++)
            from[start + (i * step)] = i;
        Term padded = dy.Pad(new long[dy.Rank], At(dy.Rank, axis, 1));
        long[] shape = dy.Shape;
        shape[axis] = extent;
        return padded.Record("Gather", [dy.Numbers(from)], shape, new GraphAttribute.Whole("axis", axis));
    }

    private static long[] At(int rank, int axis, long count)
    {
        long[] counts = new long[rank];
        counts[axis] = count;
        return counts;
    }

    private static void Tile(NodeGradient node)
    {
        Term x = node.Input(),
            dy = node.Cotangent();
        long[] apart = [.. x.Shape.SelectMany((extent, i) => new[] { extent == 0 ? 0 : dy[i] / extent, extent })];
        node.Give(0, dy.Reshape(apart).Sum([.. Enumerable.Range(0, x.Rank).Select(i => 2 * i)]).Reshape(x.Shape));
    }

    private static void DepthToSpace(NodeGradient node) =>
        node.Give(
            0,
            Blocks(
                node.Cotangent(),
                node.Node.Integer("blocksize", 1),
                node.Text("mode", "DCR") == "DCR",
                toSpace: false
            )
        );

    // Depth-first (DCR): in the channel axis, the position in the block varies slower than the channel.
    private static Term Blocks(Term dy, long block, bool isDepthFirst, bool toSpace)
    {
        (long batch, long channels, long height, long width) = (dy[0], dy[1], dy[2], dy[3]);
        if (toSpace)
        {
            Term apart = dy.Reshape(batch, block, block, channels / (block * block), height, width);
            return apart
                .Transpose(0, 3, 4, 1, 5, 2)
                .Reshape(batch, channels / (block * block), height * block, width * block);
        }
        Term blocks = dy.Reshape(batch, channels, height / block, block, width / block, block);
        Term deep = isDepthFirst ? blocks.Transpose(0, 3, 5, 1, 2, 4) : blocks.Transpose(0, 1, 3, 5, 2, 4);
        return deep.Reshape(batch, channels * block * block, height / block, width / block);
    }
}
