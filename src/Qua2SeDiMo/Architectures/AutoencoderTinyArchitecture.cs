using Qua2SeDiMo.Architectures.Blocks;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Architectures;

/// <summary>
/// TAESD (Bohan, 2023), a small autoencoder of plain convolutions. Encode: sample [batch, 3, height, width] in [−1, 1]
/// to latents. Decode: latent [batch, channels, height, width] to decoded, in [−1, 1].
/// </summary>
internal sealed class AutoencoderTinyArchitecture : IArchitecture
{
    private const int DefaultImageSize = 512;

    public IReadOnlyList<GraphPart> Parts => [GraphPart.Encode, GraphPart.Decode];

    public bool Recognizes(ComponentConfig config) => config.ClassName == "AutoencoderTiny";

    public Graph Build(BuildRequest request)
    {
        ComponentConfig config = request.Config;
        var g = new GraphBuilder("AutoencoderTiny", request.Tensors);
        bool decode = request.Part == GraphPart.Decode;
        string side = decode ? "decoder" : "encoder";
        int[] widths = config.Ints($"{side}_block_out_channels") ?? [64, 64, 64, 64];
        int[] blocks = config.Ints($"num_{side}_blocks") ?? (decode ? [3, 3, 3, 1] : [1, 3, 3, 3]);
        if (widths.Length != blocks.Length || widths.Length == 0)
            throw config.Unsupported(
                $"num_{side}_blocks",
                $"it must have as many entries as {side}_block_out_channels"
            );
        int factor = config.Int("upsampling_scaling_factor", 2);
        int size = decode ? DefaultImageSize >> (widths.Length - 1) : DefaultImageSize;
        int channels = decode ? config.Int("latent_channels", 4) : config.Int("in_channels", 3);
        GraphValue input = g.Input(
            decode ? "latent" : "sample",
            ElementType.Float32,
            "batch",
            channels,
            request.Height ?? size,
            request.Width ?? size
        );
        using (g.Scope($"{side}.layers"))
        {
            GraphValue result = decode
                ? Decode(g, config, input, widths, blocks, factor)
                : Encode(g, config, input, widths, blocks);
            g.Output(decode ? "decoded" : "latents", result);
        }
        return g.Build();
    }

    private static GraphValue Encode(
        GraphBuilder g,
        ComponentConfig config,
        GraphValue image,
        int[] widths,
        int[] blocks
    )
    {
        int layer = 0;
        // Maps images from [−1, 1] to [0, 1], the range of the network.
        GraphValue x = g.Divide(g.Add(image, 1f), 2f);
        for (int level = 0; level < widths.Length; level++)
        {
            bool isFirst = level == 0;
            x = g.Conv2d($"{layer++}", x, widths[level], 3, stride: isFirst ? 1 : 2, padding: 1, bias: isFirst);
            for (int i = 0; i < blocks[level]; i++)
                x = Block(g, config, $"{layer++}", x, widths[level]);
        }
        return g.Conv2d($"{layer}", x, config.Int("latent_channels", 4), 3, padding: 1);
    }

    private static GraphValue Decode(
        GraphBuilder g,
        ComponentConfig config,
        GraphValue latent,
        int[] widths,
        int[] blocks,
        int factor
    )
    {
        if (config.Text("upsample_fn", "nearest") != "nearest")
            throw config.Unsupported("upsample_fn", "only nearest is");
        // Soft clamp of the latents to ±3.
        GraphValue x = g.Multiply(g.Tanh(g.Divide(latent, 3f)), 3f);
        x = Activation.Apply(g, g.Conv2d("0", x, widths[0], 3, padding: 1), config, "act_fn", "relu");
        int layer = 2;
        for (int level = 0; level < widths.Length; level++)
        {
            bool isLast = level == widths.Length - 1;
            for (int i = 0; i < blocks[level]; i++)
                x = Block(g, config, $"{layer++}", x, widths[level]);
            if (!isLast)
            {
                x = g.ResizeNearest(x, factor * x[2].Size, factor * x[3].Size);
                layer++;
            }
            x = g.Conv2d(
                $"{layer++}",
                x,
                isLast ? config.Int("out_channels", 3) : widths[level],
                3,
                padding: 1,
                bias: isLast
            );
        }
        return g.Subtract(g.Multiply(x, 2f), g.Scalar(1f));
    }

    private static GraphValue Block(GraphBuilder g, ComponentConfig config, string module, GraphValue x, int width)
    {
        using GraphBuilder.ModuleScope scope = g.Scope(module);
        GraphValue Activate(GraphValue value) => Activation.Apply(g, value, config, "act_fn", "relu");
        GraphValue y = Activate(g.Conv2d("conv.0", x, width, 3, padding: 1));
        y = Activate(g.Conv2d("conv.2", y, width, 3, padding: 1));
        y = g.Conv2d("conv.4", y, width, 3, padding: 1);
        GraphValue skip = x[1].Size == width ? x : g.Conv2d("skip", x, width, 1, bias: false);
        return g.Relu(g.Add(y, skip));
    }
}
