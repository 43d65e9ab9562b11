using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Architectures.Blocks;

/// <summary>Multi-head attention (Vaswani et al., 2017): softmax(q·kᵀ·scale + mask)·v per head.</summary>
internal static class AttentionBlock
{
    /// <summary>The attention module of diffusers: to_q, to_k, to_v, to_out.0.</summary>
    /// <param name="g">The graph builder.</param>
    /// <param name="module">Path of the module below the current scope.</param>
    /// <param name="x">Source of the queries, [batch, tokens, width].</param>
    /// <param name="context">Source of keys and values, [batch, other tokens, other width]; null for
    /// self-attention.</param>
    /// <param name="heads">Number of heads.</param>
    /// <param name="headWidth">Channels of one head.</param>
    /// <param name="bias">Whether to_q, to_k, to_v have biases; to_out.0 always has.</param>
    /// <param name="mask">Added to the scores, broadcast to [batch, heads, tokens, other tokens]; may be null.</param>
    internal static GraphValue Apply(
        GraphBuilder g,
        string module,
        GraphValue x,
        GraphValue? context,
        int heads,
        int headWidth,
        bool bias,
        GraphValue? mask = null
    )
    {
        using GraphBuilder.ModuleScope scope = g.Scope(module);
        long inner = (long)heads * headWidth;
        GraphValue source = context ?? x;
        GraphValue q = g.Linear("to_q", x, inner, bias);
        GraphValue k = g.Linear("to_k", source, inner, bias);
        GraphValue v = g.Linear("to_v", source, inner, bias);
        GraphValue attended = Attend(g, q, k, v, heads, 1 / Math.Sqrt(headWidth), mask);
        return g.Linear("to_out.0", attended, x[-1].Size);
    }

    /// <summary>Attention on projected tokens: q [batch, tokens, heads·width], k and v [batch, other tokens,
    /// heads·width].</summary>
    /// <returns>[batch, tokens, heads·width].</returns>
    internal static GraphValue Attend(
        GraphBuilder g,
        GraphValue q,
        GraphValue k,
        GraphValue v,
        int heads,
        double scale,
        GraphValue? mask = null
    )
    {
        GraphValue merged = AttendHeads(g, Heads(g, q, heads), Heads(g, k, heads), Heads(g, v, heads), scale, mask);
        return Merge(g, merged);
    }

    /// <summary>Attention on separate heads: each operand is [batch, heads, tokens, width].</summary>
    internal static GraphValue AttendHeads(
        GraphBuilder g,
        GraphValue q,
        GraphValue k,
        GraphValue v,
        double scale,
        GraphValue? mask = null
    )
    {
        GraphValue scores = g.MatMul(q, g.Transpose(k, 0, 1, 3, 2));
        if (scale != 1)
            scores = g.Multiply(scores, (float)scale);
        if (mask is not null)
            scores = g.Add(scores, mask);
        return g.MatMul(g.Softmax(scores), v);
    }

    /// <summary>Splits [batch, tokens, heads·width] into heads [batch, heads, tokens, width].</summary>
    internal static GraphValue Heads(GraphBuilder g, GraphValue x, int heads) =>
        g.Transpose(g.Reshape(x, x.Shape[0], x.Shape[1], heads, x[-1].Size / heads), 0, 2, 1, 3);

    /// <summary>Merges heads [batch, heads, tokens, width] to [batch, tokens, heads·width].</summary>
    internal static GraphValue Merge(GraphBuilder g, GraphValue x) =>
        g.Reshape(g.Transpose(x, 0, 2, 1, 3), x.Shape[0], x.Shape[2], x.Shape[1].Size * x.Shape[3].Size);

    /// <summary>Turns a mask [batch, tokens] of ones (visible) and zeros (hidden) into a term of the scores, [batch, 1,
    /// 1, tokens]: 0 or the given number.</summary>
    internal static GraphValue MaskTerm(GraphBuilder g, GraphValue mask, float hidden)
    {
        GraphValue seen = g.Cast(mask, ElementType.Float32);
        return g.Unsqueeze(g.Multiply(g.Subtract(g.Scalar(1f), seen), hidden), 1, 2);
    }
}
