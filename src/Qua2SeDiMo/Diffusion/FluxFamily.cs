using Qua2SeDiMo.Diffusion.Schedulers;
using Qua2SeDiMo.Diffusion.Tokenizers;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Diffusion;

/// <summary>
/// FLUX.1: T5's hidden states and CLIP's pooled state; latents packed into tokens with positions; the guidance scale is
/// an input of the denoiser instead of an unconditional pass. Source: FluxPipeline of diffusers.
/// </summary>
internal sealed class FluxFamily : IPipelineFamily
{
    private const int Side = 2;
    private const int DefaultTextLength = 512;
    private const int DefaultLatentSize = 128;
    private const int PositionAxes = 3;
    private const double LargestShift = 1.15;
    private const string Pooled = "pooler_output";

    private readonly TextEncoder clip;
    private readonly TextEncoder t5;
    private readonly ComponentConfig scheduler;

    internal FluxFamily(PipelineParts parts)
    {
        scheduler = parts.Folder.Component("scheduler").ReadConfig();
        clip = new TextEncoder(
            parts,
            "text_encoder",
            TextEncoder.OpenClip(parts, "text_encoder", "tokenizer"),
            seesPadding: true,
            Pooled
        )
        {
            ExpandsConcepts = true,
        };
        ITokenizer pieces = TokenizerCatalog.Open(
            parts.Folder.Component("tokenizer_2"),
            parts.TextLength ?? DefaultTextLength
        );
        t5 = new TextEncoder(parts, "text_encoder_2", pieces, seesPadding: true, "last_hidden_state")
        {
            ExpandsConcepts = true,
        };
    }

    public bool PacksLatents => true;

    public float TimestepScale => 1f / 1000;

    public int LatentMultiple => Side;

    public IReadOnlyList<TextEncoder> Encoders => [clip, t5];

    public int LatentChannels(ComponentConfig denoiser) => denoiser.Int("in_channels", 64) / (Side * Side);

    public SampleSize LatentSize(ComponentConfig denoiser) => new(DefaultLatentSize, DefaultLatentSize);

    public bool TakesNegativePrompts => false;

    public string WithoutNegativePrompts =>
        "guidance is an input of its denoiser, not the difference from a second text";

    public bool IsGuided(GenerationRequest request) => false;

    public Conditioning Encode(IReadOnlyList<string> texts, TextRole role, PixelSize size, GenerationRequest request) =>
        new(
            new Dictionary<string, TensorValue>
            {
                ["encoder_hidden_states"] = t5.Encode(texts).Output("last_hidden_state"),
                ["pooled_projections"] = clip.Encode(texts).Output(Pooled),
                ["guidance"] = TensorRows.Fill(texts.Count, (float)request.GuidanceScale),
            }
        );

    public IReadOnlyDictionary<string, TensorValue> SharedInputs(LatentShape shape, Conditioning prompts)
    {
        int rows = shape.Height / Side,
            columns = shape.Width / Side;
        float[] positions =
        [
            .. Enumerable
                .Range(0, rows * columns)
                .SelectMany(token => new float[] { 0, token / columns, token % columns }),
        ];
        int tokens = (int)prompts.Inputs["encoder_hidden_states"].Shape[1];
        return new Dictionary<string, TensorValue>
        {
            ["img_ids"] = TensorValue.Of(positions, rows * columns, PositionAxes),
            ["txt_ids"] = TensorValue.Of(new float[tokens * PositionAxes], tokens, PositionAxes),
        };
    }

    public SamplingOptions Sampling(LatentShape shape, GenerationRequest request) =>
        new()
        {
            Sigmas = TimestepSpacing.Linspace(1, 1.0 / request.StepCount, request.StepCount),
            Mu = SequenceShift.Mu(scheduler, shape.Height / Side * (shape.Width / Side), LargestShift),
        };

    public void Dispose()
    {
        clip.Dispose();
        t5.Dispose();
    }
}
