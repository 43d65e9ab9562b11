using Qua2SeDiMo.Diffusion.Tokenizers;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Models.Configs;
using Qua2SeDiMo.Numerics;

namespace Qua2SeDiMo.Diffusion;

/// <summary>
/// Hunyuan-DiT: hidden states of BERT and of T5 with their masks, rotary positions of the patch grid, and, for versions
/// before 1.2, sizes and a style. Source: HunyuanDiTPipeline of diffusers.
/// </summary>
internal sealed class HunyuanDiTFamily : IPipelineFamily
{
    private const int TrainedPixels = 512;
    private const int PixelsPerLatent = 8;
    private const float OriginalPixels = 1024;

    private readonly TextEncoder bert;
    private readonly TextEncoder t5;
    private readonly ComponentConfig denoiser;

    internal HunyuanDiTFamily(PipelineParts parts)
    {
        denoiser = parts.Folder.Denoiser.ReadConfig();
        ITokenizer words = TokenizerCatalog.Open(parts.Folder.Component("tokenizer"), denoiser.Int("text_len", 77));
        ITokenizer pieces = TokenizerCatalog.Open(
            parts.Folder.Component("tokenizer_2"),
            denoiser.Int("text_len_t5", 256)
        );
        bert = new TextEncoder(parts, "text_encoder", words, seesPadding: false, "last_hidden_state");
        t5 = new TextEncoder(parts, "text_encoder_2", pieces, seesPadding: false, "last_hidden_state");
    }

    public IReadOnlyList<TextEncoder> Encoders => [bert, t5];

    public Conditioning Encode(IReadOnlyList<string> texts, TextRole role, PixelSize size, GenerationRequest request)
    {
        EncodedTexts words = bert.Encode(texts),
            pieces = t5.Encode(texts);
        return new Conditioning(
            new Dictionary<string, TensorValue>
            {
                ["encoder_hidden_states"] = words.Output("last_hidden_state"),
                ["text_embedding_mask"] = words.Tokens.FloatMask,
                ["encoder_hidden_states_t5"] = pieces.Output("last_hidden_state"),
                ["text_embedding_mask_t5"] = pieces.Tokens.FloatMask,
                ["image_meta_size"] = TensorRows.Repeat(
                    texts.Count,
                    OriginalPixels,
                    OriginalPixels,
                    size.Height,
                    size.Width,
                    0,
                    0
                ),
                ["style"] = TensorRows.Fill(texts.Count, 0L),
            }
        );
    }

    public IReadOnlyDictionary<string, TensorValue> SharedInputs(LatentShape shape, Conditioning prompts)
    {
        int patch = denoiser.Int("patch_size", 2),
            headWidth = denoiser.Int("attention_head_dim", 88);
        int rows = shape.Height / patch,
            columns = shape.Width / patch;
        RotaryGrid grid = RotaryGrid.Of(headWidth, rows, columns, TrainedPixels / PixelsPerLatent / patch);
        return new Dictionary<string, TensorValue>
        {
            ["image_rotary_emb.cos"] = TensorValue.Of(grid.Cos, rows * columns, headWidth),
            ["image_rotary_emb.sin"] = TensorValue.Of(grid.Sin, rows * columns, headWidth),
        };
    }

    public void Dispose()
    {
        bert.Dispose();
        t5.Dispose();
    }
}
