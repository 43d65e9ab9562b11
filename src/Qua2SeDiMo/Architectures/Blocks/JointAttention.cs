using Qua2SeDiMo.Graphs.Ir;

namespace Qua2SeDiMo.Architectures.Blocks;

/// <summary>
/// Attention over image and text tokens together, with separate projections (Esser et al., 2024). Image tokens always
/// come first here: attention does not depend on the order of tokens, so the model's order need not be followed.
/// </summary>
internal sealed record JointAttention
{
    /// <summary>Number of heads.</summary>
    internal required int HeadCount { get; init; }

    /// <summary>Channels of one head.</summary>
    internal required int HeadWidth { get; init; }

    /// <summary>Norm of queries and keys.</summary>
    internal QueryKeyNorm Norm { get; init; } = QueryKeyNorm.None;

    /// <summary>Whether the projections have biases.</summary>
    internal bool Bias { get; init; } = true;

    /// <summary>Rotary tables of image tokens, then text tokens; null for none.</summary>
    internal RotaryTables? Rotary { get; init; }

    private long Width => (long)HeadCount * HeadWidth;

    /// <summary>Attention over one sequence [batch, tokens, width]; no output projection.</summary>
    internal GraphValue Single(GraphBuilder g, string module, GraphValue x)
    {
        using GraphBuilder.ModuleScope entered = g.Scope(module);
        return AttentionBlock.Merge(
            g,
            Attend(g, Project(g, x, "to_q", "norm_q"), Project(g, x, "to_k", "norm_k"), Values(g, x, "to_v"))
        );
    }

    /// <summary>Attention over one sequence with the output projection <c>to_out.0</c>.</summary>
    internal GraphValue SingleProjected(GraphBuilder g, string module, GraphValue x)
    {
        GraphValue joined = Single(g, module, x);
        using GraphBuilder.ModuleScope entered = g.Scope(module);
        return g.Linear("to_out.0", joined, x[-1].Size, Bias);
    }

    /// <summary>Attention over image tokens [batch, n, width] and text tokens [batch, m, width].</summary>
    /// <param name="g">The graph builder.</param>
    /// <param name="module">Path of the attention.</param>
    /// <param name="image">Image tokens.</param>
    /// <param name="text">Text tokens.</param>
    /// <param name="textGoesOn">Whether the text tokens are needed afterwards.</param>
    /// <returns>Both after their output projections; text is null when it is not needed.</returns>
    internal (GraphValue Image, GraphValue? Text) Joint(
        GraphBuilder g,
        string module,
        GraphValue image,
        GraphValue text,
        bool textGoesOn = true
    )
    {
        using GraphBuilder.ModuleScope entered = g.Scope(module);
        GraphValue q = g.Concat(2, Project(g, image, "to_q", "norm_q"), Project(g, text, "add_q_proj", "norm_added_q"));
        GraphValue k = g.Concat(2, Project(g, image, "to_k", "norm_k"), Project(g, text, "add_k_proj", "norm_added_k"));
        GraphValue v = g.Concat(2, Values(g, image, "to_v"), Values(g, text, "add_v_proj"));
        GraphValue joined = AttentionBlock.Merge(g, Attend(g, q, k, v));
        IReadOnlyList<GraphValue> parts = g.SplitLike(joined, 1, image, text);
        GraphValue imageOut = g.Linear("to_out.0", parts[0], image[-1].Size, Bias);
        return (imageOut, textGoesOn ? g.Linear("to_add_out", parts[1], text[-1].Size, Bias) : null);
    }

    private GraphValue Project(GraphBuilder g, GraphValue x, string module, string norm) =>
        Norm.SplitHeads(g, norm, g.Linear(module, x, Width, Bias), HeadCount);

    private GraphValue Values(GraphBuilder g, GraphValue x, string module) =>
        AttentionBlock.Heads(g, g.Linear(module, x, Width, Bias), HeadCount);

    private GraphValue Attend(GraphBuilder g, GraphValue q, GraphValue k, GraphValue v)
    {
        if (Rotary is not null)
            (q, k) = (Rotary.Apply(g, q), Rotary.Apply(g, k));
        return AttentionBlock.AttendHeads(g, q, k, v, 1 / Math.Sqrt(HeadWidth));
    }
}
