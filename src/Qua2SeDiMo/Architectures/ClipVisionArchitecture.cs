using Qua2SeDiMo.Architectures.Blocks;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Architectures;

/// <summary>
/// CLIP's image encoder, with or without its projection. Input: pixel_values [batch, channels, size, size], already
/// normalised. Outputs: last_hidden_state (before the final norm), hidden_states.0 … N, and pooler_output or
/// image_embeds.
/// </summary>
internal sealed class ClipVisionArchitecture : IArchitecture
{
    public IReadOnlyList<GraphPart> Parts => [GraphPart.Forward];

    public bool Recognizes(ComponentConfig config) =>
        config.ClassName is "CLIPVisionModel" or "CLIPVisionModelWithProjection";

    public Graph Build(BuildRequest request)
    {
        ComponentConfig config = request.Config.Has("vision_config")
            ? request.Config.Object("vision_config")
            : request.Config;
        var g = new GraphBuilder(
            request.Config.ClassName,
            request.Tensors,
            ClipTower.NamesOf(request.Tensors, "vision_model.", "embeddings.class_embedding")
        );
        ClipTower.Result tower = ClipTower.Vision(g, config);
        g.Output("last_hidden_state", tower.LastState);
        if (request.Config.ClassName == "CLIPVisionModelWithProjection")
        {
            g.Output(
                "image_embeds",
                g.Linear("visual_projection", tower.Pooled, config.Int("projection_dim", 512), bias: false)
            );
        }
        else
        {
            g.Output("pooler_output", tower.Pooled);
        }
        for (int i = 0; i < tower.States.Count; i++)
            g.Output($"hidden_states.{i}", tower.States[i]);
        return g.Build();
    }
}
