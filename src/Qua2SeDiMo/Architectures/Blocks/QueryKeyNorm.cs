using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Architectures.Blocks;

/// <summary>Normalisation of queries and keys before their product, the setting <c>qk_norm</c> of diffusers.</summary>
internal enum QueryKeyNormKind
{
    /// <summary>No normalisation.</summary>
    None,

    /// <summary>Layer norm with scale and shift, per head.</summary>
    Layer,

    /// <summary>Layer norm without parameters, per head.</summary>
    LayerPlain,

    /// <summary>Root mean square with scale, per head.</summary>
    Rms,

    /// <summary>Root mean square with scale, over all heads at once.</summary>
    RmsAcrossHeads,

    /// <summary>Layer norm with scale and shift, over all heads at once.</summary>
    LayerAcrossHeads,
}

/// <summary>A norm for queries and keys.</summary>
/// <param name="Kind">Kind of norm.</param>
/// <param name="Epsilon">Added to the variance or mean square.</param>
internal sealed record QueryKeyNorm(QueryKeyNormKind Kind, double Epsilon)
{
    /// <summary>No norm.</summary>
    internal static QueryKeyNorm None { get; } = new(QueryKeyNormKind.None, 0);

    /// <summary>Reads the setting; a missing or null key means none.</summary>
    /// <exception cref="ModelFolderException">The norm is not supported.</exception>
    internal static QueryKeyNorm Read(ComponentConfig config, string key, double epsilon) =>
        new(
            config.TextOrNull(key) switch
            {
                null => QueryKeyNormKind.None,
                "layer_norm" => QueryKeyNormKind.Layer,
                "fp32_layer_norm" => QueryKeyNormKind.LayerPlain,
                "rms_norm" => QueryKeyNormKind.Rms,
                "rms_norm_across_heads" => QueryKeyNormKind.RmsAcrossHeads,
                "layer_norm_across_heads" => QueryKeyNormKind.LayerAcrossHeads,
                _ => throw config.Unsupported(
                    key,
                    "known are null, layer_norm, fp32_layer_norm, rms_norm, rms_norm_across_heads and layer_norm_across_heads"
                ),
            },
            epsilon
        );

    /// <summary>Splits a projection [batch, tokens, heads · width] into heads [batch, heads, tokens, width] and
    /// normalises it.</summary>
    internal GraphValue SplitHeads(GraphBuilder g, string module, GraphValue x, int heads) =>
        Kind switch
        {
            QueryKeyNormKind.RmsAcrossHeads => AttentionBlock.Heads(g, g.RmsNorm(module, x, Epsilon), heads),
            QueryKeyNormKind.LayerAcrossHeads => AttentionBlock.Heads(g, g.LayerNorm(module, x, Epsilon), heads),
            QueryKeyNormKind.Layer => g.LayerNorm(module, AttentionBlock.Heads(g, x, heads), Epsilon),
            QueryKeyNormKind.LayerPlain => g.LayerNorm(
                module,
                AttentionBlock.Heads(g, x, heads),
                Epsilon,
                affine: false
            ),
            QueryKeyNormKind.Rms => g.RmsNorm(module, AttentionBlock.Heads(g, x, heads), Epsilon),
            _ => AttentionBlock.Heads(g, x, heads),
        };
}
