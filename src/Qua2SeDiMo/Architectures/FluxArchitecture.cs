using Qua2SeDiMo.Architectures.Blocks;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Architectures;

/// <summary>
/// FLUX.1 (Black Forest Labs, 2024): blocks with two streams and joint attention, then blocks with one stream; rotary
/// positions from token coordinates. Inputs: hidden_states [batch, image tokens, channels] (patches packed by the
/// pipeline), encoder_hidden_states [batch, tokens, width], pooled_projections [batch, width], timestep [batch] in 0 …
/// 1, img_ids [image tokens, axes], txt_ids [tokens, axes]; guidance-distilled models also guidance [batch]. Output:
/// sample, with the shape of hidden_states.
/// </summary>
internal sealed class FluxArchitecture : IArchitecture
{
    private const int SinusoidChannels = 256;
    private const float TimestepScale = 1000f;
    private const double NormEpsilon = 1e-6;

    public IReadOnlyList<GraphPart> Parts => [GraphPart.Forward];

    public bool Recognizes(ComponentConfig config) => config.ClassName == "FluxTransformer2DModel";

    public Graph Build(BuildRequest request)
    {
        var settings = new Settings(request.Config);
        var g = new GraphBuilder("FluxTransformer2DModel", request.Tensors);
        GraphValue packed = g.Input("hidden_states", ElementType.Float32, "batch", "image_tokens", settings.InChannels);
        GraphValue caption = g.Input(
            "encoder_hidden_states",
            ElementType.Float32,
            "batch",
            "tokens",
            settings.TextWidth
        );
        GraphValue pooled = g.Input("pooled_projections", ElementType.Float32, "batch", settings.PooledWidth);
        GraphValue timestep = g.Input("timestep", ElementType.Float32, "batch");
        GraphValue imageIds = g.Input("img_ids", ElementType.Float32, "image_tokens", settings.Axes.Length);
        GraphValue textIds = g.Input("txt_ids", ElementType.Float32, "tokens", settings.Axes.Length);
        GraphValue? guidance = settings.HasGuidance ? g.Input("guidance", ElementType.Float32, "batch") : null;

        GraphValue image = g.Linear("x_embedder", packed, settings.Width);
        GraphValue condition = EmbedConditions(g, settings, timestep, guidance, pooled);
        GraphValue text = g.Linear("context_embedder", caption, settings.Width);
        var attention = new JointAttention
        {
            HeadCount = settings.Heads,
            HeadWidth = settings.HeadWidth,
            Norm = new QueryKeyNorm(QueryKeyNormKind.Rms, NormEpsilon),
            Rotary = Rotary(g, settings, g.Concat(0, imageIds, textIds), packed),
        };
        for (int i = 0; i < settings.Layers; i++)
        {
            using GraphBuilder.ModuleScope scope = g.Scope($"transformer_blocks.{i}");
            (image, text) = JointBlock(g, attention, image, text, condition);
        }
        GraphValue all = g.Concat(1, image, text);
        for (int i = 0; i < settings.SingleLayers; i++)
        {
            using GraphBuilder.ModuleScope scope = g.Scope($"single_transformer_blocks.{i}");
            all = SingleBlock(g, attention, all, condition);
        }
        image = g.SplitLike(all, 1, image, text)[0];
        image = Modulation.Continuous(g, "norm_out", image, condition, NormEpsilon);
        g.Output("sample", g.Linear("proj_out", image, (long)settings.Patch * settings.Patch * settings.OutChannels));
        return g.Build();
    }

    private static GraphValue EmbedConditions(
        GraphBuilder g,
        Settings settings,
        GraphValue timestep,
        GraphValue? guidance,
        GraphValue pooled
    )
    {
        using GraphBuilder.ModuleScope scope = g.Scope("time_text_embed");
        GraphValue Embed(string module, GraphValue number) =>
            TimestepBlock.Embed(
                g,
                module,
                TimestepBlock.Sinusoid(g, g.Multiply(number, TimestepScale), SinusoidChannels),
                settings.Width
            );
        GraphValue condition = Embed("timestep_embedder", timestep);
        if (guidance is not null)
            condition = g.Add(condition, Embed("guidance_embedder", guidance));
        return g.Add(condition, TimestepBlock.Embed(g, "text_embedder", pooled, settings.Width));
    }

    // Each axis of the coordinates rotates a separate range of a head's channels.
    private static RotaryTables Rotary(GraphBuilder g, Settings settings, GraphValue ids, GraphValue like)
    {
        using GraphBuilder.ModuleScope scope = g.Scope("pos_embed");
        GraphValue[] angles =
        [
            .. settings.Axes.Select(
                (width, axis) =>
                    g.Multiply(
                        g.Slice(ids, 1, axis, axis + 1),
                        g.Constant(RotaryTables.Frequencies(width), 1, width / 2)
                    )
            ),
        ];
        RotaryTables once = RotaryTables.OfAngles(g, g.Unsqueeze(g.Concat(1, angles), 0));
        return new RotaryTables(g.RepeatForEach(once.Cos, like), g.RepeatForEach(once.Sin, like));
    }

    private static (GraphValue Image, GraphValue Text) JointBlock(
        GraphBuilder g,
        JointAttention attention,
        GraphValue image,
        GraphValue text,
        GraphValue condition
    )
    {
        long width = image[-1].Size;
        IReadOnlyList<GraphValue> m = Modulation.Chunks(g, "norm1", condition, width, 6),
            c = Modulation.Chunks(g, "norm1_context", condition, width, 6);
        GraphValue imageNormal = StreamBlock.Normalise(g, "norm1", image, m[0], m[1], NormEpsilon);
        GraphValue textNormal = StreamBlock.Normalise(g, "norm1_context", text, c[0], c[1], NormEpsilon);
        (GraphValue imageAttended, GraphValue? textAttended) = attention.Joint(g, "attn", imageNormal, textNormal);
        image = g.Add(image, g.Multiply(m[2], imageAttended));
        text = g.Add(text, g.Multiply(c[2], textAttended!));
        return (
            StreamBlock.FeedForward(g, "norm2", "ff", image, m[3], m[4], m[5], NormEpsilon),
            StreamBlock.FeedForward(g, "norm2_context", "ff_context", text, c[3], c[4], c[5], NormEpsilon)
        );
    }

    // Attention and feed-forward in parallel; one weight, split in two parts, projects both results.
    private static GraphValue SingleBlock(GraphBuilder g, JointAttention attention, GraphValue x, GraphValue condition)
    {
        long width = x[-1].Size;
        IReadOnlyList<GraphValue> m = Modulation.Chunks(g, "norm", condition, width, 3);
        GraphValue normal = StreamBlock.Normalise(g, "norm", x, m[0], m[1], NormEpsilon);
        GraphValue hidden = g.GeluTanh(g.Linear("proj_mlp", normal, 4 * width));
        GraphValue attended = attention.Single(g, "attn", normal);
        return g.Add(x, g.Multiply(m[2], g.LinearOfConcat("proj_out", [attended, hidden], width)));
    }

    private sealed class Settings
    {
        internal Settings(ComponentConfig config)
        {
            Patch = config.Int("patch_size", 1);
            InChannels = config.Int("in_channels", 64);
            OutChannels = config.IntOrNull("out_channels") is { } channels and not 0 ? channels : InChannels;
            Layers = config.Int("num_layers", 19);
            SingleLayers = config.Int("num_single_layers", 38);
            HeadWidth = config.Int("attention_head_dim", 128);
            Heads = config.Int("num_attention_heads", 24);
            TextWidth = config.Int("joint_attention_dim", 4096);
            PooledWidth = config.Int("pooled_projection_dim", 768);
            HasGuidance = config.Flag("guidance_embeds", false);
            Axes = config.Ints("axes_dims_rope") ?? [16, 56, 56];
            if (Axes.Sum() != HeadWidth || Axes.Any(axis => axis < 1 || axis % 2 != 0))
            {
                throw config.Unsupported(
                    "axes_dims_rope",
                    $"its even numbers must add up to attention_head_dim {HeadWidth}"
                );
            }
        }

        internal int Patch { get; }

        internal int InChannels { get; }

        internal int OutChannels { get; }

        internal int Layers { get; }

        internal int SingleLayers { get; }

        internal int Heads { get; }

        internal int HeadWidth { get; }

        internal int Width => Heads * HeadWidth;

        internal int TextWidth { get; }

        internal int PooledWidth { get; }

        internal bool HasGuidance { get; }

        internal int[] Axes { get; }
    }
}
