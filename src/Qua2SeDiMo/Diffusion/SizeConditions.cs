namespace Qua2SeDiMo.Diffusion;

/// <summary>
/// Size conditions of Stable Diffusion XL, which describe the picture that an image is to look like: the size that it
/// had, where it was cropped, the size that it was cropped to (Podell et al., 2023, section 2.2). Defaults are those of
/// StableDiffusionXLPipeline of diffusers.
/// </summary>
public sealed record SizeConditions
{
    /// <summary>Size before scaling and cropping; null for the image's own.</summary>
    public PixelSize? OriginalSize { get; init; }

    /// <summary>Where the crop begins; null for the upper left corner.</summary>
    public CropOffset? Crop { get; init; }

    /// <summary>Size after scaling and cropping; null for the image's own.</summary>
    public PixelSize? TargetSize { get; init; }

    /// <summary><see cref="OriginalSize"/> for the half of guidance that is steered away from.</summary>
    public PixelSize? NegativeOriginalSize { get; init; }

    /// <summary><see cref="Crop"/> for that half.</summary>
    public CropOffset? NegativeCrop { get; init; }

    /// <summary><see cref="TargetSize"/> for that half.</summary>
    public PixelSize? NegativeTargetSize { get; init; }

    /// <summary>Whether anything is said.</summary>
    internal bool IsEmpty => this == new SizeConditions();

    /// <summary>Whether the negative half has sizes of its own: both must be given, else those of the prompt hold for
    /// it too.</summary>
    internal bool HasNegative => NegativeOriginalSize is not null && NegativeTargetSize is not null;

    /// <summary>The six numbers of the denoiser's input: original height and width, top, left, target height and
    /// width.</summary>
    /// <param name="image">Size of the image.</param>
    /// <param name="isNegative">For the half that is steered away from.</param>
    internal float[] TimeIds(PixelSize image, bool isNegative)
    {
        bool own = isNegative && HasNegative;
        PixelSize original = (own ? NegativeOriginalSize : OriginalSize) ?? image,
            target = (own ? NegativeTargetSize : TargetSize) ?? image;
        CropOffset crop = (own ? NegativeCrop : Crop) ?? default;
        return [original.Height, original.Width, crop.Top, crop.Left, target.Height, target.Width];
    }
}
