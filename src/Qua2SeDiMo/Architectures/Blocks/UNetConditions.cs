using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Architectures.Blocks;

/// <summary>The time embedding of a U-Net and the conditions added to it: classes, pooled prompt and image
/// sizes.</summary>
internal static class UNetConditions
{
    /// <summary>Declares the inputs and returns the embedding [batch, width] for every residual block.</summary>
    internal static GraphValue Time(GraphBuilder g, UNetSettings settings)
    {
        GraphValue timestep = g.Input("timestep", ElementType.Float32, "batch");
        GraphValue sinusoid = Sinusoid(g, settings, timestep, settings.Channels[0]);
        // Models distilled to one pass per step take the guidance scale as an input (Meng et al., CVPR 2023).
        if (settings.TimeConditionWidth is { } conditionWidth)
        {
            GraphValue condition = g.Input("timestep_cond", ElementType.Float32, "batch", conditionWidth);
            sinusoid = g.Add(sinusoid, g.Linear("time_embedding.cond_proj", condition, sinusoid[-1].Size, bias: false));
        }
        GraphValue embedded = Embed(g, settings, "time_embedding", sinusoid);
        if (settings.TimestepPostActivation)
            embedded = Activation.Apply(g, embedded, settings.Config, "timestep_post_act", "");
        if (Class(g, settings) is { } label)
        {
            embedded = settings.ConcatenatesClass ? g.Concat(-1, embedded, label) : g.Add(embedded, label);
        }
        if (settings.HasTextTime)
            embedded = g.Add(embedded, TextTime(g, settings));
        return settings.TimeActivation
            ? Activation.Apply(g, embedded, settings.Config, "time_embedding_act_fn", "")
            : embedded;
    }

    private static GraphValue? Class(GraphBuilder g, UNetSettings settings)
    {
        GraphValue Label(long? width) =>
            width is null
                ? g.Input("class_labels", ElementType.Float32, "batch")
                : g.Input("class_labels", ElementType.Float32, "batch", width.Value);
        return settings.ClassEmbedding switch
        {
            null when settings.Classes is { } count => g.Embedding(
                "class_embedding",
                g.Input("class_labels", ElementType.Int64, "batch"),
                count,
                settings.TimeWidth
            ),
            null => null,
            "timestep" => Embed(
                g,
                settings,
                "class_embedding",
                Sinusoid(g, settings, Label(null), settings.Channels[0])
            ),
            "identity" => Label(settings.TimeWidth),
            "projection" => Embed(g, settings, "class_embedding", Label(settings.ConditionWidth), g.Silu),
            "simple_projection" => g.Linear("class_embedding", Label(settings.ConditionWidth), settings.TimeWidth),
            _ => throw settings.Config.Unsupported(
                "class_embed_type",
                "known are timestep, identity, projection, simple_projection"
            ),
        };
    }

    // SDXL: each size is embedded separately; the embeddings are appended to the pooled prompt. The configuration
    // states only the sum of both widths.
    private static GraphValue TextTime(GraphBuilder g, UNetSettings settings)
    {
        GraphValue text = g.Input("text_embeds", ElementType.Float32, "batch", "pooled width");
        GraphValue sizes = g.Input("time_ids", ElementType.Float32, "batch", "sizes");
        GraphValue flat = Sinusoid(g, settings, g.Reshape(sizes, "numbers"), settings.SizeChannels);
        // The batch extent is taken from the prompt, so that Reshape has to infer only the width of the embedded sizes.
        GraphValue shape = g.Concat(0, g.Extent(text, 0), g.Constant([-1L], 1));
        GraphValue rows = g.Record("Reshape", [flat, shape], ElementType.Float32, ["batch", "embedded sizes"]);
        GraphValue joined = g.Reshape(g.Concat(-1, text, rows), "batch", settings.ConditionWidth);
        return Embed(g, settings, "add_embedding", joined, g.Silu);
    }

    private static GraphValue Sinusoid(GraphBuilder g, UNetSettings settings, GraphValue numbers, int channels) =>
        TimestepBlock.Sinusoid(g, numbers, channels, settings.FlipsSinusoid, settings.FrequencyShift);

    private static GraphValue Embed(
        GraphBuilder g,
        UNetSettings settings,
        string module,
        GraphValue x,
        Func<GraphValue, GraphValue>? activation = null
    ) =>
        TimestepBlock.Embed(
            g,
            module,
            x,
            settings.TimeWidth,
            activation ?? (value => settings.Resnet.Activate(g, value))
        );
}
