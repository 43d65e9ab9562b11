using Qua2SeDiMo.Architectures.Blocks;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Architectures;

/// <summary>
/// Stable Diffusion 3 and 3.5 (Esser et al., 2024): image and text tokens in two streams with joint attention. Inputs:
/// hidden_states [batch, channels, height, width], encoder_hidden_states [batch, tokens, width], pooled_projections
/// [batch, width], timestep [batch]. Output: sample.
/// </summary>
internal sealed class StableDiffusion3Architecture : IArchitecture
{
    private const int SinusoidChannels = 256;
    private const double NormEpsilon = 1e-6;

    public IReadOnlyList<GraphPart> Parts => [GraphPart.Forward];

    public bool Recognizes(ComponentConfig config) => config.ClassName == "SD3Transformer2DModel";

    public Graph Build(BuildRequest request)
    {
        var settings = new Settings(request.Config);
        int height = request.Height ?? settings.Sample.Height,
            width = request.Width ?? settings.Sample.Width;
        PatchGrid grid = PatchGrid.Of(request, height, width, settings.Patch);
        var g = new GraphBuilder("SD3Transformer2DModel", request.Tensors);
        GraphValue sample = g.Input("hidden_states", ElementType.Float32, "batch", settings.InChannels, height, width);
        GraphValue text = g.Input("encoder_hidden_states", ElementType.Float32, "batch", "tokens", settings.TextWidth);
        GraphValue pooled = g.Input("pooled_projections", ElementType.Float32, "batch", settings.PooledWidth);
        GraphValue timestep = g.Input("timestep", ElementType.Float32, "batch");

        GraphValue image = EmbedPatches(g, settings, grid, sample);
        GraphValue condition;
        using (g.Scope("time_text_embed"))
        {
            GraphValue time = TimestepBlock.Embed(
                g,
                "timestep_embedder",
                TimestepBlock.Sinusoid(g, timestep, SinusoidChannels),
                settings.Width
            );
            condition = g.Add(time, TimestepBlock.Embed(g, "text_embedder", pooled, settings.Width));
        }
        GraphValue? context = g.Linear("context_embedder", text, settings.Width);
        for (int i = 0; i < settings.Layers; i++)
        {
            using GraphBuilder.ModuleScope scope = g.Scope($"transformer_blocks.{i}");
            (image, context) = Block(
                g,
                settings,
                image,
                context!,
                condition,
                settings.DualLayers.Contains(i),
                isLast: i == settings.Layers - 1
            );
        }
        image = Modulation.Continuous(g, "norm_out", image, condition, NormEpsilon);
        image = g.Linear("proj_out", image, (long)settings.Patch * settings.Patch * settings.OutChannels);
        g.Output("sample", grid.Unpatchify(g, image, settings.OutChannels));
        return g.Build();
    }

    // The position table covers a square; smaller grids use its centre.
    private static GraphValue EmbedPatches(GraphBuilder g, Settings settings, PatchGrid grid, GraphValue sample)
    {
        using GraphBuilder.ModuleScope scope = g.Scope("pos_embed");
        int side = settings.TableSide;
        if (grid.Height > side || grid.Width > side)
        {
            throw settings.Config.Unsupported(
                "pos_embed_max_size",
                $"the latent has {grid.Height} × {grid.Width} patches, and the position table reaches {side} along each axis"
            );
        }
        int top = (side - grid.Height) / 2,
            left = (side - grid.Width) / 2;
        GraphValue table = g.Reshape(
            g.Parameter("pos_embed", 1, (long)side * side, settings.Width),
            1,
            side,
            side,
            settings.Width
        );
        GraphValue centre = g.Slice(g.Slice(table, 1, top, top + grid.Height), 2, left, left + grid.Width);
        return g.Add(grid.Embed(g, sample, settings.Width), g.Reshape(centre, 1, grid.Count, settings.Width));
    }

    private static (GraphValue Image, GraphValue? Text) Block(
        GraphBuilder g,
        Settings settings,
        GraphValue image,
        GraphValue text,
        GraphValue condition,
        bool isDual,
        bool isLast
    )
    {
        var attention = new JointAttention
        {
            HeadCount = settings.Heads,
            HeadWidth = settings.HeadWidth,
            Norm = settings.Norm,
        };
        IReadOnlyList<GraphValue> m = Modulation.Chunks(g, "norm1", condition, settings.Width, isDual ? 9 : 6);
        GraphValue normal = g.LayerNorm("norm1.norm", image, NormEpsilon, affine: false);
        // The text stream ends in the last block's attention, so its norm there has only a scale and a shift.
        IReadOnlyList<GraphValue>? c = isLast
            ? null
            : Modulation.Chunks(g, "norm1_context", condition, settings.Width, 6);
        GraphValue textNormal = c is null
            ? Modulation.Continuous(g, "norm1_context", text, condition, NormEpsilon)
            : StreamBlock.Normalise(g, "norm1_context", text, c[0], c[1], NormEpsilon);

        (GraphValue imageAttended, GraphValue? textAttended) = attention.Joint(
            g,
            "attn",
            Modulation.Apply(g, normal, m[0], m[1]),
            textNormal,
            textGoesOn: !isLast
        );
        image = g.Add(image, g.Multiply(m[2], imageAttended));
        if (isDual)
            image = g.Add(
                image,
                g.Multiply(m[8], attention.SingleProjected(g, "attn2", Modulation.Apply(g, normal, m[6], m[7])))
            );
        image = StreamBlock.FeedForward(g, "norm2", "ff", image, m[3], m[4], m[5], NormEpsilon);
        if (c is null)
            return (image, null);
        text = g.Add(text, g.Multiply(c[2], textAttended!));
        return (image, StreamBlock.FeedForward(g, "norm2_context", "ff_context", text, c[3], c[4], c[5], NormEpsilon));
    }

    private sealed class Settings
    {
        private const int MaximumTableSide = 1 << 12;

        internal Settings(ComponentConfig config)
        {
            Config = config;
            Sample = SampleSize.Of(config);
            Patch = config.Int("patch_size", 2);
            InChannels = config.Int("in_channels", 16);
            Layers = config.Int("num_layers", 18);
            HeadWidth = config.Int("attention_head_dim", 64);
            Heads = config.Int("num_attention_heads", 18);
            TextWidth = config.Int("joint_attention_dim", 4096);
            PooledWidth = config.Int("pooled_projection_dim", 2048);
            // A missing key means 16 as in the released model; null means the input's channels.
            OutChannels = config.Contains("out_channels") ? config.Int("out_channels", InChannels) : 16;
            TableSide = config.Int("pos_embed_max_size", 96);
            DualLayers = config.Ints("dual_attention_layers") ?? [];
            Norm = QueryKeyNorm.Read(config, "qk_norm", NormEpsilon);
            if (Norm.Kind is QueryKeyNormKind.RmsAcrossHeads or QueryKeyNormKind.LayerAcrossHeads)
            {
                throw config.Unsupported(
                    "qk_norm",
                    "both streams are normalised per head: null, rms_norm, layer_norm or fp32_layer_norm"
                );
            }
            if (config.Int("caption_projection_dim", 1152) != Width)
            {
                throw config.Unsupported(
                    "caption_projection_dim",
                    $"it must be num_attention_heads · attention_head_dim = {Width}"
                );
            }
            if (TableSide is < 1 or > MaximumTableSide)
                throw config.Unsupported("pos_embed_max_size", $"from 1 to {MaximumTableSide} are");
        }

        internal ComponentConfig Config { get; }

        internal SampleSize Sample { get; }

        internal int Patch { get; }

        internal int InChannels { get; }

        internal int OutChannels { get; }

        internal int Layers { get; }

        internal int Heads { get; }

        internal int HeadWidth { get; }

        internal int Width => Heads * HeadWidth;

        internal int TextWidth { get; }

        internal int PooledWidth { get; }

        internal int TableSide { get; }

        internal int[] DualLayers { get; }

        internal QueryKeyNorm Norm { get; }
    }
}
