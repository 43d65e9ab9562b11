using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Architectures.Blocks;

/// <summary>
/// The two towers of CLIP (Radford et al., 2021) and their shared encoder: pre-norm blocks with biased projections.
/// Scopes are those of released checkpoints (<c>text_model.…</c>, <c>vision_model.…</c>); newer files drop that prefix.
/// </summary>
internal static class ClipTower
{
    /// <summary>Outputs of a tower.</summary>
    /// <param name="LastState">Text: after the final norm; vision: before it. [batch, tokens, width].</param>
    /// <param name="Pooled">Normalised state of the end-of-text token or class token, [batch, width].</param>
    /// <param name="States">The embeddings, then the output of each block, [batch, tokens, width].</param>
    internal sealed record Result(GraphValue LastState, GraphValue Pooled, IReadOnlyList<GraphValue> States);

    /// <summary>Maps parameter paths to the names of a checkpoint that may have been saved without the tower's
    /// prefix.</summary>
    internal static Func<string, string> NamesOf(ITensorSource tensors, string prefix, string probe) =>
        tensors.Tensors.ContainsKey(prefix + probe)
            ? name => name
            : name => name.StartsWith(prefix, StringComparison.Ordinal) ? name[prefix.Length..] : name;

    /// <summary>The configuration of the text tower, which a folder of the whole CLIP model has as a nested
    /// object.</summary>
    internal static ComponentConfig TextConfig(ComponentConfig config) =>
        config.Has("text_config") ? config.Object("text_config") : config;

    /// <summary>Records the text tower; declares its inputs.</summary>
    internal static Result Text(GraphBuilder g, ComponentConfig config, IReadOnlyCollection<string> optionalInputs)
    {
        var settings = new Settings(config, 512, 2048, 8);
        int vocabulary = config.Int("vocab_size", 49408);
        int positions = config.Int("max_position_embeddings", 77);
        if (positions is < 1 or > 1 << 14)
            throw config.Unsupported("max_position_embeddings", $"from 1 to {1 << 14} are possible");
        GraphValue ids = g.Input("input_ids", ElementType.Int64, "batch", "tokens");
        using GraphBuilder.ModuleScope scope = g.Scope("text_model");
        g.Expect("embeddings.position_embedding.weight", positions, settings.Width);
        GraphValue mask = CausalMask(g, ids, positions);
        if (optionalInputs.Contains("attention_mask"))
        {
            mask = g.Add(
                mask,
                AttentionBlock.MaskTerm(
                    g,
                    g.Input("attention_mask", ElementType.Int64, "batch", "tokens"),
                    float.MinValue / 2
                )
            );
        }
        GraphValue x;
        using (g.Scope("embeddings"))
        {
            GraphValue tokens = g.Embedding("token_embedding", ids, vocabulary, settings.Width);
            GraphValue table = g.Parameter("position_embedding.weight", positions, settings.Width);
            x = g.Add(tokens, g.SliceLike(table, 0, ids, 1));
        }
        List<GraphValue> states = Encode(g, settings, x, mask);
        GraphValue last = g.LayerNorm("final_layer_norm", states[^1], settings.NormEpsilon);
        return new Result(last, g.GatherRows(last, EndPosition(g, config, ids)), states);
    }

    /// <summary>Records the vision tower; declares its input pixel_values [batch, channels, size, size], already
    /// normalised.</summary>
    /// <param name="g">The graph builder.</param>
    /// <param name="config">Configuration of the tower.</param>
    /// <param name="batch">Name of the first extent; together with a text tower it must differ from that of the
    /// texts.</param>
    internal static Result Vision(GraphBuilder g, ComponentConfig config, string batch = "batch")
    {
        var settings = new Settings(config, 768, 3072, 12);
        int size = config.Int("image_size", 224);
        int patch = config.Int("patch_size", 32);
        int channels = config.Int("num_channels", 3);
        if (patch < 1 || size < patch || size > 1 << 14)
            throw config.Unsupported("image_size", "it must be at least one patch and at most 16384");
        long count = (long)(size / patch) * (size / patch);
        GraphValue pixels = g.Input("pixel_values", ElementType.Float32, batch, channels, size, size);
        using GraphBuilder.ModuleScope scope = g.Scope("vision_model");
        GraphValue x;
        using (g.Scope("embeddings"))
        {
            GraphValue patches = g.Conv2d("patch_embedding", pixels, settings.Width, patch, stride: patch, bias: false);
            GraphValue tokens = g.Transpose(g.Reshape(patches, batch, settings.Width, count), 0, 2, 1);
            // The class token precedes the patches. It is added to a row of zeros, so that it need not be copied for
            // each image.
            GraphValue classToken = g.Pad(g.Parameter("class_embedding", 1, settings.Width), [0, 0], [count, 0]);
            GraphValue table = g.Parameter("position_embedding.weight", count + 1, settings.Width);
            x = g.Add(g.Add(g.Pad(tokens, [0, 1, 0], [0, 0, 0]), classToken), table);
        }
        x = g.LayerNorm("pre_layrnorm", x, settings.NormEpsilon);
        List<GraphValue> states = Encode(g, settings, x, null);
        GraphValue first = g.Squeeze(g.Slice(states[^1], 1, 0, 1), 1);
        return new Result(states[^1], g.LayerNorm("post_layernorm", first, settings.NormEpsilon), states);
    }

    private static List<GraphValue> Encode(GraphBuilder g, Settings settings, GraphValue x, GraphValue? mask)
    {
        var states = new List<GraphValue> { x };
        using GraphBuilder.ModuleScope encoder = g.Scope("encoder");
        for (int i = 0; i < settings.Layers; i++)
        {
            using GraphBuilder.ModuleScope layer = g.Scope($"layers.{i}");
            GraphValue normal = g.LayerNorm("layer_norm1", x, settings.NormEpsilon);
            using (g.Scope("self_attn"))
            {
                GraphValue Project(string module) => g.Linear(module, normal, settings.Width);
                GraphValue attended = AttentionBlock.Attend(
                    g,
                    Project("q_proj"),
                    Project("k_proj"),
                    Project("v_proj"),
                    settings.Heads,
                    1 / Math.Sqrt((double)settings.Width / settings.Heads),
                    mask
                );
                x = g.Add(x, g.Linear("out_proj", attended, settings.Width));
            }
            normal = g.LayerNorm("layer_norm2", x, settings.NormEpsilon);
            using (g.Scope("mlp"))
            {
                GraphValue hidden = Activation.Apply(
                    g,
                    g.Linear("fc1", normal, settings.HiddenWidth),
                    settings.Config,
                    "hidden_act",
                    "quick_gelu"
                );
                x = g.Add(x, g.Linear("fc2", hidden, settings.Width));
            }
            states.Add(x);
        }
        return states;
    }

    // Returns [tokens, tokens]: 0 up to the diagonal, half of the lowest float above it, so that the sum of two masks
    // is finite.
    private static GraphValue CausalMask(GraphBuilder g, GraphValue ids, int positions)
    {
        float[] mask = g.Table((long)positions * positions, "max_position_embeddings");
        for (int row = 0; row < positions; row++)
            mask.AsSpan((row * positions) + row + 1, positions - row - 1).Fill(float.MinValue / 2);
        return g.SliceLike(g.SliceLike(g.Constant(mask, positions, positions), 0, ids, 1), 1, ids, 1);
    }

    // Position of the end-of-text token. Early configurations state 2, which is wrong: in their vocabulary it has the
    // largest id.
    private static GraphValue EndPosition(GraphBuilder g, ComponentConfig config, GraphValue ids)
    {
        int end = config.Int("eos_token_id", 49407);
        return g.ArgMax(end == 2 ? ids : g.Cast(g.Equal(ids, g.Constant([(long)end], [])), ElementType.Int64), 1);
    }

    private sealed class Settings
    {
        internal Settings(ComponentConfig config, int width, int hiddenWidth, int heads)
        {
            Config = config;
            Width = config.Int("hidden_size", width);
            HiddenWidth = config.Int("intermediate_size", hiddenWidth);
            Heads = config.Int("num_attention_heads", heads);
            Layers = config.Int("num_hidden_layers", 12);
            NormEpsilon = config.Number("layer_norm_eps", 1e-5);
            if (Heads < 1 || Width % Heads != 0)
                throw config.Unsupported("num_attention_heads", $"it must divide hidden_size {Width}");
        }

        internal ComponentConfig Config { get; }

        internal int Width { get; }

        internal int HiddenWidth { get; }

        internal int Heads { get; }

        internal int Layers { get; }

        internal double NormEpsilon { get; }
    }
}
