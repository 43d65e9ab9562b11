namespace Qua2SeDiMo.Diffusion;

/// <summary>
/// Limits of one call, far above practical use. They turn a mistyped number or a damaged configuration into a clear
/// error instead of an allocation failure.
/// </summary>
internal static class GenerationLimits
{
    /// <summary>Largest height and width in pixels.</summary>
    public const int Side = 16_384;

    /// <summary>Largest number of images of one call or study.</summary>
    public const int Images = 100_000;

    /// <summary>Largest number of images in one batch.</summary>
    public const int Batch = 1_024;

    // Largest number of latent values of one image, for instance 64 channels at 2048 × 2048.
    private const long Latents = 1L << 28;

    /// <summary>Checks the latent shape of a request or configuration, and returns it.</summary>
    /// <exception cref="GenerationException">A number is beyond the limits.</exception>
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

    /// <summary>Checks the number of images and the batch size, also against the largest array.</summary>
    /// <exception cref="GenerationException">A number is beyond the limits.</exception>
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
