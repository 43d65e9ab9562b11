namespace Qua2SeDiMo.Diffusion;

/// <summary>
/// What one call may ask for. The numbers lie far above any use; they are there so that a slip of the keyboard or a
/// damaged configuration is refused with a word instead of by the operating system.
/// </summary>
internal static class GenerationLimits
{
    /// <summary>Pixels of a side.</summary>
    public const int Side = 16_384;

    /// <summary>Images of one call or study.</summary>
    public const int Images = 100_000;

    /// <summary>Images that go through the denoiser together.</summary>
    public const int Batch = 1_024;

    // Latents of an image, channels included: 64 channels at 2048 × 2048.
    private const long Latents = 1L << 28;

    /// <summary>Checks extents that a request or a configuration asks for.</summary>
    /// <exception cref="GenerationException">They are beyond the limits.</exception>
    internal static LatentShape Check(LatentShape shape, int scale, string model)
    {
        if (
            shape.Channels < 1
            || shape.Height < 1
            || shape.Width < 1
            || (long)shape.Height * scale > Side
            || (long)shape.Width * scale > Side
            || (long)shape.Channels * shape.Height * shape.Width > Latents
        )
        {
            throw new GenerationException(
                $"{model}: latents of {shape.Channels} × {shape.Height} × {shape.Width} with {scale} pixels each; "
                    + $"images of 1 to {Side:#,0} pixels a side are made. "
                    + "Ask for another size, or look at sample_size and the channels in the configurations of denoiser and vae."
            );
        }
        return shape;
    }

    /// <summary>Checks numbers of images against what memory can address.</summary>
    /// <exception cref="GenerationException">They are beyond the limits.</exception>
    internal static void Check(int images, int batch, LatentShape shape, int scale)
    {
        if (images > Images)
            throw new GenerationException(
                $"{images:#,0} images were asked for; at most {Images:#,0} are made in one call."
            );
        if (batch is < 1 or > Batch)
            throw new GenerationException(
                $"A batch of {batch:#,0} images was asked for; 1 to {Batch:#,0} are possible."
            );
        long perImage = Math.Max(
            (long)shape.Channels * shape.Height * shape.Width * 2,
            (long)shape.Height * scale * shape.Width * scale * 3
        );
        if (images > Array.MaxLength / perImage)
        {
            throw new GenerationException(
                $"{images:#,0} images of {shape.Height * scale} × {shape.Width * scale} pixels are more than one "
                    + $"call holds, {Array.MaxLength / perImage:#,0}; ask for fewer or smaller ones."
            );
        }
    }
}
