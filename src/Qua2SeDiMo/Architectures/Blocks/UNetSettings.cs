using Qua2SeDiMo.Json;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Architectures.Blocks;

/// <summary>A U-Net's configuration with the defaults of diffusers; unsupported settings are rejected with the key's
/// name.</summary>
internal sealed class UNetSettings
{
    /// <summary>A middle block without attention.</summary>
    internal const string PlainMiddle = "UNetMidBlock2D";

    private const string CrossMiddle = "UNetMidBlock2DCrossAttn";
    private const int MaxLayersPerBlock = 64;
    private static readonly int[] DefaultChannels = [320, 640, 1280, 1280];
    private readonly int[] heads;
    private readonly bool[] onlyCross;
    private readonly bool linearProjection;

    internal UNetSettings(ComponentConfig config)
    {
        Config = config;
        Channels = config.Ints("block_out_channels") ?? DefaultChannels;
        int levels = Channels.Length;
        if (levels == 0)
            throw config.Unsupported("block_out_channels", "it must not be empty");
        Sample = SampleSize.Of(config);
        InChannels = config.Int("in_channels", 4);
        OutChannels = config.Int("out_channels", 4);
        DownHasAttention = BlockKinds(
            "down_block_types",
            "CrossAttnDownBlock2D",
            "DownBlock2D",
            [true, true, true, false]
        );
        UpHasAttention = BlockKinds("up_block_types", "CrossAttnUpBlock2D", "UpBlock2D", [false, true, true, true]);
        MiddleType = config.Contains("mid_block_type") ? config.TextOrNull("mid_block_type") : CrossMiddle;
        if (MiddleType is not (null or PlainMiddle or CrossMiddle))
            throw config.Unsupported("mid_block_type", $"known are {CrossMiddle}, {PlainMiddle} and null");
        LayersPerBlock = PerLevel("layers_per_block", 2);
        if (LayersPerBlock.Any(count => count > MaxLayersPerBlock))
            throw config.Unsupported("layers_per_block", $"at most {MaxLayersPerBlock} are possible");
        // Old configurations state the number of heads as attention_head_dim.
        heads = PerLevel(config.Has("num_attention_heads") ? "num_attention_heads" : "attention_head_dim", 8);
        for (int i = 0; i < levels; i++)
        {
            if (heads[i] < 1 || heads[i] > Channels[i])
                throw config.Unsupported(
                    config.Has("num_attention_heads") ? "num_attention_heads" : "attention_head_dim",
                    "it is the number of heads of each level, from 1 to the level's channels"
                );
        }
        CrossWidths = PerLevel("cross_attention_dim", 1280);
        (TransformerLayers, UpTransformerLayers) = ReadTransformerLayers();
        onlyCross = config["only_cross_attention"].IsList
            ? [.. config["only_cross_attention"].Items.Select(flag => flag.Flag())]
            : [.. Enumerable.Repeat(config.Flag("only_cross_attention", false), levels)];
        if (onlyCross.Length != levels)
            throw config.Unsupported("only_cross_attention", $"it must have {levels} entries");
        linearProjection = config.Flag("use_linear_projection", false);
        Groups = config.Contains("norm_num_groups") ? config.IntOrNull("norm_num_groups") : 32;
        Resnet = new ResnetSettings(config, Groups ?? 32, config.Number("norm_eps", 1e-5))
        {
            TimeScalesNorm = config.Text("resnet_time_scale_shift", "default") == "scale_shift",
        };
    }

    internal ComponentConfig Config { get; }

    internal int[] Channels { get; }

    internal SampleSize Sample { get; }

    internal int InChannels { get; }

    internal int OutChannels { get; }

    internal bool[] DownHasAttention { get; }

    internal bool[] UpHasAttention { get; }

    internal string? MiddleType { get; }

    internal int[] LayersPerBlock { get; }

    internal int[] CrossWidths { get; }

    /// <summary>Number of transformer blocks after each residual block, by level of the down path.</summary>
    internal int[][] TransformerLayers { get; }

    /// <summary>Number of transformer blocks after each residual block, by block of the up path.</summary>
    internal int[][] UpTransformerLayers { get; }

    internal int? Groups { get; }

    internal ResnetSettings Resnet { get; }

    internal int DownsamplePadding => Config.Int("downsample_padding", 1);

    internal double MiddleScale => Config.Number("mid_block_scale_factor", 1);

    internal int ConvInKernel => Config.Int("conv_in_kernel", 3);

    internal int ConvOutKernel => Config.Int("conv_out_kernel", 3);

    internal bool CentersInput => Config.Flag("center_input_sample", false);

    internal bool FlipsSinusoid => Config.Flag("flip_sin_to_cos", true);

    internal double FrequencyShift => Config.Number("freq_shift", 0);

    internal int TimeWidth => Config.Int("time_embedding_dim", checked(4 * Channels[0]));

    internal int? TimeConditionWidth => Config.IntOrNull("time_cond_proj_dim");

    internal bool TimestepPostActivation => Config.Has("timestep_post_act");

    internal bool TimeActivation => Config.Has("time_embedding_act_fn");

    internal string? ClassEmbedding => Config.TextOrNull("class_embed_type");

    internal int? Classes => Config.IntOrNull("num_class_embeds");

    internal bool ConcatenatesClass => Config.Flag("class_embeddings_concat", false);

    internal bool HasTextTime => Config.Has("addition_embed_type");

    internal int SizeChannels => Config.Int("addition_time_embed_dim");

    internal int ConditionWidth => Config.Int("projection_class_embeddings_input_dim");

    internal bool ProjectsPrompt => Config.Has("encoder_hid_dim");

    internal int PromptWidth => Config.Int("encoder_hid_dim", CrossWidths[0]);

    /// <summary>The transformer of a level.</summary>
    /// <param name="level">Level, from 0 for the finest.</param>
    /// <param name="layers">Number of blocks.</param>
    /// <param name="isMiddle">Whether it is in the middle block, whose first attention is always
    /// self-attention.</param>
    internal SpatialTransformerBlock Transformer(int level, int layers, bool isMiddle) =>
        new(heads[level], layers, Resnet.Groups, linearProjection, !isMiddle && onlyCross[level]);

    private bool[] BlockKinds(string key, string withAttention, string without, bool[] defaults)
    {
        IReadOnlyList<string> names = Config.Strings(key);
        bool[] kinds =
            names.Count == 0
                ? defaults
                :
                [
                    .. names.Select(name =>
                        name == withAttention
                        || (
                            name == without
                                ? false
                                : throw Config.Unsupported(key, $"known are {withAttention} and {without}")
                        )
                    ),
                ];
        return kinds.Length == Channels.Length
            ? kinds
            : throw Config.Unsupported(key, $"it must have as many entries as block_out_channels, {Channels.Length}");
    }

    private int[] PerLevel(string key, int defaultValue)
    {
        int[] values = Config.Ints(key, Channels.Length) ?? [.. Enumerable.Repeat(defaultValue, Channels.Length)];
        return values.Length == Channels.Length && values.All(value => value > 0)
            ? values
            : throw Config.Unsupported(key, $"it must be positive, one number or one per level ({Channels.Length})");
    }

    // The key has one number for all, one per level, or one per level and residual block.
    private (int[][] Down, int[][] Up) ReadTransformerLayers()
    {
        const string Key = "transformer_layers_per_block";
        int levels = Channels.Length;
        int[][] down = Read(Key, level => level) ?? [.. Enumerable.Range(0, levels).Select(level => Repeat(1, level))];
        int[][]? up = Read($"reverse_{Key}", index => levels - 1 - index);
        if (up is not null)
            return (down, up);
        if (Config[Key].IsList && Config[Key].Items.Any(item => item.IsList))
        {
            throw Config.Unsupported($"reverse_{Key}", $"a nested {Key} needs it");
        }
        return (
            down,
            [.. Enumerable.Range(0, levels).Select(index => Repeat(down[levels - 1 - index][0], levels - 1 - index))]
        );

        int[] Repeat(int count, int level) => [.. Enumerable.Repeat(count, LayersPerBlock[level] + 1)];

        int[][]? Read(string key, Func<int, int> levelOf)
        {
            if (!Config.Has(key))
                return null;
            if (!Config[key].IsList)
                return [.. Enumerable.Range(0, levels).Select(i => Repeat(Config.Int(key), levelOf(i)))];
            IReadOnlyList<ForeignValue> list = Config[key].Items;
            if (list.Count != levels)
                throw Config.Unsupported(key, $"it must have one entry per level ({levels})");
            return
            [
                .. list.Select(
                    (item, i) =>
                        item.IsList ? item.Items.Select(count => count.Int()).ToArray() : Repeat(item.Int(), levelOf(i))
                ),
            ];
        }
    }
}
