using Qua2SeDiMo.Architectures.Blocks;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Architectures;

/// <summary>
/// Hunyuan-DiT (Li et al., 2024): a DiT with long skips, rotary positions and cross-attention to BERT and T5 tokens.
/// Inputs: hidden_states [batch, channels, height, width], timestep [batch], encoder_hidden_states [batch, text_len,
/// width] and encoder_hidden_states_t5 [batch, text_len_t5, width] with masks text_embedding_mask and
/// text_embedding_mask_t5 of ones and zeros, image_rotary_emb.cos and .sin [tokens, head width]; up to version 1.1 also
/// image_meta_size [batch, 6] and style [batch]. Output: sample.
/// </summary>
internal sealed class HunyuanDiTArchitecture : IArchitecture
{
    private const int SinusoidChannels = 256;
    private const int MetaSizes = 6;
    private const int PoolerHeads = 8;
    private const double NormEpsilon = 1e-6;

    public IReadOnlyList<GraphPart> Parts => [GraphPart.Forward];

    public bool Recognizes(ComponentConfig config) => config.ClassName == "HunyuanDiT2DModel";

    public Graph Build(BuildRequest request)
    {
        var settings = new Settings(request.Config);
        int height = request.Height ?? settings.Sample.Height,
            width = request.Width ?? settings.Sample.Width;
        PatchGrid grid = PatchGrid.Of(request, height, width, settings.Patch);
        var g = new GraphBuilder("HunyuanDiT2DModel", request.Tensors);
        GraphValue image = g.Input("hidden_states", ElementType.Float32, "batch", settings.InChannels, height, width);
        GraphValue timestep = g.Input("timestep", ElementType.Float32, "batch");
        GraphValue bert = g.Input(
            "encoder_hidden_states",
            ElementType.Float32,
            "batch",
            settings.TextLength,
            settings.TextWidth
        );
        GraphValue bertMask = g.Input("text_embedding_mask", ElementType.Float32, "batch", settings.TextLength);
        GraphValue t5 = g.Input(
            "encoder_hidden_states_t5",
            ElementType.Float32,
            "batch",
            settings.T5Length,
            settings.T5Width
        );
        GraphValue t5Mask = g.Input("text_embedding_mask_t5", ElementType.Float32, "batch", settings.T5Length);
        GraphValue cos = g.Input("image_rotary_emb.cos", ElementType.Float32, grid.Count, settings.HeadWidth);
        GraphValue sin = g.Input("image_rotary_emb.sin", ElementType.Float32, grid.Count, settings.HeadWidth);

        GraphValue x;
        using (g.Scope("pos_embed"))
            x = grid.Embed(g, image, settings.Width);
        GraphValue condition = EmbedConditions(g, settings, timestep, t5);
        GraphValue text = g.Concat(1, bert, EmbedText(g, settings, t5));
        GraphValue seen = g.Cast(g.Unsqueeze(g.Concat(1, bertMask, t5Mask), 2), ElementType.Bool);
        // A masked token is not excluded from attention but replaced by a learned vector.
        text = g.Where(
            seen,
            text,
            g.Parameter("text_embedding_padding", settings.TextLength + settings.T5Length, settings.TextWidth)
        );
        RotaryTables rotary = RotaryTables.OfDoubled(g, cos, sin, image);

        var skips = new Stack<GraphValue>();
        for (int i = 0; i < settings.Layers; i++)
        {
            using GraphBuilder.ModuleScope scope = g.Scope($"blocks.{i}");
            if (i > settings.Layers / 2)
                x = JoinSkip(g, settings, x, skips.Pop());
            x = Block(g, settings, x, condition, text, rotary);
            if (i < (settings.Layers / 2) - 1)
                skips.Push(x);
        }
        x = Modulation.Continuous(g, "norm_out", x, condition, NormEpsilon);
        x = g.Linear("proj_out", x, (long)settings.Patch * settings.Patch * settings.OutChannels);
        g.Output("sample", grid.Unpatchify(g, x, settings.OutChannels));
        return g.Build();
    }

    private static GraphValue EmbedText(GraphBuilder g, Settings settings, GraphValue t5)
    {
        using GraphBuilder.ModuleScope scope = g.Scope("text_embedder");
        return g.Linear("linear_2", g.Silu(g.Linear("linear_1", t5, 4L * settings.T5Width)), settings.TextWidth);
    }

    // Combines timestep, pooled text and, in early versions, image sizes and style into one vector [batch, width].
    private static GraphValue EmbedConditions(GraphBuilder g, Settings settings, GraphValue timestep, GraphValue t5)
    {
        using GraphBuilder.ModuleScope scope = g.Scope("time_extra_emb");
        GraphValue time = TimestepBlock.Embed(
            g,
            "timestep_embedder",
            TimestepBlock.Sinusoid(g, timestep, SinusoidChannels),
            settings.Width
        );
        GraphValue extra = Pool(g, settings, t5);
        if (settings.SizeAndStyle)
        {
            GraphValue sizes = g.Input("image_meta_size", ElementType.Float32, "batch", MetaSizes);
            GraphValue waves = TimestepBlock.Sinusoid(g, g.Reshape(sizes, "numbers"), SinusoidChannels);
            GraphValue style = g.Embedding(
                "style_embedder",
                g.Input("style", ElementType.Int64, "batch"),
                1,
                settings.Width
            );
            extra = g.Concat(-1, extra, g.Reshape(waves, "batch", MetaSizes * SinusoidChannels), style);
        }
        using GraphBuilder.ModuleScope embedder = g.Scope("extra_embedder");
        return g.Add(
            time,
            g.Linear("linear_2", g.Silu(g.Linear("linear_1", extra, 4L * settings.Width)), settings.Width)
        );
    }

    // Attention of the mean token over all tokens, masked ones included; returns [batch, pooled width]. The four
    // projections are not registered as quantizable weights, because they are plain parameters in the reference too.
    private static GraphValue Pool(GraphBuilder g, Settings settings, GraphValue tokens)
    {
        using GraphBuilder.ModuleScope scope = g.Scope("pooler");
        GraphValue Project(string module, GraphValue x, long outFeatures)
        {
            using GraphBuilder.ModuleScope entered = g.Scope(module);
            GraphValue weight = g.Transpose(g.Parameter("weight", outFeatures, x[-1].Size), 1, 0);
            return g.Add(g.MatMul(x, weight), g.Parameter("bias", outFeatures));
        }
        GraphValue all = g.Concat(1, g.Mean(tokens, 1), tokens);
        all = g.Add(all, g.Parameter("positional_embedding", settings.T5Length + 1, settings.T5Width));
        GraphValue query = Project("q_proj", g.Slice(all, 1, 0, 1), settings.T5Width);
        GraphValue key = Project("k_proj", all, settings.T5Width);
        GraphValue value = Project("v_proj", all, settings.T5Width);
        GraphValue pooled = AttentionBlock.Attend(
            g,
            query,
            key,
            value,
            PoolerHeads,
            1 / Math.Sqrt((double)settings.T5Width / PoolerHeads)
        );
        return g.Squeeze(Project("c_proj", pooled, settings.PooledWidth), 1);
    }

    // The norm is computed over both halves together; then each half is multiplied by its part of the split weight.
    private static GraphValue JoinSkip(GraphBuilder g, Settings settings, GraphValue x, GraphValue skip)
    {
        GraphValue joined = g.LayerNorm("skip_norm", g.Concat(-1, x, skip), NormEpsilon);
        return g.LinearOfConcat("skip_linear", g.Chunk(joined, 2, -1), settings.Width);
    }

    private static GraphValue Block(
        GraphBuilder g,
        Settings settings,
        GraphValue x,
        GraphValue condition,
        GraphValue text,
        RotaryTables rotary
    )
    {
        GraphValue shift = Modulation.Chunks(g, "norm1", condition, settings.Width, 1)[0];
        GraphValue normal = g.Add(g.LayerNorm("norm1.norm", x, NormEpsilon), shift);
        x = g.Add(x, Attend(g, "attn1", settings, normal, normal, rotary, rotary));
        x = g.Add(x, Attend(g, "attn2", settings, g.LayerNorm("norm2", x, NormEpsilon), text, rotary, null));
        GraphValue fed = FeedForwardBlock.Apply(
            g,
            "ff",
            g.LayerNorm("norm3", x, NormEpsilon),
            settings.Config,
            "activation_fn",
            "gelu-approximate",
            settings.Inner
        );
        return g.Add(x, fed);
    }

    private static GraphValue Attend(
        GraphBuilder g,
        string module,
        Settings settings,
        GraphValue x,
        GraphValue context,
        RotaryTables rotary,
        RotaryTables? contextRotary
    )
    {
        using GraphBuilder.ModuleScope scope = g.Scope(module);
        var norm = new QueryKeyNorm(QueryKeyNormKind.Layer, NormEpsilon);
        GraphValue q = rotary.Apply(
            g,
            norm.SplitHeads(g, "norm_q", g.Linear("to_q", x, settings.Width), settings.Heads)
        );
        GraphValue k = norm.SplitHeads(g, "norm_k", g.Linear("to_k", context, settings.Width), settings.Heads);
        if (contextRotary is not null)
            k = contextRotary.Apply(g, k);
        GraphValue v = AttentionBlock.Heads(g, g.Linear("to_v", context, settings.Width), settings.Heads);
        GraphValue attended = AttentionBlock.Merge(
            g,
            AttentionBlock.AttendHeads(g, q, k, v, 1 / Math.Sqrt(settings.HeadWidth))
        );
        return g.Linear("to_out.0", attended, settings.Width);
    }

    private sealed class Settings
    {
        internal Settings(ComponentConfig config)
        {
            Config = config;
            if (config.Text("norm_type", "layer_norm") != "layer_norm")
                throw config.Unsupported("norm_type", "Hunyuan-DiT has layer_norm");
            Heads = config.Int("num_attention_heads", 16);
            HeadWidth = config.Int("attention_head_dim", 88);
            InChannels = config.Int("in_channels");
            Patch = config.Int("patch_size");
            Sample = SampleSize.Of(config);
            Layers = config.Int("num_layers", 28);
            if (Layers > 1 && Layers % 2 != 0)
                throw config.Unsupported(
                    "num_layers",
                    "skips join the first half of the blocks to the second, so it must be even"
                );
            // 1152 is the default of the class; released models state 1408.
            if (config.Int("hidden_size", 1152) != Width)
                throw config.Unsupported(
                    "hidden_size",
                    $"it must be num_attention_heads · attention_head_dim = {Width}"
                );
            Inner = (long)(Width * config.Number("mlp_ratio", 4.0));
            OutChannels = config.Flag("learn_sigma", true) ? 2 * InChannels : InChannels;
            TextWidth = config.Int("cross_attention_dim", 1024);
            T5Width = config.Int("cross_attention_dim_t5", 2048);
            PooledWidth = config.Int("pooled_projection_dim", 1024);
            TextLength = config.Int("text_len", 77);
            T5Length = config.Int("text_len_t5", 256);
            SizeAndStyle = config.Flag("use_style_cond_and_image_meta_size", true);
            if (T5Width % PoolerHeads != 0)
                throw config.Unsupported(
                    "cross_attention_dim_t5",
                    $"the pooler has {PoolerHeads} heads, so it must be a multiple of that"
                );
            if (HeadWidth % 2 != 0)
                throw config.Unsupported(
                    "attention_head_dim",
                    "rotary positions turn pairs of channels, so it must be even"
                );
        }

        internal ComponentConfig Config { get; }

        internal int Heads { get; }

        internal int HeadWidth { get; }

        internal int Width => Heads * HeadWidth;

        internal int InChannels { get; }

        internal int OutChannels { get; }

        internal int Patch { get; }

        internal SampleSize Sample { get; }

        internal int Layers { get; }

        internal long Inner { get; }

        internal int TextWidth { get; }

        internal int TextLength { get; }

        internal int T5Width { get; }

        internal int T5Length { get; }

        internal int PooledWidth { get; }

        internal bool SizeAndStyle { get; }
    }
}
