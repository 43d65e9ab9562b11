namespace Qua2SeDiMo.Diffusion;

/// <summary>How images are made; what they show is given by the prompts.</summary>
public sealed record GenerationRequest
{
    /// <summary>Steps of the scheduler.</summary>
    public int StepCount { get; init; } = 10;

    /// <summary>Weight of classifier-free guidance; 1 or less runs the denoiser without the negative prompt.</summary>
    public double GuidanceScale { get; init; } = 3;

    /// <summary>
    /// What guidance steers away from: one text for all prompts, or one for each. Empty when none was given, which is
    /// not the same as an empty text to every pipeline.
    /// </summary>
    public IReadOnlyList<string> NegativePrompts { get; init; } = [];

    /// <summary>Size conditions of a Stable Diffusion XL model; null for the image's own.</summary>
    public SizeConditions? Sizes { get; init; }

    /// <summary>Height in pixels; null for the model's own.</summary>
    public int? Height { get; init; }

    /// <summary>Width in pixels; null for the model's own.</summary>
    public int? Width { get; init; }

    /// <summary>Images that go through the denoiser together; guidance doubles it. It bounds memory and does not change
    /// results beyond rounding.</summary>
    public int BatchSize { get; init; } = 8;
}
