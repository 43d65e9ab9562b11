using Qua2SeDiMo.Architectures.Blocks;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Architectures;

/// <summary>
/// The U-Net of latent diffusion (Rombach et al., CVPR 2022): Stable Diffusion 1.x, 2.x, SDXL. Inputs: sample [batch,
/// channels, height, width], timestep [batch], encoder_hidden_states [batch, tokens, width]; with text_time conditions
/// also text_embeds and time_ids; with classes class_labels; with a guidance embedding timestep_cond; optionally
/// encoder_attention_mask. Output: out_sample, because the name sample is taken by the input. Any height and width are
/// possible.
/// </summary>
internal sealed class UNet2DConditionArchitecture : IArchitecture
{
    private const float HiddenToken = -10000f;

    public IReadOnlyList<GraphPart> Parts => [GraphPart.Forward];

    public bool Recognizes(ComponentConfig config) => config.ClassName == "UNet2DConditionModel";

    public Graph Build(BuildRequest request)
    {
        var settings = new UNetSettings(request.Config);
        var g = new GraphBuilder("UNet2DConditionModel", request.Tensors);
        int height = request.Height ?? settings.Sample.Height;
        int width = request.Width ?? settings.Sample.Width;
        GraphValue x = g.Input("sample", ElementType.Float32, "batch", settings.InChannels, height, width);
        g.Expect(
            "conv_in.weight",
            settings.Channels[0],
            settings.InChannels,
            settings.ConvInKernel,
            settings.ConvInKernel
        );
        GraphValue time = UNetConditions.Time(g, settings);
        GraphValue context = g.Input(
            "encoder_hidden_states",
            ElementType.Float32,
            "batch",
            "tokens",
            settings.PromptWidth
        );
        GraphValue? mask = request.OptionalInputs.Contains("encoder_attention_mask")
            ? AttentionBlock.MaskTerm(
                g,
                g.Input("encoder_attention_mask", ElementType.Float32, "batch", "tokens"),
                HiddenToken
            )
            : null;
        if (settings.ProjectsPrompt)
            context = g.Linear("encoder_hid_proj", context, settings.CrossWidths[0]);
        var prompt = new Prompt(context, mask);

        if (settings.CentersInput)
            x = g.Subtract(g.Multiply(x, 2f), g.Scalar(1f));
        x = g.Conv2d(
            "conv_in",
            x,
            settings.Channels[0],
            settings.ConvInKernel,
            padding: (settings.ConvInKernel - 1) / 2
        );
        var skips = new Stack<GraphValue>([x]);
        for (int level = 0; level < settings.Channels.Length; level++)
            x = Down(g, settings, level, x, time, prompt, skips);
        x = Middle(g, settings, x, time, prompt);
        for (int i = 0; i < settings.Channels.Length; i++)
            x = Up(g, settings, i, x, time, prompt, skips);
        if (settings.Groups is { } groups)
            x = settings.Resnet.Activate(g, g.GroupNorm("conv_norm_out", x, groups, settings.Resnet.Epsilon));
        g.Output(
            "out_sample",
            g.Conv2d(
                "conv_out",
                x,
                settings.OutChannels,
                settings.ConvOutKernel,
                padding: (settings.ConvOutKernel - 1) / 2
            )
        );
        return g.Build();
    }

    private static GraphValue Down(
        GraphBuilder g,
        UNetSettings settings,
        int level,
        GraphValue x,
        GraphValue time,
        Prompt prompt,
        Stack<GraphValue> skips
    )
    {
        using GraphBuilder.ModuleScope scope = g.Scope($"down_blocks.{level}");
        for (int i = 0; i < settings.LayersPerBlock[level]; i++)
        {
            x = ResnetBlock.Apply(g, $"resnets.{i}", [x], time, settings.Channels[level], settings.Resnet);
            if (settings.DownHasAttention[level])
                x = settings
                    .Transformer(level, settings.TransformerLayers[level][i], false)
                    .Apply(g, $"attentions.{i}", x, prompt.Context, prompt.Mask);
            skips.Push(x);
        }
        if (level == settings.Channels.Length - 1)
            return x;
        // downsample_padding 0 means one row at the bottom and one column at the right instead.
        if (settings.DownsamplePadding == 0)
            x = g.Pad(x, [0, 0, 0, 0], [0, 0, 1, 1]);
        x = g.Conv2d(
            "downsamplers.0.conv",
            x,
            settings.Channels[level],
            3,
            stride: 2,
            padding: settings.DownsamplePadding
        );
        skips.Push(x);
        return x;
    }

    private static GraphValue Middle(
        GraphBuilder g,
        UNetSettings settings,
        GraphValue x,
        GraphValue time,
        Prompt prompt
    )
    {
        if (settings.MiddleType is null)
            return x;
        int level = settings.Channels.Length - 1;
        using GraphBuilder.ModuleScope scope = g.Scope("mid_block");
        GraphValue Resnet(int i, GraphValue value) =>
            ResnetBlock.Apply(
                g,
                $"resnets.{i}",
                [value],
                time,
                settings.Channels[level],
                settings.Resnet,
                settings.MiddleScale
            );
        x = Resnet(0, x);
        if (settings.MiddleType == UNetSettings.PlainMiddle)
            return x;
        x = settings
            .Transformer(level, settings.TransformerLayers[level][0], true)
            .Apply(g, "attentions.0", x, prompt.Context, prompt.Mask);
        return Resnet(1, x);
    }

    private static GraphValue Up(
        GraphBuilder g,
        UNetSettings settings,
        int index,
        GraphValue x,
        GraphValue time,
        Prompt prompt,
        Stack<GraphValue> skips
    )
    {
        int level = settings.Channels.Length - 1 - index;
        using GraphBuilder.ModuleScope scope = g.Scope($"up_blocks.{index}");
        for (int i = 0; i <= settings.LayersPerBlock[level]; i++)
        {
            x = ResnetBlock.Apply(g, $"resnets.{i}", [x, skips.Pop()], time, settings.Channels[level], settings.Resnet);
            if (settings.UpHasAttention[index])
                x = settings
                    .Transformer(level, settings.UpTransformerLayers[index][i], false)
                    .Apply(g, $"attentions.{i}", x, prompt.Context, prompt.Mask);
        }
        if (level == 0)
            return x;
        // Upsamples to the size of the next skip connection: twice as large, or one less when downsampling rounded up.
        GraphValue next = skips.Peek();
        x = g.ResizeNearest(x, next[2].Size, next[3].Size);
        return g.Conv2d("upsamplers.0.conv", x, settings.Channels[level], 3, padding: 1);
    }

    private sealed record Prompt(GraphValue Context, GraphValue? Mask);
}
