namespace Qua2SeDiMo.Metrics;

/// <summary>PSNR: 10·log₁₀(1 / mean squared error) of images in [0, 1], in decibels; larger is better.</summary>
internal static class PeakSignalToNoise
{
    /// <summary>Upper limit, also used for equal images, whose error of 0 has no logarithm; corresponds to a mean
    /// squared error of 10⁻¹⁰.</summary>
    public const double LargestDecibels = 100;

    /// <summary>PSNR of an image against its reference, at most <see cref="LargestDecibels"/>.</summary>
    /// <param name="image">Values in [0, 1], any layout.</param>
    /// <param name="reference">The same layout.</param>
    /// <exception cref="ArgumentException">The sizes differ, or there are no values.</exception>
    public static double Decibels(ReadOnlySpan<float> image, ReadOnlySpan<float> reference)
    {
        if (image.Length != reference.Length || image.IsEmpty)
        {
            throw new ArgumentException(
                $"Images of {image.Length} and {reference.Length} values cannot be compared.",
                nameof(reference)
            );
        }
        double meanSquare = FeatureRows.SquaredDistance(image, reference) / image.Length;
        return Math.Min(-10 * Math.Log10(meanSquare), LargestDecibels);
    }
}
