using Qua2SeDiMo.Architectures.Blocks;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Architectures;

/// <summary>
/// CLIP's text encoder, with or without its projection. Input: input_ids, int64 [batch, tokens]; optional
/// attention_mask. Outputs: last_hidden_state (after the final norm), hidden_states.0 … N (before it), and
/// pooler_output or text_embeds.
/// </summary>
internal sealed class ClipTextArchitecture : IArchitecture
{
    public IReadOnlyList<GraphPart> Parts => [GraphPart.Forward];

    public bool Recognizes(ComponentConfig config) =>
        config.ClassName is "CLIPTextModel" or "CLIPTextModelWithProjection";

    public Graph Build(BuildRequest request)
    {
        ComponentConfig config = ClipTower.TextConfig(request.Config);
        var g = new GraphBuilder(
            request.Config.ClassName,
            request.Tensors,
            ClipTower.NamesOf(request.Tensors, "text_model.", "embeddings.token_embedding.weight")
        );
        ClipTower.Result tower = ClipTower.Text(g, config, request.OptionalInputs);
        g.Output("last_hidden_state", tower.LastState);
        if (request.Config.ClassName == "CLIPTextModelWithProjection")
        {
            g.Output(
                "text_embeds",
                g.Linear("text_projection", tower.Pooled, config.Int("projection_dim", 512), bias: false)
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
