using Qua2SeDiMo.Architectures.Blocks;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Architectures;

/// <summary>
/// The encoder of T5 (Raffel et al., 2020), MT5 and UMT5: RMS norms, no biases, unscaled attention with learned biases
/// by relative position. Inputs: input_ids and attention_mask, int64 [batch, tokens]. Outputs: last_hidden_state and
/// hidden_states.0 … N (embedding, then each block; the last after the final norm).
/// </summary>
internal sealed class T5EncoderArchitecture : IArchitecture
{
    private static readonly string[] ClassNames =
    [
        "T5EncoderModel",
        "MT5EncoderModel",
        "UMT5EncoderModel",
        // Models with a decoder, of which only the encoder is used.
        "T5Model",
        "MT5Model",
        "UMT5Model",
        "T5ForConditionalGeneration",
        "MT5ForConditionalGeneration",
        "UMT5ForConditionalGeneration",
    ];

    public IReadOnlyList<GraphPart> Parts => [GraphPart.Forward];

    public bool Recognizes(ComponentConfig config) => ClassNames.Contains(config.ClassName);

    public Graph Build(BuildRequest request)
    {
        var settings = new Settings(request.Config);
        var g = new GraphBuilder(request.Config.ClassName, request.Tensors);
        GraphValue ids = g.Input("input_ids", ElementType.Int64, "batch", "tokens");
        GraphValue mask = AttentionBlock.MaskTerm(
            g,
            g.Input("attention_mask", ElementType.Int64, "batch", "tokens"),
            float.MinValue
        );
        // Released files have the embedding under either name, or both.
        string table = g.HasParameter("shared.weight") ? "shared" : "encoder.embed_tokens";
        GraphValue x = g.Embedding(table, ids, settings.Vocabulary, settings.Width);
        var states = new List<GraphValue> { x };
        GraphValue? bias = null;
        using (g.Scope("encoder"))
        {
            for (int i = 0; i < settings.Layers; i++)
            {
                using GraphBuilder.ModuleScope block = g.Scope($"block.{i}");
                if (bias is null || settings.BiasPerLayer)
                    bias = g.Add(PositionBias(g, settings, ids), mask);
                x = Block(g, settings, x, bias);
                states.Add(x);
            }
            states[^1] = g.RmsNorm("final_layer_norm", x, settings.NormEpsilon);
        }
        g.Output("last_hidden_state", states[^1]);
        for (int i = 0; i < states.Count; i++)
            g.Output($"hidden_states.{i}", states[i]);
        return g.Build();
    }

    private static GraphValue Block(GraphBuilder g, Settings settings, GraphValue x, GraphValue bias)
    {
        GraphValue normal = g.RmsNorm("layer.0.layer_norm", x, settings.NormEpsilon);
        using (g.Scope("layer.0.SelfAttention"))
        {
            GraphValue Project(string module) =>
                g.Linear(module, normal, (long)settings.Heads * settings.HeadWidth, bias: false);
            GraphValue attended = AttentionBlock.Attend(
                g,
                Project("q"),
                Project("k"),
                Project("v"),
                settings.Heads,
                scale: 1,
                bias
            );
            x = g.Add(x, g.Linear("o", attended, settings.Width, bias: false));
        }
        normal = g.RmsNorm("layer.1.layer_norm", x, settings.NormEpsilon);
        using (g.Scope("layer.1.DenseReluDense"))
        {
            GraphValue hidden = settings.Activate(
                g,
                g.Linear(settings.IsGated ? "wi_0" : "wi", normal, settings.HiddenWidth, bias: false)
            );
            if (settings.IsGated)
                hidden = g.Multiply(hidden, g.Linear("wi_1", normal, settings.HiddenWidth, bias: false));
            return g.Add(x, g.Linear("wo", hidden, settings.Width, bias: false));
        }
    }

    // Returns [1, heads, tokens, tokens]: the table's row for the bucket of key position − query position.
    private static GraphValue PositionBias(GraphBuilder g, Settings settings, GraphValue ids)
    {
        using GraphBuilder.ModuleScope scope = g.Scope("layer.0.SelfAttention");
        int reach = settings.MaxDistance;
        long[] buckets =
        [
            .. Enumerable.Range(-reach, (2 * reach) + 1).Select(distance => (long)settings.Bucket(distance)),
        ];
        GraphValue positions = g.Range(ids, 1);
        GraphValue distances = g.Subtract(g.Unsqueeze(positions, 0), g.Unsqueeze(positions, 1));
        // All distances beyond the maximum share the last bucket of their sign.
        GraphValue shifted = g.Add(g.ClipIntegers(distances, -reach, reach), g.Constant([(long)reach], []));
        GraphValue rows = g.Embedding(
            "relative_attention_bias",
            g.Gather(g.Constant(buckets, buckets.Length), shifted),
            settings.Buckets,
            settings.Heads
        );
        return g.Unsqueeze(g.Transpose(rows, 2, 0, 1), 0);
    }

    private sealed class Settings
    {
        private readonly ComponentConfig config;
        private readonly string activation;

        internal Settings(ComponentConfig config)
        {
            this.config = config;
            bool isMultilingual = config.ClassName.Contains("MT5", StringComparison.Ordinal);
            Vocabulary = config.Int("vocab_size", isMultilingual ? 250112 : 32128);
            Width = config.Int("d_model", 512);
            HeadWidth = config.Int("d_kv", 64);
            HiddenWidth = config.Int("d_ff", isMultilingual ? 1024 : 2048);
            Layers = config.Int("num_layers", isMultilingual ? 8 : 6);
            Heads = config.Int("num_heads", isMultilingual ? 6 : 8);
            Buckets = config.Int("relative_attention_num_buckets", 32);
            MaxDistance = config.Int("relative_attention_max_distance", 128);
            if (Buckets < 4)
                throw config.Unsupported("relative_attention_num_buckets", "it must be at least 4");
            if (MaxDistance <= Buckets / 4 || MaxDistance > 1 << 16)
                throw config.Unsupported(
                    "relative_attention_max_distance",
                    $"it must lie above a quarter of the buckets and at most at {1 << 16}"
                );
            NormEpsilon = config.Number("layer_norm_epsilon", 1e-6);
            string projection = config.Text("feed_forward_proj", isMultilingual ? "gated-gelu" : "relu");
            IsGated = config.Flag("is_gated_act", projection.StartsWith("gated-", StringComparison.Ordinal));
            activation = config.Text(
                "dense_act_fn",
                projection == "gated-gelu" ? "gelu_new" : projection[(projection.LastIndexOf('-') + 1)..]
            );
            BiasPerLayer = config.ClassName.StartsWith("UMT5", StringComparison.Ordinal);
        }

        internal int Vocabulary { get; }

        internal int Width { get; }

        internal int HeadWidth { get; }

        internal int HiddenWidth { get; }

        internal int Layers { get; }

        internal int Heads { get; }

        internal int Buckets { get; }

        internal int MaxDistance { get; }

        internal double NormEpsilon { get; }

        internal bool IsGated { get; }

        internal bool BiasPerLayer { get; }

        internal GraphValue Activate(GraphBuilder g, GraphValue x) =>
            Activation.Apply(g, x, activation)
            ?? throw config.Unsupported(
                config.Has("dense_act_fn") ? "dense_act_fn" : "feed_forward_proj",
                "known are relu, gelu, gated-gelu, gated-silu"
            );

        // Half of the buckets for each sign; of these, half for exact distances, the rest logarithmic up to the largest
        // distance. Single precision as in the reference, because values at the borders of buckets are close to
        // integers.
        internal int Bucket(int distance)
        {
            int perSign = Buckets / 2;
            int offset = distance > 0 ? perSign : 0;
            int size = Math.Abs(distance);
            int exact = perSign / 2;
            if (size < exact)
                return offset + size;
            float ratio = MathF.Log((float)size / exact) / (float)Math.Log((double)MaxDistance / exact);
            return offset + Math.Min(exact + (int)(ratio * (perSign - exact)), perSign - 1);
        }
    }
}
