using Qua2SeDiMo.Graphs.Ir;

namespace Qua2SeDiMo.Architectures.Blocks;

/// <summary>The transformer inside a U-Net level: pixels as tokens, self-attention, cross-attention to the prompt,
/// gated feed-forward.</summary>
/// <param name="Heads">Attention heads.</param>
/// <param name="Layers">Number of blocks.</param>
/// <param name="Groups">Groups of the initial group norm.</param>
/// <param name="LinearProjection">Whether proj_in and proj_out are linear layers instead of 1 × 1 convolutions.</param>
/// <param name="OnlyCrossAttention">Whether the first attention of each block attends to the prompt instead of the
/// image.</param>
internal sealed record SpatialTransformerBlock(
    int Heads,
    int Layers,
    int Groups,
    bool LinearProjection,
    bool OnlyCrossAttention
)
{
    private const double GroupNormEpsilon = 1e-6;
    private const double LayerNormEpsilon = 1e-5;

    /// <summary>Applies the transformer.</summary>
    /// <param name="g">The graph builder.</param>
    /// <param name="module">Path of the module below the current scope.</param>
    /// <param name="image">Image features, [batch, channels, height, width].</param>
    /// <param name="context">Prompt embeddings, [batch, tokens, width].</param>
    /// <param name="contextMask">Added to the attention scores of the prompt's tokens; may be null.</param>
    internal GraphValue Apply(
        GraphBuilder g,
        string module,
        GraphValue image,
        GraphValue context,
        GraphValue? contextMask
    )
    {
        using GraphBuilder.ModuleScope scope = g.Scope(module);
        long channels = image[1].Size;
        int headWidth = (int)(channels / Heads);
        long inner = (long)headWidth * Heads;
        GraphValue x = g.GroupNorm("norm", image, Groups, GroupNormEpsilon);
        x = LinearProjection
            ? g.Linear("proj_in", ToTokens(g, x), inner)
            : ToTokens(g, g.Conv2d("proj_in", x, inner, 1));
        for (int i = 0; i < Layers; i++)
        {
            using GraphBuilder.ModuleScope block = g.Scope($"transformer_blocks.{i}");
            GraphValue normal = g.LayerNorm("norm1", x, LayerNormEpsilon);
            x = g.Add(
                x,
                AttentionBlock.Apply(
                    g,
                    "attn1",
                    normal,
                    OnlyCrossAttention ? context : null,
                    Heads,
                    headWidth,
                    bias: false
                )
            );
            normal = g.LayerNorm("norm2", x, LayerNormEpsilon);
            x = g.Add(x, AttentionBlock.Apply(g, "attn2", normal, context, Heads, headWidth, bias: false, contextMask));
            x = g.Add(x, FeedForward(g, g.LayerNorm("norm3", x, LayerNormEpsilon), inner));
        }
        x = LinearProjection
            ? ToImage(g, g.Linear("proj_out", x, channels), image)
            : g.Conv2d("proj_out", ToImage(g, x, image), channels, 1);
        return g.Add(x, image);
    }

    // GEGLU (Shazeer, 2020) with the exact GELU: the first half is the value, the second the gate.
    private static GraphValue FeedForward(GraphBuilder g, GraphValue x, long inner)
    {
        using GraphBuilder.ModuleScope scope = g.Scope("ff");
        IReadOnlyList<GraphValue> halves = g.Chunk(g.Linear("net.0.proj", x, 8 * inner), 2, -1);
        return g.Linear("net.2", g.Multiply(halves[0], g.Gelu(halves[1])), inner);
    }

    private static GraphValue ToTokens(GraphBuilder g, GraphValue image) =>
        g.Transpose(
            g.Reshape(image, image.Shape[0], image.Shape[1], image.Shape[2].Size * image.Shape[3].Size),
            0,
            2,
            1
        );

    private static GraphValue ToImage(GraphBuilder g, GraphValue tokens, GraphValue like) =>
        g.Reshape(g.Transpose(tokens, 0, 2, 1), tokens.Shape[0], tokens[-1], like.Shape[2], like.Shape[3]);
}
