using Qua2SeDiMo.Diffusion.Tokenizers;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Models;

namespace Qua2SeDiMo.Diffusion;

/// <summary>
/// PixArt-α and PixArt-Σ: T5's hidden states with their mask; the prompt is lower-cased and trimmed. Models with size
/// conditions also get the image size. Source: PixArtAlphaPipeline and PixArtSigmaPipeline of diffusers.
/// </summary>
internal sealed class PixArtFamily : IPipelineFamily
{
    private readonly TextEncoder encoder;
    private readonly bool takesSize;

    internal PixArtFamily(PipelineParts parts)
    {
        ModelComponent component = parts.Folder.Component("tokenizer");
        int released = parts.Folder.PipelineClass == "PixArtSigmaPipeline" ? 300 : 120;
        ITokenizer tokenizer = parts.TextLength is { } asked
            ? TokenizerCatalog.Open(component, asked)
            : TokenizerCatalog.OpenWithin(component, released);
        encoder = new TextEncoder(parts, "text_encoder", tokenizer, seesPadding: false, "last_hidden_state");
        takesSize = parts.DenoiserTakes("resolution");
    }

    public IReadOnlyList<TextEncoder> Encoders => [encoder];

    public string Prepare(string text) => text.ToLowerInvariant().Trim();

    public Conditioning Encode(IReadOnlyList<string> texts, TextRole role, PixelSize size, GenerationRequest request)
    {
        EncodedTexts encoded = encoder.Encode([.. texts.Select(Prepare)]);
        var inputs = new Dictionary<string, TensorValue>
        {
            ["encoder_hidden_states"] = encoded.Output("last_hidden_state"),
            ["encoder_attention_mask"] = encoded.Tokens.FloatMask,
        };
        if (takesSize)
        {
            inputs["resolution"] = TensorRows.Repeat(texts.Count, size.Height, size.Width);
            inputs["aspect_ratio"] = TensorRows.Repeat(texts.Count, [(float)size.Height / size.Width]);
        }
        return new Conditioning(inputs);
    }

    public void Dispose() => encoder.Dispose();
}
