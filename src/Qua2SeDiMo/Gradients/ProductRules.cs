using Qua2SeDiMo.Graphs.Ir;

namespace Qua2SeDiMo.Gradients;

/// <summary>Gradient rules of matrix products: MatMul, Gemm, Einsum.</summary>
internal static class ProductRules
{
    internal static void AddTo(Dictionary<string, GradientRule> rules)
    {
        rules["MatMul"] = MatMul;
        rules["Gemm"] = Gemm;
        rules["Einsum"] = EinsumRule.Apply;
    }

    /// <summary>alpha · op(a) · op(b) of matrices, where op transposes or not.</summary>
    internal static Term Gemm(Term a, Term b, bool turnA, bool turnB, float alpha = 1) =>
        a.Record(
            "Gemm",
            [b],
            [a[turnA ? 1 : 0], b[turnB ? 0 : 1]],
            new GraphAttribute.Real("alpha", alpha),
            new GraphAttribute.Whole("transA", turnA ? 1 : 0),
            new GraphAttribute.Whole("transB", turnB ? 1 : 0)
        );

    private static void MatMul(NodeGradient node)
    {
        Term a = node.Input(),
            b = node.Input(1),
            dy = node.Cotangent();
        // A vector on the left is a row, one on the right a column; the result lacks that axis.
        Term rows = a.Rank == 1 ? a.Reshape(1, a[0]) : a,
            columns = b.Rank == 1 ? b.Reshape(b[0], 1) : b;
        long[] outer = Term.Broadcast([.. rows.Shape.SkipLast(2)], [.. columns.Shape.SkipLast(2)]);
        dy = dy.Reshape([.. outer, rows[-2], columns[-1]]);
        if (columns.Rank == 2)
        {
            // A linear layer: one product over all rows at once.
            Term flatA = rows.Reshape(rows.Count / rows[-1], rows[-1]),
                flatY = dy.Reshape(dy.Count / dy[-1], dy[-1]);
            node.Give(0, Gemm(flatY, columns, false, true).Reshape(a.Shape));
            node.Give(1, Gemm(flatA, flatY, true, false).Reshape(b.Shape));
            return;
        }
        node.Give(0, dy.MatMul(columns.Transposed()).Fit(rows.Shape).Reshape(a.Shape));
        node.Give(1, rows.Transposed().MatMul(dy).Fit(columns.Shape).Reshape(b.Shape));
    }

    private static void Gemm(NodeGradient node)
    {
        Term a = node.Input(),
            b = node.Input(1),
            dy = node.Cotangent();
        bool turnA = node.Node.Integer("transA", 0) != 0,
            turnB = node.Node.Integer("transB", 0) != 0;
        float alpha = node.Real("alpha", 1);
        node.Give(0, turnA ? Gemm(b, dy, turnB, true, alpha) : Gemm(dy, b, false, !turnB, alpha));
        node.Give(1, turnB ? Gemm(dy, a, true, turnA, alpha) : Gemm(a, dy, !turnA, false, alpha));
        node.Give(2, dy * node.Real("beta", 1));
    }
}
