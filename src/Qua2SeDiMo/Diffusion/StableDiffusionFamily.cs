using Qua2SeDiMo.Inference;

namespace Qua2SeDiMo.Diffusion;

/// <summary>Stable Diffusion 1 and 2: the last states of CLIP's text encoder, padding included. Source: StableDiffusionPipeline of diffusers.</summary>
internal sealed class StableDiffusionFamily : IPipelineFamily
{
    private readonly TextEncoder encoder;

    internal StableDiffusionFamily(PipelineParts parts) =>
        encoder = new TextEncoder(
            parts, "text_encoder", TextEncoder.OpenClip(parts, "text_encoder", "tokenizer"), seesPadding: true,
            "last_hidden_state") { ExpandsConcepts = true };

    public string LatentsInput => "sample";

    public IReadOnlyList<TextEncoder> Encoders => [encoder];

    public Conditioning Encode(IReadOnlyList<string> texts, TextRole role, PixelSize size, GenerationRequest request) =>
        new(new Dictionary<string, TensorValue> { ["encoder_hidden_states"] = encoder.Encode(texts).Output("last_hidden_state") });

    public void Dispose() => encoder.Dispose();
}
