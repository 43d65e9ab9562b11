using Qua2SeDiMo.Architectures.Blocks;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Architectures;

/// <summary>
/// Lumina-Image 2.0 (Qin et al., 2025): caption and image tokens are refined separately, then processed together;
/// grouped-query attention, rotary positions (caption position, row, column), tanh gates. Inputs: hidden_states [batch,
/// channels, height, width], timestep [batch] in 0 … 1, encoder_hidden_states [batch, tokens, caption width],
/// encoder_attention_mask [batch, tokens] of ones and zeros. Output: sample.
/// </summary>
internal sealed class Lumina2Architecture : IArchitecture
{
    private const int SinusoidChannels = 256;
    private const int WidestCondition = 1024;
    private const double QueryKeyNormEpsilon = 1e-5;
    private const double HeadNormEpsilon = 1e-6;

    public IReadOnlyList<GraphPart> Parts => [GraphPart.Forward];

    public bool Recognizes(ComponentConfig config) => config.ClassName == "Lumina2Transformer2DModel";

    public Graph Build(BuildRequest request)
    {
        var settings = new Settings(request.Config);
        int height = request.Height ?? settings.Sample.Height,
            width = request.Width ?? settings.Sample.Width;
        PatchGrid grid = PatchGrid.Of(request, height, width, settings.Patch);
        var g = new GraphBuilder("Lumina2Transformer2DModel", request.Tensors);
        GraphValue sample = g.Input("hidden_states", ElementType.Float32, "batch", settings.InChannels, height, width);
        GraphValue timestep = g.Input("timestep", ElementType.Float32, "batch");
        GraphValue caption = g.Input(
            "encoder_hidden_states",
            ElementType.Float32,
            "batch",
            "tokens",
            settings.CaptionWidth
        );
        GraphValue mask = g.Input("encoder_attention_mask", ElementType.Float32, "batch", "tokens");

        GraphValue condition;
        using (g.Scope("time_caption_embed"))
        {
            condition = TimestepBlock.Embed(
                g,
                "timestep_embedder",
                TimestepBlock.Sinusoid(g, timestep, SinusoidChannels),
                Math.Min(settings.Width, WidestCondition)
            );
            caption = g.Linear(
                "caption_embedder.1",
                g.RmsNorm("caption_embedder.0", caption, settings.NormEpsilon),
                settings.Width
            );
        }
        GraphValue image = g.Linear(
            "x_embedder",
            PatchValues.Of(g, grid, sample, channelsFirst: false),
            settings.Width
        );
        Positions positions = Locate(g, settings, grid, mask);
        for (int i = 0; i < settings.RefinerLayers; i++)
        {
            using (g.Scope($"context_refiner.{i}"))
                caption = Block(
                    g,
                    settings,
                    caption,
                    null,
                    positions.Caption,
                    AttentionBlock.MaskTerm(g, mask, float.MinValue)
                );
            using (g.Scope($"noise_refiner.{i}"))
                image = Block(g, settings, image, condition, positions.Image, null);
        }
        GraphValue all = g.Concat(1, image, caption);
        RotaryTables joined = RotaryTables.Concat(g, positions.Image, positions.Caption);
        for (int i = 0; i < settings.Layers; i++)
        {
            using GraphBuilder.ModuleScope scope = g.Scope($"layers.{i}");
            all = Block(g, settings, all, condition, joined, positions.JointMask);
        }
        image = g.SplitLike(all, 1, image, caption)[0];
        g.Output("sample", grid.Unpatchify(g, Head(g, settings, image, condition), settings.OutChannels));
        return g.Build();
    }

    private static GraphValue Head(GraphBuilder g, Settings settings, GraphValue image, GraphValue condition)
    {
        using GraphBuilder.ModuleScope scope = g.Scope("norm_out");
        GraphValue scale = g.Unsqueeze(g.Linear("linear_1", g.Silu(condition), settings.Width), 1);
        image = g.Multiply(g.LayerNorm("norm", image, HeadNormEpsilon, affine: false), g.Add(scale, 1f));
        return g.Linear("linear_2", image, (long)settings.Patch * settings.Patch * settings.OutChannels);
    }

    private sealed record Positions(RotaryTables Caption, RotaryTables Image, GraphValue JointMask);

    // A caption of n tokens has positions 0 … n − 1 on the first axis, and all image tokens have position n there;
    // tokens after the caption are masked.
    private static Positions Locate(GraphBuilder g, Settings settings, PatchGrid grid, GraphValue mask)
    {
        using GraphBuilder.ModuleScope scope = g.Scope("rope_embedder");
        int[] halves = [.. settings.Axes.Select(width => width / 2)];
        int pairs = halves.Sum();
        GraphValue lengths = g.Unsqueeze(g.Sum(mask, 1), 2);
        GraphValue steps = g.Unsqueeze(g.Cast(g.Range(mask, 1), ElementType.Float32), 0, 2);
        GraphValue seen = g.Cast(g.Less(steps, lengths), ElementType.Float32);

        // Frequencies of the first axis, then zeros: the caption position rotates only the channels of the first axis.
        float[] first = [.. RotaryTables.Frequencies(settings.Axes[0]), .. new float[pairs - halves[0]]];
        GraphValue frequencies = g.Constant(first, 1, 1, pairs);
        GraphValue captionAngles = g.Multiply(steps, frequencies);
        var caption = new RotaryTables(g.Multiply(g.Cos(captionAngles), seen), g.Multiply(g.Sin(captionAngles), seen));

        float[] rowFrequencies = RotaryTables.Frequencies(settings.Axes[1]),
            columnFrequencies = RotaryTables.Frequencies(settings.Axes[2]);
        float[] angles = g.Table((long)grid.Count * pairs, "sample_size, patch_size and axes_dim_rope");
        for (int token = 0; token < grid.Count; token++)
        {
            Span<float> row = angles.AsSpan((token * pairs) + halves[0], halves[1]),
                column = angles.AsSpan((token * pairs) + halves[0] + halves[1], halves[2]);
            for (int i = 0; i < row.Length; i++)
                row[i] = (token / grid.Width) * rowFrequencies[i];
            for (int i = 0; i < column.Length; i++)
                column[i] = (token % grid.Width) * columnFrequencies[i];
        }
        GraphValue imageAngles = g.Add(g.Multiply(lengths, frequencies), g.Constant(angles, 1, grid.Count, pairs));
        GraphValue imageSeen = g.RepeatForEach(g.Constant(Ones(grid.Count), 1, grid.Count), mask);
        GraphValue joint = AttentionBlock.MaskTerm(g, g.Concat(1, imageSeen, g.Squeeze(seen, 2)), float.MinValue);
        return new Positions(caption, RotaryTables.OfAngles(g, imageAngles), joint);
    }

    private static float[] Ones(int count)
    {
        float[] ones = new float[count];
        Array.Fill(ones, 1f);
        return ones;
    }

    // Norms before and after attention and feed-forward. In blocks with a timestep condition, the first norm is scaled
    // and the second gated.
    private static GraphValue Block(
        GraphBuilder g,
        Settings settings,
        GraphValue x,
        GraphValue? condition,
        RotaryTables rotary,
        GraphValue? mask
    )
    {
        IReadOnlyList<GraphValue>? m = condition is null
            ? null
            : Modulation.Chunks(g, "norm1", condition, settings.Width, 4);
        GraphValue Scale(GraphValue value, int chunk) => m is null ? value : g.Multiply(value, g.Add(m[chunk], 1f));
        GraphValue Gate(GraphValue value, int chunk) => m is null ? value : g.Multiply(g.Tanh(m[chunk]), value);

        GraphValue normal = Scale(g.RmsNorm(m is null ? "norm1" : "norm1.norm", x, settings.NormEpsilon), 0);
        GraphValue attended = Attend(g, settings, normal, rotary, mask);
        x = g.Add(x, Gate(g.RmsNorm("norm2", attended, settings.NormEpsilon), 1));
        normal = Scale(g.RmsNorm("ffn_norm1", x, settings.NormEpsilon), 2);
        GraphValue fed;
        using (g.Scope("feed_forward"))
        {
            GraphValue hidden = g.Multiply(
                g.Silu(g.Linear("linear_1", normal, settings.Inner, bias: false)),
                g.Linear("linear_3", normal, settings.Inner, bias: false)
            );
            fed = g.Linear("linear_2", hidden, settings.Width, bias: false);
        }
        return g.Add(x, Gate(g.RmsNorm("ffn_norm2", fed, settings.NormEpsilon), 3));
    }

    // Grouped-query attention: several query heads share one head of keys and values.
    private static GraphValue Attend(
        GraphBuilder g,
        Settings settings,
        GraphValue x,
        RotaryTables rotary,
        GraphValue? mask
    )
    {
        using GraphBuilder.ModuleScope scope = g.Scope("attn");
        var norm = new QueryKeyNorm(QueryKeyNormKind.Rms, QueryKeyNormEpsilon);
        int headWidth = settings.HeadWidth,
            shared = settings.Heads / settings.KeyHeads;
        GraphValue q = rotary.Apply(
            g,
            norm.SplitHeads(g, "norm_q", g.Linear("to_q", x, settings.Width, bias: false), settings.Heads)
        );
        GraphValue k = rotary.Apply(
            g,
            norm.SplitHeads(
                g,
                "norm_k",
                g.Linear("to_k", x, (long)settings.KeyHeads * headWidth, bias: false),
                settings.KeyHeads
            )
        );
        GraphValue v = AttentionBlock.Heads(
            g,
            g.Linear("to_v", x, (long)settings.KeyHeads * headWidth, bias: false),
            settings.KeyHeads
        );
        GraphValue grouped = g.Reshape(q, q[0], settings.KeyHeads, shared, q[2], headWidth);
        GraphValue scores = g.MatMul(grouped, g.Unsqueeze(g.Transpose(k, 0, 1, 3, 2), 2));
        scores = g.Multiply(scores, 1f / MathF.Sqrt(headWidth));
        if (mask is not null)
            scores = g.Add(scores, g.Unsqueeze(mask, 1));
        GraphValue attended = g.MatMul(g.Softmax(scores), g.Unsqueeze(v, 2));
        attended = g.Reshape(attended, q[0], settings.Heads, q[2], headWidth);
        return g.Linear("to_out.0", AttentionBlock.Merge(g, attended), settings.Width, bias: false);
    }

    private sealed class Settings
    {
        internal Settings(ComponentConfig config)
        {
            Sample = SampleSize.Of(config);
            Patch = config.Int("patch_size", 2);
            InChannels = config.Int("in_channels", 16);
            OutChannels = config.IntOrNull("out_channels") is { } channels and not 0 ? channels : InChannels;
            Width = config.Int("hidden_size", 2304);
            Layers = config.Int("num_layers", 26);
            RefinerLayers = config.Int("num_refiner_layers", 2);
            Heads = config.Int("num_attention_heads", 24);
            // A missing key means 8 as in the released model; null means one per query head.
            KeyHeads = config.Contains("num_kv_heads") ? config.Int("num_kv_heads", Heads) : 8;
            NormEpsilon = config.Number("norm_eps", 1e-5);
            CaptionWidth = config.Int("cap_feat_dim", 1024);
            Axes = config.Ints("axes_dim_rope") ?? [32, 32, 32];
            if (Heads < 1 || Width % Heads != 0)
                throw config.Unsupported("num_attention_heads", $"it must divide hidden_size {Width}");
            if (KeyHeads < 1 || Heads % KeyHeads != 0)
                throw config.Unsupported("num_kv_heads", $"it must divide num_attention_heads {Heads}");
            if (Axes.Length != 3 || Axes.Sum() != HeadWidth || Axes.Any(axis => axis < 1 || axis % 2 != 0))
            {
                throw config.Unsupported(
                    "axes_dim_rope",
                    $"three even numbers are needed that add up to hidden_size / num_attention_heads = {HeadWidth}"
                );
            }
            double factor = config.NumberOrNull("ffn_dim_multiplier") ?? 1;
            int multiple = config.Int("multiple_of", 256);
            if (multiple < 1)
                throw config.Unsupported("multiple_of", "it must be at least 1");
            Inner = ((long)(factor * 4 * Width) + multiple - 1) / multiple * multiple;
        }

        internal SampleSize Sample { get; }

        internal int Patch { get; }

        internal int InChannels { get; }

        internal int OutChannels { get; }

        internal int Width { get; }

        internal int Layers { get; }

        internal int RefinerLayers { get; }

        internal int Heads { get; }

        internal int KeyHeads { get; }

        internal int HeadWidth => Width / Heads;

        internal double NormEpsilon { get; }

        internal int CaptionWidth { get; }

        internal int[] Axes { get; }

        internal long Inner { get; }
    }
}
