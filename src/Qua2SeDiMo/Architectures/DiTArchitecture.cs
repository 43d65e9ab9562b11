using Qua2SeDiMo.Architectures.Blocks;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Graphs.Passes;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Architectures;

/// <summary>
/// DiT (Peebles and Xie, ICCV 2023): a class-conditional transformer with adaLN-Zero. Every block has a timestep
/// embedder and a class table; the head reuses those of block 0. Inputs: hidden_states [batch, channels, size, size],
/// timestep [batch], class_labels int64 [batch], where the last label means "no class". Output: sample, usually with
/// variance channels after the noise channels.
/// </summary>
internal sealed class DiTArchitecture : IArchitecture
{
    private const int SinusoidChannels = 256;
    private const double AdaNormEpsilon = 1e-6;

    public IReadOnlyList<GraphPart> Parts => [GraphPart.Forward];

    public bool Recognizes(ComponentConfig config) =>
        config.ClassName == "DiTTransformer2DModel"
        || (config.ClassName == "Transformer2DModel" && config.Text("norm_type", "layer_norm") == "ada_norm_zero");

    public Graph Build(BuildRequest request)
    {
        ComponentConfig config = request.Config;
        var settings = new Settings(config);
        int height = request.Height ?? settings.Sample.Height;
        int width = request.Width ?? settings.Sample.Width;
        PatchGrid grid = PatchGrid.Of(request, height, width, settings.Patch);
        if (grid.Height != grid.Width)
            throw new ArchitectureException(
                $"{config.Source}: DiT makes square images only; a latent of {height} × {width} was asked for."
            );
        var g = new GraphBuilder("DiTTransformer2DModel", request.Tensors);
        GraphValue image = g.Input("hidden_states", ElementType.Float32, "batch", settings.InChannels, height, width);
        GraphValue timestep = g.Input("timestep", ElementType.Float32, "batch");
        GraphValue label = g.Input("class_labels", ElementType.Int64, "batch");
        GraphValue sinusoid = TimestepBlock.Sinusoid(g, timestep, SinusoidChannels, shift: 1);
        GraphValue x;
        using (g.Scope("pos_embed"))
        {
            float[] table = grid.SinCosTable(g, config, settings.Width, settings.Sample, 1);
            x = g.Add(grid.Embed(g, image, settings.Width), g.Constant(table, 1, grid.Count, settings.Width));
        }
        GraphValue? condition = null;
        for (int i = 0; i < settings.Layers; i++)
        {
            using GraphBuilder.ModuleScope scope = g.Scope($"transformer_blocks.{i}");
            GraphValue embedded = EmbedCondition(g, settings, sinusoid, label);
            condition ??= embedded;
            x = Block(g, settings, x, embedded);
        }
        IReadOnlyList<GraphValue> chunks = g.Chunk(
            g.Linear("proj_out_1", g.Silu(condition!), 2L * settings.Width),
            2,
            1
        );
        x = Modulate(g, g.LayerNorm("norm_out", x, AdaNormEpsilon, affine: false), chunks[0], chunks[1]);
        x = g.Linear("proj_out_2", x, (long)settings.Patch * settings.Patch * settings.OutChannels);
        g.Output("sample", grid.Unpatchify(g, x, settings.OutChannels));
        return RepeatedEmbedders.Tie(g.Build());
    }

    private static GraphValue EmbedCondition(GraphBuilder g, Settings settings, GraphValue sinusoid, GraphValue label)
    {
        using GraphBuilder.ModuleScope scope = g.Scope("norm1.emb");
        GraphValue time = TimestepBlock.Embed(g, "timestep_embedder", sinusoid, settings.Width);
        return g.Add(time, g.Embedding("class_embedder.embedding_table", label, settings.Classes + 1L, settings.Width));
    }

    private static GraphValue Block(GraphBuilder g, Settings settings, GraphValue x, GraphValue embedded)
    {
        IReadOnlyList<GraphValue> chunks;
        GraphValue normal;
        using (g.Scope("norm1"))
        {
            chunks = g.Chunk(g.Linear("linear", g.Silu(embedded), 6L * settings.Width), 6, 1);
            normal = Modulate(g, g.LayerNorm("norm", x, AdaNormEpsilon, affine: false), chunks[0], chunks[1]);
        }
        GraphValue attended = AttentionBlock.Apply(
            g,
            "attn1",
            normal,
            null,
            settings.Heads,
            settings.HeadWidth,
            settings.AttentionBias
        );
        x = g.Add(x, g.Multiply(g.Unsqueeze(chunks[2], 1), attended));
        normal = Modulate(g, g.LayerNorm("norm3", x, settings.NormEpsilon, settings.NormAffine), chunks[3], chunks[4]);
        GraphValue fed = FeedForwardBlock.Apply(g, "ff", normal, settings.Config, "activation_fn", "gelu-approximate");
        return g.Add(x, g.Multiply(g.Unsqueeze(chunks[5], 1), fed));
    }

    // Shift and scale are [batch, width], the same for all tokens.
    private static GraphValue Modulate(GraphBuilder g, GraphValue x, GraphValue shift, GraphValue scale) =>
        g.Add(g.Multiply(x, g.Add(g.Unsqueeze(scale, 1), 1f)), g.Unsqueeze(shift, 1));

    private sealed class Settings
    {
        internal Settings(ComponentConfig config)
        {
            Config = config;
            if (config.Text("norm_type", "ada_norm_zero") != "ada_norm_zero")
                throw config.Unsupported("norm_type", "DiT has ada_norm_zero");
            Heads = config.Int("num_attention_heads", 16);
            HeadWidth = config.Int("attention_head_dim", 72);
            InChannels = config.Int("in_channels", 4);
            OutChannels = config.Int("out_channels", InChannels);
            Layers = config.Int("num_layers", 28);
            if (Layers < 1)
                throw config.Unsupported("num_layers", "it must be at least 1");
            AttentionBias = config.Flag("attention_bias", true);
            Sample = SampleSize.Of(config);
            Patch = config.Int("patch_size", 2);
            Classes = config.Int("num_embeds_ada_norm", 1000);
            NormAffine = config.Flag("norm_elementwise_affine", false);
            NormEpsilon = config.Number("norm_eps", 1e-5);
        }

        internal ComponentConfig Config { get; }

        internal int Heads { get; }

        internal int HeadWidth { get; }

        internal int Width => Heads * HeadWidth;

        internal int InChannels { get; }

        internal int OutChannels { get; }

        internal int Layers { get; }

        internal bool AttentionBias { get; }

        internal SampleSize Sample { get; }

        internal int Patch { get; }

        internal int Classes { get; }

        internal bool NormAffine { get; }

        internal double NormEpsilon { get; }
    }
}
