using Qua2SeDiMo.Diffusion.Schedulers;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Diffusion;

/// <summary>What sets one pipeline class apart: how prompts become the denoiser's inputs. The denoising loop is the
/// same for all.</summary>
internal interface IPipelineFamily : IDisposable
{
    /// <summary>Name of the denoiser's input that takes the latents.</summary>
    string LatentsInput => "hidden_states";

    /// <summary>Whether the conditional half of a guided batch comes before the unconditional one.</summary>
    bool ConditionalFirst => false;

    /// <summary>Whether the denoiser takes latents as tokens, 2 × 2 of them in one.</summary>
    bool PacksLatents => false;

    /// <summary>What the scheduler's timesteps are multiplied by for the denoiser.</summary>
    float TimestepScale => 1;

    /// <summary>What heights and widths of latents must be a multiple of.</summary>
    int LatentMultiple => 1;

    /// <summary>The text encoders, in the order in which they are called.</summary>
    IReadOnlyList<TextEncoder> Encoders { get; }

    /// <summary>The encoder whose tokens the denoiser attends to, one row each; null where they are of several
    /// encoders.</summary>
    TextEncoder? StatesEncoder => Encoders is [var only] ? only : null;

    /// <summary>Channels of the latents.</summary>
    int LatentChannels(ComponentConfig denoiser) => denoiser.Int("in_channels", 4);

    /// <summary>Height and width of the latents that the model was made for.</summary>
    SampleSize LatentSize(ComponentConfig denoiser) => SampleSize.Of(denoiser);

    /// <summary>Whether the denoiser runs with and without the prompt, to be steered by the difference.</summary>
    bool IsGuided(GenerationRequest request) => request.GuidanceScale > 1;

    /// <summary>Whether a negative prompt has a meaning.</summary>
    bool TakesNegativePrompts => true;

    /// <summary>Why there are no negative prompts, where there are none.</summary>
    string WithoutNegativePrompts => "";

    /// <summary>Whether the model takes original, crop and target sizes.</summary>
    bool TakesSizes => false;

    /// <summary>A text as its tokenizers get it.</summary>
    string Prepare(string text) => text;

    /// <summary>Turns texts into the denoiser's inputs, one row per text.</summary>
    /// <param name="texts">Prompts.</param>
    /// <param name="role">What the texts are; some models treat a negative prompt that was not given in their own
    /// way.</param>
    /// <param name="size">Size of the images in pixels, for models that take it.</param>
    /// <param name="request">How the images are made.</param>
    Conditioning Encode(IReadOnlyList<string> texts, TextRole role, PixelSize size, GenerationRequest request);

    /// <summary>Inputs of the denoiser that do not depend on the prompt and have no row per text.</summary>
    IReadOnlyDictionary<string, TensorValue> SharedInputs(LatentShape shape, Conditioning prompts) =>
        new Dictionary<string, TensorValue>();

    /// <summary>What the scheduler takes beside the step count.</summary>
    SamplingOptions Sampling(LatentShape shape, GenerationRequest request) => new();
}

/// <summary>What a text is for.</summary>
internal enum TextRole
{
    /// <summary>What the image shows.</summary>
    Prompt,

    /// <summary>What guidance steers away from.</summary>
    Negative,
}
