using Qua2SeDiMo.Architectures.Blocks;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Architectures;

/// <summary>
/// Sana (Xie et al., 2024): linear self-attention, softmax cross-attention, and a gated feed-forward of convolutions
/// over the token grid. Inputs: hidden_states [batch, channels, height, width], encoder_hidden_states [batch, tokens,
/// caption channels], timestep [batch], encoder_attention_mask [batch, tokens] of ones and zeros; guidance-distilled
/// models also guidance [batch]. Output: sample.
/// </summary>
internal sealed class SanaArchitecture : IArchitecture
{
    private const int SinusoidChannels = 256;
    private const float HiddenToken = -10000f;
    private const double CaptionNormEpsilon = 1e-5;
    private const double HeadNormEpsilon = 1e-6;
    private const double QueryKeyNormEpsilon = 1e-5;

    // Avoids a division by zero when all products of a row are zero.
    private const float SmallestSum = 1e-15f;

    public IReadOnlyList<GraphPart> Parts => [GraphPart.Forward];

    public bool Recognizes(ComponentConfig config) => config.ClassName == "SanaTransformer2DModel";

    public Graph Build(BuildRequest request)
    {
        var settings = new Settings(request.Config);
        int height = request.Height ?? settings.Sample.Height,
            width = request.Width ?? settings.Sample.Width;
        PatchGrid grid = PatchGrid.Of(request, height, width, settings.Patch);
        var g = new GraphBuilder("SanaTransformer2DModel", request.Tensors);
        GraphValue sample = g.Input("hidden_states", ElementType.Float32, "batch", settings.InChannels, height, width);
        GraphValue caption = g.Input(
            "encoder_hidden_states",
            ElementType.Float32,
            "batch",
            "tokens",
            settings.CaptionChannels
        );
        GraphValue timestep = g.Input("timestep", ElementType.Float32, "batch");
        GraphValue? guidance = settings.HasGuidance ? g.Input("guidance", ElementType.Float32, "batch") : null;
        GraphValue mask = AttentionBlock.MaskTerm(
            g,
            g.Input("encoder_attention_mask", ElementType.Float32, "batch", "tokens"),
            HiddenToken
        );

        GraphValue x = EmbedPatches(g, settings, grid, sample);
        (GraphValue modulation, GraphValue embedded) = EmbedConditions(g, settings, timestep, guidance);
        using (g.Scope("caption_projection"))
        {
            caption = g.Linear("linear_2", g.GeluTanh(g.Linear("linear_1", caption, settings.Width)), settings.Width);
        }
        caption = g.RmsNorm("caption_norm", caption, CaptionNormEpsilon);
        for (int i = 0; i < settings.Layers; i++)
        {
            using GraphBuilder.ModuleScope scope = g.Scope($"transformer_blocks.{i}");
            x = Block(g, settings, grid, x, caption, mask, modulation);
        }
        IReadOnlyList<GraphValue> ends = g.Chunk(
            g.Add(g.Parameter("scale_shift_table", 2, settings.Width), g.Unsqueeze(embedded, 1)),
            2,
            1
        );
        x = Modulation.Apply(g, g.LayerNorm("norm_out.norm", x, HeadNormEpsilon, affine: false), ends[0], ends[1]);
        x = g.Linear("proj_out", x, (long)settings.Patch * settings.Patch * settings.OutChannels);
        g.Output("sample", grid.Unpatchify(g, x, settings.OutChannels));
        return g.Build();
    }

    private static GraphValue EmbedPatches(GraphBuilder g, Settings settings, PatchGrid grid, GraphValue sample)
    {
        using GraphBuilder.ModuleScope scope = g.Scope("patch_embed");
        GraphValue x = grid.Embed(g, sample, settings.Width);
        if (settings.InterpolationScale is not { } scale)
            return x;
        float[] table = grid.SinCosTable(g, settings.Config, settings.Width, settings.Sample, scale);
        return g.Add(x, g.Constant(table, 1, grid.Count, settings.Width));
    }

    // Returns the six modulation chunks [batch, 6, width], shared by all blocks, and the embedding before its SiLU.
    private static (GraphValue Modulation, GraphValue Embedded) EmbedConditions(
        GraphBuilder g,
        Settings settings,
        GraphValue timestep,
        GraphValue? guidance
    )
    {
        using GraphBuilder.ModuleScope scope = g.Scope("time_embed");
        GraphValue Embed(string module, GraphValue number) =>
            TimestepBlock.Embed(g, module, TimestepBlock.Sinusoid(g, number, SinusoidChannels), settings.Width);
        GraphValue embedded = guidance is null
            ? Embed("emb.timestep_embedder", timestep)
            : g.Add(Embed("timestep_embedder", timestep), Embed("guidance_embedder", guidance));
        return (
            g.Reshape(g.Linear("linear", g.Silu(embedded), 6L * settings.Width), "batch", 6, settings.Width),
            embedded
        );
    }

    private static GraphValue Block(
        GraphBuilder g,
        Settings settings,
        PatchGrid grid,
        GraphValue x,
        GraphValue caption,
        GraphValue mask,
        GraphValue modulation
    )
    {
        IReadOnlyList<GraphValue> m = g.Chunk(
            g.Add(modulation, g.Parameter("scale_shift_table", 6, settings.Width)),
            6,
            1
        );
        GraphValue normal = Modulation.Apply(
            g,
            g.LayerNorm("norm1", x, settings.NormEpsilon, affine: false),
            m[0],
            m[1]
        );
        x = g.Add(x, g.Multiply(m[2], LinearAttention(g, settings, normal)));
        x = g.Add(x, CrossAttention(g, settings, x, caption, mask));
        normal = Modulation.Apply(g, g.LayerNorm("norm2", x, settings.NormEpsilon, settings.NormAffine), m[3], m[4]);
        return g.Add(x, g.Multiply(m[5], ConvolutionalFeedForward(g, settings, grid, normal)));
    }

    // Computes relu(q)·(relu(k)ᵀ·[v, 1]). The last column is the sum that normalises the others. The cost is linear in
    // the number of tokens, because no token-by-token scores are computed.
    private static GraphValue LinearAttention(GraphBuilder g, Settings settings, GraphValue x)
    {
        using GraphBuilder.ModuleScope scope = g.Scope("attn1");
        GraphValue q = settings.Norm.SplitHeads(
            g,
            "norm_q",
            g.Linear("to_q", x, settings.Width, settings.AttentionBias),
            settings.Heads
        );
        GraphValue k = settings.Norm.SplitHeads(
            g,
            "norm_k",
            g.Linear("to_k", x, settings.Width, settings.AttentionBias),
            settings.Heads
        );
        GraphValue v = AttentionBlock.Heads(
            g,
            g.Linear("to_v", x, settings.Width, settings.AttentionBias),
            settings.Heads
        );
        GraphValue extended = g.Pad(v, [0, 0, 0, 0], [0, 0, 0, 1], 1f);
        GraphValue memory = g.MatMul(g.Transpose(g.Relu(k), 0, 1, 3, 2), extended);
        IReadOnlyList<GraphValue> parts = g.Split(g.MatMul(g.Relu(q), memory), -1, settings.HeadWidth, 1);
        GraphValue attended = g.Divide(parts[0], g.Add(parts[1], SmallestSum));
        return g.Linear("to_out.0", AttentionBlock.Merge(g, attended), settings.Width);
    }

    private static GraphValue CrossAttention(
        GraphBuilder g,
        Settings settings,
        GraphValue x,
        GraphValue caption,
        GraphValue mask
    )
    {
        using GraphBuilder.ModuleScope scope = g.Scope("attn2");
        long inner = (long)settings.CrossHeads * settings.CrossHeadWidth;
        GraphValue q = settings.Norm.SplitHeads(g, "norm_q", g.Linear("to_q", x, inner), settings.CrossHeads);
        GraphValue k = settings.Norm.SplitHeads(g, "norm_k", g.Linear("to_k", caption, inner), settings.CrossHeads);
        GraphValue v = AttentionBlock.Heads(g, g.Linear("to_v", caption, inner), settings.CrossHeads);
        GraphValue attended = AttentionBlock.AttendHeads(g, q, k, v, 1 / Math.Sqrt(settings.CrossHeadWidth), mask);
        return g.Linear("to_out.0", AttentionBlock.Merge(g, attended), settings.Width);
    }

    private static GraphValue ConvolutionalFeedForward(GraphBuilder g, Settings settings, PatchGrid grid, GraphValue x)
    {
        using GraphBuilder.ModuleScope scope = g.Scope("ff");
        long hidden = settings.Inner;
        GraphValue image = g.Reshape(g.Transpose(x, 0, 2, 1), "batch", settings.Width, grid.Height, grid.Width);
        image = g.Silu(g.Conv2d("conv_inverted", image, 2 * hidden, 1));
        image = g.Conv2d("conv_depth", image, 2 * hidden, 3, padding: 1, groups: checked((int)(2 * hidden)));
        IReadOnlyList<GraphValue> halves = g.Chunk(image, 2, 1);
        image = g.Conv2d("conv_point", g.Multiply(halves[0], g.Silu(halves[1])), settings.Width, 1, bias: false);
        return g.Transpose(g.Reshape(image, "batch", settings.Width, grid.Count), 0, 2, 1);
    }

    private sealed class Settings
    {
        internal Settings(ComponentConfig config)
        {
            Config = config;
            InChannels = config.Int("in_channels", 32);
            // A missing key means 32 as in the released model; null means the input's channels.
            OutChannels = config.Contains("out_channels") ? config.Int("out_channels", InChannels) : 32;
            Heads = config.Int("num_attention_heads", 70);
            HeadWidth = config.Int("attention_head_dim", 32);
            Layers = config.Int("num_layers", 20);
            CrossHeads = Required(config, "num_cross_attention_heads", 20);
            CrossHeadWidth = Required(config, "cross_attention_head_dim", 112);
            CaptionChannels = config.Int("caption_channels", 2304);
            Inner = (long)(config.Number("mlp_ratio", 2.5) * Width);
            AttentionBias = config.Flag("attention_bias", false);
            Sample = SampleSize.Of(config);
            Patch = config.Int("patch_size", 1);
            NormAffine = config.Flag("norm_elementwise_affine", false);
            NormEpsilon = config.Number("norm_eps", 1e-6);
            InterpolationScale = config.NumberOrNull("interpolation_scale");
            HasGuidance = config.Flag("guidance_embeds", false);
            Norm = QueryKeyNorm.Read(config, "qk_norm", QueryKeyNormEpsilon);
            if (
                Norm.Kind
                is not (QueryKeyNormKind.None or QueryKeyNormKind.RmsAcrossHeads or QueryKeyNormKind.LayerAcrossHeads)
            )
            {
                throw config.Unsupported(
                    "qk_norm",
                    "Sana normalises all heads at once: rms_norm_across_heads, layer_norm_across_heads or null"
                );
            }
            if (Required(config, "cross_attention_dim", 2240) != Width)
            {
                throw config.Unsupported(
                    "cross_attention_dim",
                    $"captions are projected to num_attention_heads · attention_head_dim = {Width}"
                );
            }
        }

        internal ComponentConfig Config { get; }

        internal int InChannels { get; }

        internal int OutChannels { get; }

        internal int Heads { get; }

        internal int HeadWidth { get; }

        internal int Width => Heads * HeadWidth;

        internal int Layers { get; }

        internal int CrossHeads { get; }

        internal int CrossHeadWidth { get; }

        internal int CaptionChannels { get; }

        internal long Inner { get; }

        internal bool AttentionBias { get; }

        internal SampleSize Sample { get; }

        internal int Patch { get; }

        internal bool NormAffine { get; }

        internal double NormEpsilon { get; }

        internal double? InterpolationScale { get; }

        internal bool HasGuidance { get; }

        internal QueryKeyNorm Norm { get; }

        // Null would mean blocks without cross-attention and without their second norm, which are not supported.
        private static int Required(ComponentConfig config, string key, int defaultValue) =>
            config.Contains(key) && !config.Has(key)
                ? throw config.Unsupported(key, "every block has cross-attention")
                : config.Int(key, defaultValue);
    }
}
