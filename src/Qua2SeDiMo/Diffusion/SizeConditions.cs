namespace Qua2SeDiMo.Diffusion;

/// <summary>
/// Size conditions of Stable Diffusion XL: original size, crop position and target size of a training picture that the
/// image should resemble (Podell et al., 2023, section 2.2). They do not change the size of the image. Defaults are
/// those of StableDiffusionXLPipeline of diffusers.
/// </summary>
public sealed record SizeConditions
{
    /// <summary>Size before scaling and cropping; null for that of the generated image.</summary>
    public PixelSize? OriginalSize { get; init; }

    /// <summary>Upper left corner of the crop; null for (0, 0).</summary>
    public CropOffset? Crop { get; init; }

    /// <summary>Size after scaling and cropping; null for that of the generated image.</summary>
    public PixelSize? TargetSize { get; init; }

    /// <summary><see cref="OriginalSize"/> for the negative half of guidance; used only together with
    /// <see cref="NegativeTargetSize"/>.</summary>
    public PixelSize? NegativeOriginalSize { get; init; }

    /// <summary><see cref="Crop"/> for the negative half; used only when both negative sizes are given.</summary>
    public CropOffset? NegativeCrop { get; init; }

    /// <summary><see cref="TargetSize"/> for the negative half; used only together with
    /// <see cref="NegativeOriginalSize"/>.</summary>
    public PixelSize? NegativeTargetSize { get; init; }

    /// <summary>Whether no condition is given.</summary>
    internal bool IsEmpty => this == new SizeConditions();

    /// <summary>Whether the negative half has separate conditions: both negative sizes must be given, else those of the
    /// prompt are used.</summary>
    internal bool HasNegative => NegativeOriginalSize is not null && NegativeTargetSize is not null;

    /// <summary>The six numbers of the denoiser's input: original height and width, top, left, target height and
    /// width.</summary>
    /// <param name="image">Size of the generated image.</param>
    /// <param name="isNegative">Whether the numbers are for the negative half.</param>
    internal float[] TimeIds(PixelSize image, bool isNegative)
    {
        bool own = isNegative && HasNegative;
        PixelSize original = (own ? NegativeOriginalSize : OriginalSize) ?? image,
            target = (own ? NegativeTargetSize : TargetSize) ?? image;
        CropOffset crop = (own ? NegativeCrop : Crop) ?? default;
        return [original.Height, original.Width, crop.Top, crop.Left, target.Height, target.Width];
    }
}
