namespace Qua2SeDiMo.Diffusion;

/// <summary>Settings of image generation, apart from the prompts.</summary>
public sealed record GenerationRequest
{
    /// <summary>Number of inference steps, from 1. Default 10.</summary>
    public int StepCount { get; init; } = 10;

    /// <summary>Scale of classifier-free guidance; 1 or less runs the denoiser without the negative prompt. Default
    /// 3.</summary>
    public double GuidanceScale { get; init; } = 3;

    /// <summary>
    /// Negative prompts: one for all prompts, or one for each. An empty list means that none was given, which some
    /// pipelines treat differently from an empty text.
    /// </summary>
    public IReadOnlyList<string> NegativePrompts { get; init; } = [];

    /// <summary>Size conditions of a Stable Diffusion XL model; null for those of the generated size.</summary>
    public SizeConditions? Sizes { get; init; }

    /// <summary>Height in pixels; null for the model's default.</summary>
    public int? Height { get; init; }

    /// <summary>Width in pixels; null for the model's default.</summary>
    public int? Width { get; init; }

    /// <summary>Images denoised together, 1 to 1024; guidance doubles the rows. It bounds memory, and changes results
    /// only by rounding. Default 8.</summary>
    public int BatchSize { get; init; } = 8;
}
