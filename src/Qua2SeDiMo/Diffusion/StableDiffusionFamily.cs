using Qua2SeDiMo.Inference;

namespace Qua2SeDiMo.Diffusion;

/// <summary>Stable Diffusion 1 and 2: the last hidden states of CLIP's text encoder, including padding. Source:
/// StableDiffusionPipeline of diffusers.</summary>
internal sealed class StableDiffusionFamily : IPipelineFamily
{
    private readonly TextEncoder encoder;
    private readonly GuidanceEmbedding? guidance;

    internal StableDiffusionFamily(PipelineParts parts)
    {
        guidance = GuidanceEmbedding.Of(parts.Folder.Denoiser.ReadConfig());
        encoder = new TextEncoder(
            parts,
            "text_encoder",
            TextEncoder.OpenClip(parts, "text_encoder", "tokenizer"),
            seesPadding: true,
            "last_hidden_state"
        )
        {
            ExpandsConcepts = true,
        };
    }

    public string LatentsInput => "sample";

    public IReadOnlyList<TextEncoder> Encoders => [encoder];

    public bool IsGuided(GenerationRequest request) => guidance is null && request.GuidanceScale > 1;

    public Conditioning Encode(IReadOnlyList<string> texts, TextRole role, PixelSize size, GenerationRequest request)
    {
        var inputs = new Dictionary<string, TensorValue>
        {
            ["encoder_hidden_states"] = encoder.Encode(texts).Output("last_hidden_state"),
        };
        if (guidance is not null)
            inputs[GuidanceEmbedding.Input] = guidance.Rows(texts.Count, request.GuidanceScale);
        return new Conditioning(inputs);
    }

    public void Dispose() => encoder.Dispose();
}
