using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Gradients;

/// <summary>Gradient rule of rotary embeddings: the transpose of a rotation is the rotation by the negative
/// angle.</summary>
internal static class RotaryRules
{
    internal static void AddTo(Dictionary<string, GradientRule> rules) => rules["RotaryEmbedding"] = Rotary;

    private static void Rotary(NodeGradient node)
    {
        Term x = node.Input(),
            cosine = node.Input(1),
            sine = node.Input(2),
            dy = node.Cotangent();
        Term[] positions = node.Has(3) ? [node.Input(3)] : [];
        node.Give(0, dy.Record("RotaryEmbedding", [cosine, -sine, .. positions], x.Shape, node.Node.Attributes));
        if (!node.Wants(1) && !node.Wants(2))
            return;
        (Term x1, Term x2) = Pairs(node, x);
        (Term d1, Term d2) = Pairs(node, dy);
        GiveTable(node, 1, (d1 * x1) + (d2 * x2));
        GiveTable(node, 2, (d2 * x1) - (d1 * x2));
    }

    // First and second elements of the rotated pairs: [batch, heads, tokens, pairs].
    private static (Term First, Term Second) Pairs(NodeGradient node, Term x)
    {
        if (x.Rank == 3)
        {
            long heads = node.Node.Integer("num_heads", 1);
            x = x.Reshape(x[0], x[1], heads, x[2] / heads).Transpose(0, 2, 1, 3);
        }
        long rotated = node.Node.Integer("rotary_embedding_dim", 0);
        if (rotated > 0)
            x = x.Slice(3, 0, rotated);
        bool isInterleaved = node.Node.Integer("interleaved", 0) != 0;
        Term pairs = x.Reshape([x[0], x[1], x[2], .. isInterleaved ? (long[])[x[3] / 2, 2] : [2, x[3] / 2]]);
        int axis = isInterleaved ? 4 : 3;
        long[] shape = [x[0], x[1], x[2], x[3] / 2];
        return (pairs.Slice(axis, 0, 1).Reshape(shape), pairs.Slice(axis, 1, 2).Reshape(shape));
    }

    private static void GiveTable(NodeGradient node, int input, Term perHead)
    {
        Term sum = perHead.Sum(1).Reshape(perHead[0], perHead[2], perHead[3]);
        if (!node.Has(3))
        {
            node.Give(input, sum);
            return;
        }
        Term places = node.Input(3).As(ElementType.Int64),
            table = node.Input(input);
        node.Give(input, IndexRules.AddRows(sum, places, table.Shape));
    }
}
