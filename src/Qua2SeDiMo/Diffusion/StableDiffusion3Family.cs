using Qua2SeDiMo.Diffusion.Schedulers;
using Qua2SeDiMo.Diffusion.Tokenizers;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Diffusion;

/// <summary>
/// Stable Diffusion 3 and 3.5: the hidden states before the last layer of two CLIP text encoders, concatenated along
/// the width and zero-padded to T5's width, followed by T5's hidden states; both pooled embeddings. T5 may be missing;
/// its states are then zeros. Source: StableDiffusion3Pipeline of diffusers.
/// </summary>
internal sealed class StableDiffusion3Family : IPipelineFamily
{
    private const string Pooled = "text_embeds";
    private const int DefaultTextLength = 256;
    private const double LargestShift = 1.16;

    private readonly TextEncoder[] clips;
    private readonly string[] states;
    private readonly TextEncoder? t5;
    private readonly ComponentConfig denoiser;
    private readonly ComponentConfig scheduler;
    private readonly int textLength;
    private readonly int textWidth;

    internal StableDiffusion3Family(PipelineParts parts)
    {
        denoiser = parts.Folder.Denoiser.ReadConfig();
        scheduler = parts.Folder.Component("scheduler").ReadConfig();
        textLength = parts.TextLength ?? DefaultTextLength;
        textWidth = denoiser.Int("joint_attention_dim", 4096);
        // Both tokenizers use the length of the first.
        ITokenizer first = TextEncoder.OpenClip(parts, "text_encoder", "tokenizer");
        (string Encoder, ITokenizer Tokenizer)[] pairs =
        [
            ("text_encoder", first),
            ("text_encoder_2", TokenizerCatalog.Open(parts.Folder.Component("tokenizer_2"), first.MaximumLength)),
        ];
        states = [.. pairs.Select(pair => TextEncoder.Penultimate(parts, pair.Encoder))];
        clips =
        [
            .. pairs.Select(
                (pair, i) => new TextEncoder(parts, pair.Encoder, pair.Tokenizer, seesPadding: true, states[i], Pooled)
            ),
        ];
        if (parts.Folder.Components.ContainsKey("text_encoder_3"))
        {
            t5 = new TextEncoder(
                parts,
                "text_encoder_3",
                TokenizerCatalog.Open(parts.Folder.Component("tokenizer_3"), textLength),
                seesPadding: true,
                "last_hidden_state"
            );
        }
    }

    public IReadOnlyList<TextEncoder> Encoders => t5 is null ? clips : [.. clips, t5];

    public int LatentMultiple => denoiser.Int("patch_size", 2);

    public Conditioning Encode(IReadOnlyList<string> texts, TextRole role, PixelSize size, GenerationRequest request)
    {
        EncodedTexts[] encoded = [.. clips.Select(clip => clip.Encode(texts))];
        TensorValue words = TensorRows.PadWidth(
            TensorRows.JoinWidths([.. encoded.Select((one, i) => one.Output(states[i]))]),
            textWidth
        );
        TensorValue pieces =
            t5?.Encode(texts).Output("last_hidden_state")
            ?? TensorValue.Of(new float[texts.Count * textLength * textWidth], texts.Count, textLength, textWidth);
        return new Conditioning(
            new Dictionary<string, TensorValue>
            {
                ["encoder_hidden_states"] = TensorRows.JoinTokens(words, pieces),
                ["pooled_projections"] = TensorRows.JoinWidths([.. encoded.Select(one => one.Output(Pooled))]),
            }
        );
    }

    public SamplingOptions Sampling(LatentShape shape, GenerationRequest request)
    {
        int patch = denoiser.Int("patch_size", 2);
        return new SamplingOptions
        {
            Mu = SequenceShift.Mu(scheduler, shape.Height / patch * (shape.Width / patch), LargestShift),
        };
    }

    public void Dispose()
    {
        foreach (TextEncoder clip in clips)
            clip.Dispose();
        t5?.Dispose();
    }
}
