using Qua2SeDiMo.Architectures.Blocks;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Architectures;

/// <summary>
/// The autoencoder of latent diffusion (Rombach et al., CVPR 2022) and its later variants. Encode: sample [batch, 3,
/// height, width] in [−1, 1] to mean and logvar. Decode: latent [batch, channels, height, width] to decoded, in [−1,
/// 1]. The pipeline scales and shifts latents.
/// </summary>
internal sealed class AutoencoderKLArchitecture : IArchitecture
{
    private const double NormEpsilon = 1e-6;

    private static readonly (string Now, string Then)[] LegacyNames =
    [
        (".to_q.", ".query."),
        (".to_k.", ".key."),
        (".to_v.", ".value."),
        (".to_out.0.", ".proj_attn."),
    ];

    public IReadOnlyList<GraphPart> Parts => [GraphPart.Encode, GraphPart.Decode];

    public bool Recognizes(ComponentConfig config) => config.ClassName == "AutoencoderKL";

    public Graph Build(BuildRequest request)
    {
        ComponentConfig config = request.Config;
        int[] channels = config.Ints("block_out_channels") ?? [64];
        if (channels.Length == 0)
            throw config.Unsupported("block_out_channels", "it must not be empty");
        int latents = config.Int("latent_channels", 4);
        SampleSize image = SampleSize.Of(config);
        var settings = new ResnetSettings(config, config.Int("norm_num_groups", 32), NormEpsilon);
        var g = new GraphBuilder("AutoencoderKL", request.Tensors, name => Name(request.Tensors, name));
        if (request.Part == GraphPart.Decode)
        {
            int height = request.Height ?? Math.Max(1, image.Height >> (channels.Length - 1)),
                width = request.Width ?? Math.Max(1, image.Width >> (channels.Length - 1));
            GraphValue latent = g.Input("latent", ElementType.Float32, "batch", latents, height, width);
            if (config.Flag("use_post_quant_conv", true))
                latent = g.Conv2d("post_quant_conv", latent, latents, 1);
            using (g.Scope("decoder"))
                g.Output("decoded", Decode(g, settings, latent, channels));
            return g.Build();
        }
        GraphValue x = g.Input(
            "sample",
            ElementType.Float32,
            "batch",
            config.Int("in_channels", 3),
            request.Height ?? image.Height,
            request.Width ?? image.Width
        );
        using (g.Scope("encoder"))
            x = Encode(g, settings, x, channels, 2L * latents);
        if (config.Flag("use_quant_conv", true))
            x = g.Conv2d("quant_conv", x, 2L * latents, 1);
        IReadOnlyList<GraphValue> moments = g.Chunk(x, 2, 1);
        g.Output("mean", moments[0]);
        g.Output("logvar", g.Clip(moments[1], -30f, 20f));
        return g.Build();
    }

    private static GraphValue Encode(
        GraphBuilder g,
        ResnetSettings settings,
        GraphValue x,
        int[] channels,
        long outChannels
    )
    {
        bool[] attention = BlockKinds(
            settings.Config,
            "down_block_types",
            "AttnDownEncoderBlock2D",
            "DownEncoderBlock2D",
            channels.Length
        );
        int layers = settings.Config.Int("layers_per_block", 1);
        x = g.Conv2d("conv_in", x, channels[0], 3, padding: 1);
        for (int level = 0; level < channels.Length; level++)
        {
            using GraphBuilder.ModuleScope scope = g.Scope($"down_blocks.{level}");
            for (int i = 0; i < layers; i++)
            {
                x = ResnetBlock.Apply(g, $"resnets.{i}", [x], null, channels[level], settings);
                if (attention[level])
                    x = Attention(g, settings, $"attentions.{i}", x);
            }
            if (level == channels.Length - 1)
                break;
            // Zero padding at the right and bottom only.
            x = g.Conv2d("downsamplers.0.conv", g.Pad(x, [0, 0, 0, 0], [0, 0, 1, 1]), channels[level], 3, stride: 2);
        }
        x = Middle(g, settings, x);
        x = g.Silu(g.GroupNorm("conv_norm_out", x, settings.Groups, NormEpsilon));
        return g.Conv2d("conv_out", x, outChannels, 3, padding: 1);
    }

    private static GraphValue Decode(GraphBuilder g, ResnetSettings settings, GraphValue x, int[] channels)
    {
        bool[] attention = BlockKinds(
            settings.Config,
            "up_block_types",
            "AttnUpDecoderBlock2D",
            "UpDecoderBlock2D",
            channels.Length
        );
        int layers = settings.Config.Int("layers_per_block", 1);
        x = g.Conv2d("conv_in", x, channels[^1], 3, padding: 1);
        x = Middle(g, settings, x);
        for (int index = 0; index < channels.Length; index++)
        {
            int width = channels[^(index + 1)];
            using GraphBuilder.ModuleScope scope = g.Scope($"up_blocks.{index}");
            for (int i = 0; i <= layers; i++)
            {
                x = ResnetBlock.Apply(g, $"resnets.{i}", [x], null, width, settings);
                if (attention[index])
                    x = Attention(g, settings, $"attentions.{i}", x);
            }
            if (index == channels.Length - 1)
                break;
            x = g.Conv2d("upsamplers.0.conv", g.ResizeNearest(x, 2 * x[2].Size, 2 * x[3].Size), width, 3, padding: 1);
        }
        x = g.Silu(g.GroupNorm("conv_norm_out", x, settings.Groups, NormEpsilon));
        return g.Conv2d("conv_out", x, settings.Config.Int("out_channels", 3), 3, padding: 1);
    }

    private static GraphValue Middle(GraphBuilder g, ResnetSettings settings, GraphValue x)
    {
        using GraphBuilder.ModuleScope scope = g.Scope("mid_block");
        x = ResnetBlock.Apply(g, "resnets.0", [x], null, x[1].Size, settings);
        if (settings.Config.Flag("mid_block_add_attention", true))
            x = Attention(g, settings, "attentions.0", x);
        return ResnetBlock.Apply(g, "resnets.1", [x], null, x[1].Size, settings);
    }

    // Attention with one head over all channels; each pixel is a token.
    private static GraphValue Attention(GraphBuilder g, ResnetSettings settings, string module, GraphValue image)
    {
        long channels = image[1].Size;
        GraphValue tokens;
        using (g.Scope(module))
        {
            GraphValue normal = g.GroupNorm("group_norm", image, settings.Groups, NormEpsilon);
            tokens = g.Transpose(g.Reshape(normal, "batch", channels, image[2].Size * image[3].Size), 0, 2, 1);
        }
        GraphValue attended = AttentionBlock.Apply(g, module, tokens, null, 1, checked((int)channels), bias: true);
        return g.Add(image, g.Reshape(g.Transpose(attended, 0, 2, 1), image.Shape));
    }

    private static bool[] BlockKinds(
        ComponentConfig config,
        string key,
        string withAttention,
        string without,
        int levels
    )
    {
        IReadOnlyList<string> names = config.Strings(key);
        if (names.Count == 0 && levels == 1)
            return [false];
        bool[] kinds =
        [
            .. names.Select(name =>
                name == withAttention
                || (name == without ? false : throw config.Unsupported(key, $"known are {without} and {withAttention}"))
            ),
        ];
        return kinds.Length == levels
            ? kinds
            : throw config.Unsupported(key, $"it must have as many entries as block_out_channels, {levels}");
    }

    // Released SD 1.x checkpoints use the names of an older attention module.
    private static string Name(ITensorSource tensors, string name)
    {
        if (tensors.Tensors.ContainsKey(name))
            return name;
        foreach ((string now, string then) in LegacyNames)
        {
            string old = name.Replace(now, then, StringComparison.Ordinal);
            if (tensors.Tensors.ContainsKey(old))
                return old;
        }
        return name;
    }
}
