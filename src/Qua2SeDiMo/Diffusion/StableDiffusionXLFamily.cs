using System.Text.Json;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Diffusion;

/// <summary>
/// Stable Diffusion XL: the hidden states before the last layer of two CLIP text encoders, concatenated along the
/// width; the pooled embedding of the second; and the size conditions: original size, crop, target size. Source:
/// StableDiffusionXLPipeline of diffusers.
/// </summary>
internal sealed class StableDiffusionXLFamily : IPipelineFamily
{
    private const string Pooled = "text_embeds";

    private readonly TextEncoder first;
    private readonly TextEncoder second;
    private readonly string firstState;
    private readonly string secondState;
    private readonly bool zeroesMissingNegative;
    private readonly GuidanceEmbedding? guidance;

    internal StableDiffusionXLFamily(PipelineParts parts)
    {
        guidance = GuidanceEmbedding.Of(parts.Folder.Denoiser.ReadConfig());
        firstState = TextEncoder.Penultimate(parts, "text_encoder");
        secondState = TextEncoder.Penultimate(parts, "text_encoder_2");
        first = new TextEncoder(
            parts,
            "text_encoder",
            TextEncoder.OpenClip(parts, "text_encoder", "tokenizer"),
            seesPadding: true,
            firstState
        )
        {
            ExpandsConcepts = true,
        };
        second = new TextEncoder(
            parts,
            "text_encoder_2",
            TextEncoder.OpenClip(parts, "text_encoder_2", "tokenizer_2"),
            seesPadding: true,
            secondState,
            Pooled
        )
        {
            ExpandsConcepts = true,
        };
        if (first.MaximumTokens != second.MaximumTokens)
        {
            throw new GenerationException(
                $"{parts.Folder.DirectoryPath}: tokenizer cuts texts at {first.MaximumTokens} tokens and tokenizer_2 at "
                    + $"{second.MaximumTokens}, but the states of both encoders stand side by side; "
                    + "give both the same model_max_length."
            );
        }
        CheckWidths(parts);
        JsonNode? zeroes = parts.Folder.Index["force_zeros_for_empty_prompt"];
        zeroesMissingNegative = zeroes?.GetValueKind() is not JsonValueKind.False;
    }

    public string LatentsInput => "sample";

    public bool TakesSizes => true;

    public IReadOnlyList<TextEncoder> Encoders => [first, second];

    // Both encoders have the same number of tokens, and their states of a token are one row.
    public TextEncoder StatesEncoder => first;

    public bool IsGuided(GenerationRequest request) => guidance is null && request.GuidanceScale > 1;

    public Conditioning Encode(IReadOnlyList<string> texts, TextRole role, PixelSize size, GenerationRequest request)
    {
        EncodedTexts narrow = first.Encode(texts),
            wide = second.Encode(texts);
        TensorValue states = TensorRows.JoinWidths(narrow.Output(firstState), wide.Output(secondState));
        TensorValue pooled = wide.Output(Pooled);
        // As in diffusers, a missing negative prompt becomes zeros (unless the folder disables it); a given one is
        // encoded, even when it is empty.
        bool isNegative = role == TextRole.Negative,
            isZeroed = zeroesMissingNegative && isNegative && request.NegativePrompts.Count == 0;
        var inputs = new Dictionary<string, TensorValue>
        {
            ["encoder_hidden_states"] = isZeroed ? TensorRows.Zeros(states) : states,
            ["text_embeds"] = isZeroed ? TensorRows.Zeros(pooled) : pooled,
            ["time_ids"] = TensorRows.Repeat(
                texts.Count,
                (request.Sizes ?? new SizeConditions()).TimeIds(size, isNegative)
            ),
        };
        if (guidance is not null)
            inputs[GuidanceEmbedding.Input] = guidance.Rows(texts.Count, request.GuidanceScale);
        return new Conditioning(inputs);
    }

    // Rejects refiners, which take an aesthetic score and so another number of values.
    private static void CheckWidths(PipelineParts parts)
    {
        const int Sizes = 6;
        ComponentConfig denoiser = parts.Folder.Denoiser.ReadConfig();
        if (denoiser.IntOrNull("projection_class_embeddings_input_dim") is not { } taken)
            return;
        int pooled = parts.Folder.Component("text_encoder_2").ReadConfig().Int("projection_dim", 512);
        int given = (Sizes * denoiser.Int("addition_time_embed_dim")) + pooled;
        if (given == taken)
            return;
        throw new GenerationException(
            $"{denoiser.Source}: projection_class_embeddings_input_dim is {taken}, but six sizes and the pooled "
                + "text of text_encoder_2 make "
                + $"{given}. A refiner, which takes a score instead of a size, is of no use here; take the base model."
        );
    }

    public void Dispose()
    {
        first.Dispose();
        second.Dispose();
    }
}
