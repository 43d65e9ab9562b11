namespace Qua2SeDiMo.Gradients;

/// <summary>Gradient rules of normalisations. They differentiate also the mean and the variance (or the mean square),
/// which depend on the operand.</summary>
internal static class NormRules
{
    internal static void AddTo(Dictionary<string, GradientRule> rules)
    {
        rules["LayerNormalization"] = node => OverLastAxes(node, centred: true);
        rules["RMSNormalization"] = node => OverLastAxes(node, centred: false);
        rules["SimplifiedLayerNormalization"] = rules["RMSNormalization"];
        rules["InstanceNormalization"] = node => OverPlaces(node, node.Input()[1]);
        rules["GroupNormalization"] = node => OverPlaces(node, node.Node.Integer("num_groups", 1));
        rules["BatchNormalization"] = BatchNorm;
        rules["LpNormalization"] = LpNorm;
    }

    private static void OverLastAxes(NodeGradient node, bool centred)
    {
        if (node.HasCotangent(1) || node.HasCotangent(2))
            throw node.Unsupported("its statistics as results that are read");
        Term x = node.Input(),
            dy = node.Cotangent(),
            scale = node.Input(1);
        int first = NodeGradient.Axis(node.Node.Integer("axis", -1), x.Rank);
        var norm = new Norm(x, [.. Enumerable.Range(first, x.Rank - first)], node.Real("epsilon", 1e-5f), centred);
        node.Give(0, norm.Gradient(dy * scale));
        node.Give(1, dy * norm.Normal);
        node.Give(2, dy);
    }

    // Normalises groups of channels over all their positions; scale and bias per channel.
    private static void OverPlaces(NodeGradient node, long groups)
    {
        Term x = node.Input(),
            dy = node.Cotangent();
        long[] perChannel = [x[1], .. Enumerable.Repeat(1L, x.Rank - 2)],
            grouped = [x[0], groups, x.Count / (x[0] * groups)];
        var norm = new Norm(x.Reshape(grouped), [2], node.Real("epsilon", 1e-5f), centred: true);
        Term normal = norm.Normal.Reshape(x.Shape);
        int[] summed = [0, .. Enumerable.Range(2, x.Rank - 2)];
        node.Give(0, norm.Gradient((dy * node.Input(1).Reshape(perChannel)).Reshape(grouped)).Reshape(x.Shape));
        node.Give(1, (dy * normal).Sum(summed).Reshape(x[1]));
        node.Give(2, dy.Sum(summed).Reshape(x[1]));
    }

    // With stored statistics; training mode, which computes them from the batch, is not supported.
    private static void BatchNorm(NodeGradient node)
    {
        if (node.Node.Integer("training_mode", 0) != 0)
            throw node.Unsupported("training_mode 1");
        Term x = node.Input(),
            dy = node.Cotangent();
        long[] perChannel = [x[1], .. Enumerable.Repeat(1L, x.Rank - 2)];
        int[] summed = [0, .. Enumerable.Range(2, x.Rank - 2)];
        Term Channel(int input) => node.Input(input).Reshape(perChannel);
        Term inverse = 1f / (Channel(4) + node.Real("epsilon", 1e-5f)).Sqrt(),
            centred = x - Channel(3);
        Term scaled = dy * Channel(1) * inverse;
        node.Give(0, scaled);
        node.Give(1, (dy * centred * inverse).Sum(summed).Reshape(x[1]));
        node.Give(2, dy.Sum(summed).Reshape(x[1]));
        node.Give(3, -scaled.Sum(summed).Reshape(x[1]));
        node.Give(4, (scaled * centred * inverse * inverse * -0.5f).Sum(summed).Reshape(x[1]));
    }

    private static void LpNorm(NodeGradient node)
    {
        Term x = node.Input(),
            dy = node.Cotangent(),
            y = node.Output();
        int axis = NodeGradient.Axis(node.Node.Integer("axis", -1), x.Rank);
        bool isSquare = node.Node.Integer("p", 2) == 2;
        Term size = isSquare ? (x * x).Sum(axis).Sqrt() : x.Apply("Abs").Sum(axis);
        node.Give(0, (dy - ((isSquare ? y : x.Apply("Sign")) * (dy * y).Sum(axis))) / size);
    }

    /// <summary>A normalisation without scale and bias.</summary>
    private sealed class Norm
    {
        private readonly Term inverse;
        private readonly int[] axes;
        private readonly bool centred;

        internal Norm(Term x, int[] axes, float epsilon, bool centred)
        {
            (this.axes, this.centred) = (axes, centred);
            Term middle = centred ? x - x.Mean(axes) : x;
            inverse = 1f / ((middle * middle).Mean(axes) + epsilon).Sqrt();
            Normal = middle * inverse;
        }

        internal Term Normal { get; }

        internal Term Gradient(Term dy)
        {
            Term along = Normal * (dy * Normal).Mean(axes);
            return (centred ? dy - dy.Mean(axes) - along : dy - along) * inverse;
        }
    }
}
