namespace Qua2SeDiMo.Diffusion;

/// <summary>What sets one pipeline class apart: how prompts become the denoiser's inputs. The denoising loop is the same for all.</summary>
internal interface IPipelineFamily : IDisposable
{
    /// <summary>Name of the denoiser's input that takes the latents.</summary>
    string LatentsInput { get; }

    /// <summary>Whether the conditional half of a guided batch comes before the unconditional one.</summary>
    bool ConditionalFirst { get; }

    /// <summary>Turns texts into the denoiser's inputs, one row per text.</summary>
    /// <param name="texts">Prompts.</param>
    /// <param name="role">What the texts are; some models treat an empty negative prompt in their own way.</param>
    /// <param name="size">Size of the images in pixels, for models that are told it.</param>
    Conditioning Encode(IReadOnlyList<string> texts, TextRole role, PixelSize size);
}

/// <summary>What a text is for.</summary>
internal enum TextRole
{
    /// <summary>What the image shows.</summary>
    Prompt,
    /// <summary>What guidance steers away from.</summary>
    Negative,
}

/// <summary>Size of an image in pixels.</summary>
internal readonly record struct PixelSize(int Height, int Width);
