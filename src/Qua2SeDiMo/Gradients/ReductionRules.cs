namespace Qua2SeDiMo.Gradients;

/// <summary>Gradient rules of reductions over axes given by an attribute or the second operand; all axes when none is
/// given.</summary>
internal static class ReductionRules
{
    internal static void AddTo(Dictionary<string, GradientRule> rules)
    {
        rules["ReduceSum"] = node => Reduce(node, (_, _, dy, _) => dy);
        rules["ReduceMean"] = node => Reduce(node, (x, y, dy, _) => dy * ((float)y.Count / x.Count));
        rules["ReduceSumSquare"] = node => Reduce(node, (x, _, dy, _) => x * dy * 2f);
        rules["ReduceL1"] = node => Reduce(node, (x, _, dy, _) => x.Apply("Sign") * dy);
        // At norm 0 the gradient is set to 0.
        rules["ReduceL2"] = node =>
            Reduce(node, (x, y, dy, _) => y.Compare("Equal", y.Number(0)).Choose(y.Number(0), x * (dy / y)));
        rules["ReduceLogSum"] = node => Reduce(node, (_, y, dy, _) => dy * (-y).Exp());
        rules["ReduceLogSumExp"] = node => Reduce(node, (x, y, dy, _) => dy * (x - y).Exp());
        rules["ReduceMax"] = node => Reduce(node, Extreme);
        rules["ReduceMin"] = node => Reduce(node, Extreme);
        rules["ReduceProd"] = node => Reduce(node, Product);
        rules["GlobalAveragePool"] = node =>
            Give(
                node,
                [.. Enumerable.Range(2, node.Input().Rank - 2)],
                (x, y, dy, _) => dy * ((float)y.Count / x.Count)
            );
        rules["GlobalMaxPool"] = node => Give(node, [.. Enumerable.Range(2, node.Input().Rank - 2)], Extreme);
    }

    private delegate Term Derivative(Term x, Term y, Term dy, int[] axes);

    private static void Reduce(NodeGradient node, Derivative derivative)
    {
        int rank = node.Input().Rank;
        IReadOnlyList<long> axes = node.Numbers(1) ?? node.Node.Integers("axes") ?? [];
        // Without axes all axes are reduced, unless noop_with_empty_axes is set: then each element is reduced alone.
        bool isOverAll = axes.Count == 0 && node.Node.Integer("noop_with_empty_axes", 0) == 0;
        Give(
            node,
            isOverAll
                ? [.. Enumerable.Range(0, rank)]
                : [.. axes.Select(axis => NodeGradient.Axis(axis, rank)).Distinct()],
            derivative
        );
    }

    private static void Give(NodeGradient node, int[] axes, Derivative derivative)
    {
        Term x = node.Input();
        long[] kept = [.. x.Shape.Select((extent, i) => axes.Contains(i) ? 1 : extent)];
        node.Give(0, derivative(x, node.Output().Reshape(kept), node.Cotangent().Reshape(kept), axes));
    }

    // The cotangent is divided equally among elements that equal the result.
    private static Term Extreme(Term x, Term y, Term dy, int[] axes)
    {
        Term chosen = x.Is("Equal", y);
        return chosen * (dy / chosen.Sum(axes));
    }

    // d product / d x is the product divided by x when there are no zeros; with one zero it is the product of the
    // others at that zero and 0 elsewhere; with more it is 0.
    private static Term Product(Term x, Term y, Term dy, int[] axes)
    {
        Term zero = x.Is("Equal", x.Number(0)),
            zeros = zero.Sum(axes);
        Term rest = x + zero;
        Term others =
            axes.Length == 0
                ? rest
                : rest.Record(
                    "ReduceProd",
                    [x.Numbers([.. axes.Select(axis => (long)axis)])],
                    y.Shape,
                    new Graphs.Ir.GraphAttribute.Whole("keepdims", 1)
                );
        return dy * others * (zeros.Is("Equal", zeros.Number(0)) + (zero * zeros.Is("Equal", zeros.Number(1)))) / rest;
    }
}
