using Qua2SeDiMo.Diffusion.Schedulers;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Diffusion;

/// <summary>What is specific to one pipeline class, above all how prompts become inputs of the denoiser. The denoising
/// loop is shared by all.</summary>
internal interface IPipelineFamily : IDisposable
{
    /// <summary>Name of the denoiser's input for the latents.</summary>
    string LatentsInput => "hidden_states";

    /// <summary>Whether the conditional half of a guided batch comes before the unconditional one.</summary>
    bool ConditionalFirst => false;

    /// <summary>Whether the denoiser takes latents as tokens of 2 × 2 positions
    /// (<see cref="LatentPacking"/>).</summary>
    bool PacksLatents => false;

    /// <summary>Factor between the scheduler's timesteps and those that the denoiser takes.</summary>
    float TimestepScale => 1;

    /// <summary>Heights and widths of latents must be multiples of this.</summary>
    int LatentMultiple => 1;

    /// <summary>The text encoders, in the order in which they are called.</summary>
    IReadOnlyList<TextEncoder> Encoders { get; }

    /// <summary>The encoder that determines the number of tokens the denoiser attends to; null when tokens of several
    /// encoders are concatenated.</summary>
    TextEncoder? StatesEncoder => Encoders is [var only] ? only : null;

    /// <summary>Channels of the latents.</summary>
    int LatentChannels(ComponentConfig denoiser) => denoiser.Int("in_channels", 4);

    /// <summary>Default height and width of the latents.</summary>
    SampleSize LatentSize(ComponentConfig denoiser) => SampleSize.Of(denoiser);

    /// <summary>Whether classifier-free guidance runs the denoiser with the prompt and with the negative
    /// prompt.</summary>
    bool IsGuided(GenerationRequest request) => request.GuidanceScale > 1;

    /// <summary>Whether negative prompts are supported.</summary>
    bool TakesNegativePrompts => true;

    /// <summary>Why negative prompts are not supported, for the error message.</summary>
    string WithoutNegativePrompts => "";

    /// <summary>Whether the model takes original, crop and target sizes.</summary>
    bool TakesSizes => false;

    /// <summary>Preprocesses a text for the tokenizers.</summary>
    string Prepare(string text) => text;

    /// <summary>Turns texts into the denoiser's inputs, one row per text.</summary>
    /// <param name="texts">Prompts.</param>
    /// <param name="role">Whether the texts are prompts or negative prompts; some models treat a missing negative
    /// prompt specially.</param>
    /// <param name="size">Size of the images, for models that are conditioned on it.</param>
    /// <param name="request">Settings of the generation.</param>
    Conditioning Encode(IReadOnlyList<string> texts, TextRole role, PixelSize size, GenerationRequest request);

    /// <summary>Inputs of the denoiser that do not depend on the prompt and have no row per text.</summary>
    IReadOnlyDictionary<string, TensorValue> SharedInputs(LatentShape shape, Conditioning prompts) =>
        new Dictionary<string, TensorValue>();

    /// <summary>Options for the scheduler besides the step count.</summary>
    SamplingOptions Sampling(LatentShape shape, GenerationRequest request) => new();
}

/// <summary>Role of a text.</summary>
internal enum TextRole
{
    /// <summary>A prompt.</summary>
    Prompt,

    /// <summary>A negative prompt, from which guidance steers away.</summary>
    Negative,
}
