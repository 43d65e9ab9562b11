using Qua2SeDiMo.Architectures.Blocks;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Architectures;

/// <summary>
/// PixArt-α and PixArt-Σ (Chen et al., 2023, 2024): a DiT with cross-attention to T5 tokens and one adaLN network
/// shared by all blocks. Inputs: hidden_states [batch, channels, height, width], encoder_hidden_states [batch, tokens,
/// caption channels], timestep [batch], encoder_attention_mask [batch, tokens] of ones and zeros; models with size
/// conditions also resolution [batch, 2] and aspect_ratio [batch, 1]. Output: sample.
/// </summary>
internal sealed class PixArtArchitecture : IArchitecture
{
    private const float HiddenToken = -10000f;
    private const int SinusoidChannels = 256;

    public IReadOnlyList<GraphPart> Parts => [GraphPart.Forward];

    public bool Recognizes(ComponentConfig config) =>
        config.ClassName == "PixArtTransformer2DModel"
        || (config.ClassName == "Transformer2DModel" && config.Text("norm_type", "layer_norm") == "ada_norm_single");

    public Graph Build(BuildRequest request)
    {
        var settings = new Settings(request.Config);
        PatchGrid grid = PatchGrid.Of(
            request,
            request.Height ?? settings.Sample.Height,
            request.Width ?? settings.Sample.Width,
            settings.Patch
        );
        var g = new GraphBuilder("PixArtTransformer2DModel", request.Tensors);
        GraphValue image = g.Input(
            "hidden_states",
            ElementType.Float32,
            "batch",
            settings.InChannels,
            request.Height ?? settings.Sample.Height,
            request.Width ?? settings.Sample.Width
        );
        GraphValue caption = g.Input(
            "encoder_hidden_states",
            ElementType.Float32,
            "batch",
            "tokens",
            settings.CaptionChannels ?? settings.CrossWidth ?? settings.Width
        );
        GraphValue timestep = g.Input("timestep", ElementType.Float32, "batch");
        GraphValue mask = AttentionBlock.MaskTerm(
            g,
            g.Input("encoder_attention_mask", ElementType.Float32, "batch", "tokens"),
            HiddenToken
        );

        GraphValue x = EmbedPatches(g, settings, grid, image);
        (GraphValue modulation, GraphValue embedded) = EmbedConditions(g, settings, timestep);
        if (settings.CaptionChannels is not null)
        {
            using GraphBuilder.ModuleScope scope = g.Scope("caption_projection");
            caption = g.Linear("linear_2", g.GeluTanh(g.Linear("linear_1", caption, settings.Width)), settings.Width);
        }
        for (int i = 0; i < settings.Layers; i++)
        {
            using GraphBuilder.ModuleScope scope = g.Scope($"transformer_blocks.{i}");
            x = Block(g, settings, x, caption, mask, modulation);
        }
        g.Output("sample", Head(g, settings, grid, x, embedded));
        return g.Build();
    }

    private static GraphValue EmbedPatches(GraphBuilder g, Settings settings, PatchGrid grid, GraphValue image)
    {
        using GraphBuilder.ModuleScope scope = g.Scope("pos_embed");
        float[] table = grid.SinCosTable(
            g,
            settings.Config,
            settings.Width,
            settings.Sample,
            settings.InterpolationScale
        );
        return g.Add(grid.Embed(g, image, settings.Width), g.Constant(table, 1, grid.Count, settings.Width));
    }

    // Returns the six modulation chunks [batch, 6, width], shared by all blocks, and the embedding before its SiLU.
    private static (GraphValue Modulation, GraphValue Embedded) EmbedConditions(
        GraphBuilder g,
        Settings settings,
        GraphValue timestep
    )
    {
        using GraphBuilder.ModuleScope adaLn = g.Scope("adaln_single");
        GraphValue embedded;
        using (g.Scope("emb"))
        {
            embedded = TimestepBlock.Embed(
                g,
                "timestep_embedder",
                TimestepBlock.Sinusoid(g, timestep, SinusoidChannels),
                settings.Width
            );
            if (settings.SizeConditions)
            {
                GraphValue resolution = EmbedNumbers(
                    g,
                    "resolution_embedder",
                    g.Input("resolution", ElementType.Float32, "batch", 2),
                    settings.Width / 3
                );
                GraphValue aspect = EmbedNumbers(
                    g,
                    "aspect_ratio_embedder",
                    g.Input("aspect_ratio", ElementType.Float32, "batch", 1),
                    settings.Width / 3
                );
                embedded = g.Add(embedded, g.Concat(-1, resolution, aspect));
            }
        }
        GraphValue chunks = g.Linear("linear", g.Silu(embedded), 6L * settings.Width);
        return (g.Reshape(chunks, "batch", 6, settings.Width), embedded);
    }

    // Each number is embedded separately; the embeddings of a row are concatenated.
    private static GraphValue EmbedNumbers(GraphBuilder g, string module, GraphValue numbers, long width)
    {
        GraphValue flat = g.Reshape(numbers, "numbers");
        GraphValue embedded = TimestepBlock.Embed(g, module, TimestepBlock.Sinusoid(g, flat, SinusoidChannels), width);
        return g.Reshape(embedded, "batch", numbers.Shape[1].Size * width);
    }

    private static GraphValue Block(
        GraphBuilder g,
        Settings settings,
        GraphValue x,
        GraphValue caption,
        GraphValue mask,
        GraphValue modulation
    )
    {
        GraphValue table = g.Parameter("scale_shift_table", 6, settings.Width);
        IReadOnlyList<GraphValue> chunks = g.Chunk(g.Add(modulation, table), 6, 1);
        GraphValue normal = g.LayerNorm("norm1", x, settings.NormEpsilon, settings.NormAffine);
        GraphValue attended = AttentionBlock.Apply(
            g,
            "attn1",
            Modulate(g, normal, chunks[0], chunks[1]),
            null,
            settings.Heads,
            settings.HeadWidth,
            settings.AttentionBias
        );
        x = g.Add(x, g.Multiply(chunks[2], attended));
        if (settings.CrossWidth is not null)
        {
            // PixArt's cross-attention has no norm before it and no gate after it.
            x = g.Add(
                x,
                AttentionBlock.Apply(
                    g,
                    "attn2",
                    x,
                    caption,
                    settings.Heads,
                    settings.HeadWidth,
                    settings.AttentionBias,
                    mask
                )
            );
        }
        normal = g.LayerNorm("norm2", x, settings.NormEpsilon, settings.NormAffine);
        GraphValue fed = FeedForwardBlock.Apply(
            g,
            "ff",
            Modulate(g, normal, chunks[3], chunks[4]),
            settings.Config,
            "activation_fn",
            "gelu-approximate"
        );
        return g.Add(x, g.Multiply(chunks[5], fed));
    }

    private static GraphValue Head(GraphBuilder g, Settings settings, PatchGrid grid, GraphValue x, GraphValue embedded)
    {
        GraphValue table = g.Parameter("scale_shift_table", 2, settings.Width);
        IReadOnlyList<GraphValue> chunks = g.Chunk(g.Add(table, g.Unsqueeze(embedded, 1)), 2, 1);
        x = Modulate(g, g.LayerNorm("norm_out", x, 1e-6, affine: false), chunks[0], chunks[1]);
        x = g.Linear("proj_out", x, (long)settings.Patch * settings.Patch * settings.OutChannels);
        return grid.Unpatchify(g, x, settings.OutChannels);
    }

    private static GraphValue Modulate(GraphBuilder g, GraphValue x, GraphValue shift, GraphValue scale) =>
        g.Add(g.Multiply(x, g.Add(scale, 1f)), shift);

    private sealed class Settings
    {
        internal Settings(ComponentConfig config)
        {
            Config = config;
            if (config.Text("norm_type", "ada_norm_single") != "ada_norm_single")
                throw config.Unsupported("norm_type", "PixArt has ada_norm_single");
            if (config.Text("attention_type", "default") != "default")
                throw config.Unsupported("attention_type", "only default is");
            Heads = config.Int("num_attention_heads", 16);
            HeadWidth = config.Int("attention_head_dim", 72);
            InChannels = config.Int("in_channels", 4);
            // A missing key means 8 as in the released model; null means the input's channels.
            OutChannels = config.Contains("out_channels") ? config.Int("out_channels", InChannels) : 8;
            Layers = config.Int("num_layers", 28);
            CrossWidth = config.Contains("cross_attention_dim") ? config.IntOrNull("cross_attention_dim") : 1152;
            AttentionBias = config.Flag("attention_bias", true);
            Sample = SampleSize.Of(config);
            Patch = config.Int("patch_size", 2);
            NormAffine = config.Flag("norm_elementwise_affine", false);
            NormEpsilon = config.Number("norm_eps", 1e-6);
            InterpolationScale = config.Number("interpolation_scale", Math.Max(Sample.Height / 64, 1));
            SizeConditions = config.Flag("use_additional_conditions", Sample.Height == 128);
            CaptionChannels = config.IntOrNull("caption_channels");
            if (SizeConditions && Width % 3 != 0)
                throw config.Unsupported(
                    "use_additional_conditions",
                    $"size conditions need a width that is a multiple of 3, and it is {Width}"
                );
        }

        internal ComponentConfig Config { get; }

        internal int Heads { get; }

        internal int HeadWidth { get; }

        internal int Width => Heads * HeadWidth;

        internal int InChannels { get; }

        internal int OutChannels { get; }

        internal int Layers { get; }

        internal int? CrossWidth { get; }

        internal bool AttentionBias { get; }

        internal SampleSize Sample { get; }

        internal int Patch { get; }

        internal bool NormAffine { get; }

        internal double NormEpsilon { get; }

        internal double InterpolationScale { get; }

        internal bool SizeConditions { get; }

        internal int? CaptionChannels { get; }
    }
}
