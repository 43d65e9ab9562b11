using Qua2SeDiMo.Architectures.Blocks;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Architectures;

/// <summary>
/// Both towers of CLIP with their projections. Inputs: pixel_values [images, channels, size, size] and input_ids
/// [texts, tokens]. Outputs: image_embeds and text_embeds (after the projection), image_embeds_normalized and
/// text_embeds_normalized (length 1), logits_per_image [images, texts], vision_last_hidden_state. To run one tower
/// alone, choose only its outputs.
/// </summary>
internal sealed class ClipArchitecture : IArchitecture
{
    public IReadOnlyList<GraphPart> Parts => [GraphPart.Forward];

    public bool Recognizes(ComponentConfig config) => config.ClassName == "CLIPModel";

    public Graph Build(BuildRequest request)
    {
        ComponentConfig config = request.Config;
        int width = config.Int("projection_dim", 512);
        var g = new GraphBuilder("CLIPModel", request.Tensors);
        ClipTower.Result vision = ClipTower.Vision(g, config.Object("vision_config"), "images");
        ClipTower.Result text = ClipTower.Text(g, config.Object("text_config"), request.OptionalInputs);
        GraphValue image = g.Linear("visual_projection", vision.Pooled, width, bias: false);
        GraphValue caption = g.Linear("text_projection", text.Pooled, width, bias: false);
        GraphValue images = Normalize(g, image);
        GraphValue texts = Normalize(g, caption);
        GraphValue scale = g.Exp(g.Parameter("logit_scale"));
        GraphValue logits = g.Multiply(g.MatMul(images, g.Transpose(texts, 1, 0)), scale);
        g.Output("image_embeds", image);
        g.Output("text_embeds", caption);
        g.Output("image_embeds_normalized", images);
        g.Output("text_embeds_normalized", texts);
        g.Output("logits_per_image", logits);
        g.Output("vision_last_hidden_state", vision.LastState);
        return g.Build();
    }

    private static GraphValue Normalize(GraphBuilder g, GraphValue x) =>
        g.Divide(x, g.Sqrt(g.Sum(g.Multiply(x, x), -1)));
}
