using Qua2SeDiMo.Architectures.Blocks;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Architectures;

/// <summary>
/// AuraFlow (Fal, 2024): blocks with two streams and joint attention, then blocks with one stream; layer norms without
/// parameters, no biases, SwiGLU feed-forwards. Inputs: hidden_states [batch, channels, height, width],
/// encoder_hidden_states [batch, tokens, width], timestep [batch] in 0 … 1. Output: sample.
/// </summary>
internal sealed class AuraFlowArchitecture : IArchitecture
{
    private const int SinusoidChannels = 256;
    private const float TimestepScale = 1000f;
    private const int RegisterTokens = 8;
    private const int FeedForwardMultiple = 256;
    private const double NormEpsilon = 1e-5;

    public IReadOnlyList<GraphPart> Parts => [GraphPart.Forward];

    public bool Recognizes(ComponentConfig config) => config.ClassName == "AuraFlowTransformer2DModel";

    public Graph Build(BuildRequest request)
    {
        var settings = new Settings(request.Config);
        int height = request.Height ?? settings.Sample.Height,
            width = request.Width ?? settings.Sample.Width;
        PatchGrid grid = PatchGrid.Of(request, height, width, settings.Patch);
        var g = new GraphBuilder("AuraFlowTransformer2DModel", request.Tensors);
        GraphValue sample = g.Input("hidden_states", ElementType.Float32, "batch", settings.InChannels, height, width);
        GraphValue caption = g.Input(
            "encoder_hidden_states",
            ElementType.Float32,
            "batch",
            "tokens",
            settings.TextWidth
        );
        GraphValue timestep = g.Input("timestep", ElementType.Float32, "batch");

        GraphValue image = EmbedPatches(g, settings, grid, sample);
        GraphValue waves = TimestepBlock.Sinusoid(g, timestep, SinusoidChannels, scale: TimestepScale);
        GraphValue condition = TimestepBlock.Embed(g, "time_step_proj", waves, settings.Width);
        GraphValue registers = g.RepeatForEach(
            g.Parameter("register_tokens", 1, RegisterTokens, settings.Width),
            caption
        );
        GraphValue text = g.Concat(1, registers, g.Linear("context_embedder", caption, settings.Width, bias: false));
        var attention = new JointAttention
        {
            HeadCount = settings.Heads,
            HeadWidth = settings.HeadWidth,
            Bias = false,
            Norm = new QueryKeyNorm(QueryKeyNormKind.LayerPlain, NormEpsilon),
        };
        for (int i = 0; i < settings.JointLayers; i++)
        {
            using GraphBuilder.ModuleScope scope = g.Scope($"joint_transformer_blocks.{i}");
            (image, text) = JointBlock(g, attention, image, text, condition);
        }
        GraphValue all = g.Concat(1, image, text);
        for (int i = 0; i < settings.SingleLayers; i++)
        {
            using GraphBuilder.ModuleScope scope = g.Scope($"single_transformer_blocks.{i}");
            IReadOnlyList<GraphValue> m = Modulation.Chunks(g, "norm1", condition, settings.Width, 6, bias: false);
            GraphValue attended = attention.SingleProjected(
                g,
                "attn",
                StreamBlock.Normalise(g, "norm1", all, m[0], m[1], NormEpsilon)
            );
            all = FeedForward(g, "norm2", "ff", all, attended, m);
        }
        image = g.SplitLike(all, 1, image, text)[0];
        IReadOnlyList<GraphValue> ends = Modulation.Chunks(g, "norm_out", condition, settings.Width, 2, bias: false);
        image = Modulation.Apply(g, image, ends[1], ends[0]);
        image = g.Linear("proj_out", image, (long)settings.Patch * settings.Patch * settings.OutChannels, bias: false);
        g.Output("sample", grid.Unpatchify(g, image, settings.OutChannels));
        return g.Build();
    }

    // A linear layer on patches [channels, row, column], plus the centre of a learned table of positions in a square.
    private static GraphValue EmbedPatches(GraphBuilder g, Settings settings, PatchGrid grid, GraphValue sample)
    {
        using GraphBuilder.ModuleScope scope = g.Scope("pos_embed");
        int side = (int)Math.Sqrt(settings.TableSize);
        int top = (side / 2) - (grid.Height / 2),
            left = (side / 2) - (grid.Width / 2);
        if (top < 0 || left < 0 || top + grid.Height > side || left + grid.Width > side)
        {
            throw settings.Config.Unsupported(
                "pos_embed_max_size",
                $"the latent has {grid.Height} × {grid.Width} patches, and the position table holds {side} × {side}"
            );
        }
        long[] rows =
        [
            .. Enumerable
                .Range(0, grid.Count)
                .Select(token => (long)(((top + (token / grid.Width)) * side) + left + (token % grid.Width))),
        ];
        GraphValue table = g.Parameter("pos_embed", settings.TableSize, settings.Width);
        return g.Add(
            g.Linear("proj", PatchValues.Of(g, grid, sample, channelsFirst: true), settings.Width),
            g.Gather(table, g.Constant(rows, 1, rows.Length))
        );
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
        IReadOnlyList<GraphValue> m = Modulation.Chunks(g, "norm1", condition, width, 6, bias: false);
        IReadOnlyList<GraphValue> c = Modulation.Chunks(g, "norm1_context", condition, width, 6, bias: false);
        (GraphValue imageAttended, GraphValue? textAttended) = attention.Joint(
            g,
            "attn",
            StreamBlock.Normalise(g, "norm1", image, m[0], m[1], NormEpsilon),
            StreamBlock.Normalise(g, "norm1_context", text, c[0], c[1], NormEpsilon)
        );
        return (
            FeedForward(g, "norm2", "ff", image, imageAttended, m),
            FeedForward(g, "norm2_context", "ff_context", text, textAttended!, c)
        );
    }

    // The sum of input and attention is normalised and passed to the feed-forward; its result is added to the block's
    // input, not to that sum.
    private static GraphValue FeedForward(
        GraphBuilder g,
        string norm,
        string module,
        GraphValue x,
        GraphValue attended,
        IReadOnlyList<GraphValue> m
    )
    {
        long width = x[-1].Size;
        GraphValue normal = g.LayerNorm(norm, g.Add(x, g.Multiply(m[2], attended)), NormEpsilon, affine: false);
        normal = Modulation.Apply(g, normal, m[3], m[4]);
        // Two thirds of the usual 4 · width, because SwiGLU has two input matrices; rounded up to a multiple of 256.
        long inner = ((2 * 4 * width / 3) + FeedForwardMultiple - 1) / FeedForwardMultiple * FeedForwardMultiple;
        GraphValue fed;
        using (g.Scope(module))
        {
            GraphValue hidden = g.Multiply(
                g.Silu(g.Linear("linear_1", normal, inner, bias: false)),
                g.Linear("linear_2", normal, inner, bias: false)
            );
            fed = g.Linear("out_projection", hidden, width, bias: false);
        }
        return g.Add(x, g.Multiply(m[5], fed));
    }

    private sealed class Settings
    {
        internal Settings(ComponentConfig config)
        {
            Config = config;
            Sample = SampleSize.Of(config);
            Patch = config.Int("patch_size", 2);
            InChannels = config.Int("in_channels", 4);
            JointLayers = config.Int("num_mmdit_layers", 4);
            SingleLayers = config.Int("num_single_dit_layers", 32);
            HeadWidth = config.Int("attention_head_dim", 256);
            Heads = config.Int("num_attention_heads", 12);
            TextWidth = config.Int("joint_attention_dim", 2048);
            // A missing key means 4 as in the released model; null means the input's channels.
            OutChannels = config.Contains("out_channels") ? config.Int("out_channels", InChannels) : 4;
            TableSize = config.Int("pos_embed_max_size", 1024);
            if (config.Int("caption_projection_dim", 3072) != Width)
            {
                throw config.Unsupported(
                    "caption_projection_dim",
                    $"it must be num_attention_heads · attention_head_dim = {Width}"
                );
            }
            if (TableSize < 1)
                throw config.Unsupported("pos_embed_max_size", "it must be at least 1");
        }

        internal ComponentConfig Config { get; }

        internal SampleSize Sample { get; }

        internal int Patch { get; }

        internal int InChannels { get; }

        internal int OutChannels { get; }

        internal int JointLayers { get; }

        internal int SingleLayers { get; }

        internal int Heads { get; }

        internal int HeadWidth { get; }

        internal int Width => Heads * HeadWidth;

        internal int TextWidth { get; }

        internal int TableSize { get; }
    }
}
