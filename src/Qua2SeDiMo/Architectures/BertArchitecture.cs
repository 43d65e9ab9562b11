using Qua2SeDiMo.Architectures.Blocks;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Architectures;

/// <summary>
/// BERT (Devlin et al., 2019), the first text encoder of Hunyuan-DiT: post-norm blocks. Inputs: input_ids and
/// attention_mask, int64 [batch, tokens]; optional token_type_ids and position_ids. Outputs: last_hidden_state,
/// pooler_output if the checkpoint has a pooler, and hidden_states.0 … N (embedding, then each layer).
/// </summary>
internal sealed class BertArchitecture : IArchitecture
{
    private const string Prefix = "bert.";

    public IReadOnlyList<GraphPart> Parts => [GraphPart.Forward];

    public bool Recognizes(ComponentConfig config) =>
        config.ClassName is "BertModel" or "BertForMaskedLM" or "BertForPreTraining"
        || (config.ClassName.Length == 0 && config.Text("model_type", "") == "bert");

    public Graph Build(BuildRequest request)
    {
        var settings = new Settings(request.Config);
        var g = new GraphBuilder("BertModel", request.Tensors, NamesOf(request.Tensors));
        GraphValue ids = g.Input("input_ids", ElementType.Int64, "batch", "tokens");
        GraphValue mask = AttentionBlock.MaskTerm(
            g,
            g.Input("attention_mask", ElementType.Int64, "batch", "tokens"),
            float.MinValue
        );
        GraphValue x = Embed(g, settings, ids, request.OptionalInputs);
        var states = new List<GraphValue> { x };
        for (int i = 0; i < settings.Layers; i++)
        {
            using GraphBuilder.ModuleScope scope = g.Scope($"encoder.layer.{i}");
            x = Layer(g, settings, x, mask);
            states.Add(x);
        }
        g.Output("last_hidden_state", x);
        if (g.HasParameter("pooler.dense.weight"))
        {
            GraphValue first = g.Squeeze(g.Slice(x, 1, 0, 1), 1);
            g.Output("pooler_output", g.Tanh(g.Linear("pooler.dense", first, settings.Width)));
        }
        for (int i = 0; i < states.Count; i++)
            g.Output($"hidden_states.{i}", states[i]);
        return g.Build();
    }

    private static GraphValue Embed(
        GraphBuilder g,
        Settings settings,
        GraphValue ids,
        IReadOnlyCollection<string> optionalInputs
    )
    {
        GraphValue? Optional(string name) =>
            optionalInputs.Contains(name) ? g.Input(name, ElementType.Int64, "batch", "tokens") : null;
        GraphValue? types = Optional("token_type_ids"),
            positions = Optional("position_ids");
        using GraphBuilder.ModuleScope scope = g.Scope("embeddings");
        GraphValue x = g.Embedding("word_embeddings", ids, settings.Vocabulary, settings.Width);
        // Without token_type_ids every token has type 0.
        x = g.Add(
            x,
            types is null
                ? g.Slice(g.Parameter("token_type_embeddings.weight", settings.TokenTypes, settings.Width), 0, 0, 1)
                : g.Embedding("token_type_embeddings", types, settings.TokenTypes, settings.Width)
        );
        GraphValue table = g.Parameter("position_embeddings.weight", settings.Positions, settings.Width);
        x = g.Add(x, positions is null ? g.SliceLike(table, 0, ids, 1) : g.Gather(table, positions));
        return g.LayerNorm("LayerNorm", x, settings.NormEpsilon);
    }

    private static GraphValue Layer(GraphBuilder g, Settings settings, GraphValue x, GraphValue mask)
    {
        using (g.Scope("attention"))
        {
            GraphValue attended;
            using (g.Scope("self"))
            {
                GraphValue Project(string module) => g.Linear(module, x, settings.Width);
                attended = AttentionBlock.Attend(
                    g,
                    Project("query"),
                    Project("key"),
                    Project("value"),
                    settings.Heads,
                    1 / Math.Sqrt((double)settings.Width / settings.Heads),
                    mask
                );
            }
            x = g.LayerNorm(
                "output.LayerNorm",
                g.Add(x, g.Linear("output.dense", attended, settings.Width)),
                settings.NormEpsilon
            );
        }
        GraphValue hidden = Activation.Apply(
            g,
            g.Linear("intermediate.dense", x, settings.HiddenWidth),
            settings.Config,
            "hidden_act",
            "gelu"
        );
        return g.LayerNorm(
            "output.LayerNorm",
            g.Add(x, g.Linear("output.dense", hidden, settings.Width)),
            settings.NormEpsilon
        );
    }

    // Checkpoints of models with a head have the prefix "bert.", and early ones name a norm's scale and shift gamma and
    // beta.
    private static Func<string, string> NamesOf(ITensorSource tensors)
    {
        string prefix = tensors.Tensors.ContainsKey($"{Prefix}embeddings.word_embeddings.weight") ? Prefix : "";
        bool early = tensors.Tensors.ContainsKey($"{prefix}embeddings.LayerNorm.gamma");
        return path =>
        {
            if (early && path.EndsWith("LayerNorm.weight", StringComparison.Ordinal))
                path = $"{path[..^"weight".Length]}gamma";
            if (early && path.EndsWith("LayerNorm.bias", StringComparison.Ordinal))
                path = $"{path[..^"bias".Length]}beta";
            return prefix + path;
        };
    }

    private sealed class Settings
    {
        internal Settings(ComponentConfig config)
        {
            Config = config;
            if (config.Text("position_embedding_type", "absolute") != "absolute")
                throw config.Unsupported("position_embedding_type", "only absolute is");
            if (config.Flag("is_decoder", false))
                throw config.Unsupported("is_decoder", "only encoders are");
            Vocabulary = config.Int("vocab_size", 30522);
            Width = config.Int("hidden_size", 768);
            HiddenWidth = config.Int("intermediate_size", 3072);
            Layers = config.Int("num_hidden_layers", 12);
            Heads = config.Int("num_attention_heads", 12);
            Positions = config.Int("max_position_embeddings", 512);
            TokenTypes = config.Int("type_vocab_size", 2);
            NormEpsilon = config.Number("layer_norm_eps", 1e-12);
            if (Heads < 1 || Width % Heads != 0)
                throw config.Unsupported("num_attention_heads", $"it must divide hidden_size {Width}");
        }

        internal ComponentConfig Config { get; }

        internal int Vocabulary { get; }

        internal int Width { get; }

        internal int HiddenWidth { get; }

        internal int Layers { get; }

        internal int Heads { get; }

        internal int Positions { get; }

        internal int TokenTypes { get; }

        internal double NormEpsilon { get; }
    }
}
