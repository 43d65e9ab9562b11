using System.Numerics.Tensors;

namespace Qua2SeDiMo.Metrics;

/// <summary>
/// SSIM (Wang et al., IEEE TIP 2004, section III): local means, variances and covariance under an 11×11 Gaussian window
/// of σ = 1.5, data range 1, averaged over all whole windows and channels; −1 to 1, larger is better, 1 for equal
/// images.
/// </summary>
internal static class StructuralSimilarity
{
    /// <summary>Side of the window in pixels; images must be at least as large.</summary>
    public const int WindowSize = 11;

    private const double Sigma = 1.5;
    private const double C1 = 0.01 * 0.01;
    private const double C2 = 0.03 * 0.03;
    private static readonly double[] Window = GaussianWindow();

    /// <summary>SSIM of one image against its reference. For planar images, call it once per channel and
    /// average.</summary>
    /// <param name="image">[height, width, channels], values in [0, 1].</param>
    /// <param name="reference">The same shape.</param>
    /// <param name="height">Rows, at least <see cref="WindowSize"/>.</param>
    /// <param name="width">Columns, at least <see cref="WindowSize"/>.</param>
    /// <param name="channels">Interleaved channels.</param>
    /// <exception cref="ArgumentException">A length does not match the shape, or the image is smaller than the
    /// window.</exception>
    public static double Of(
        ReadOnlySpan<float> image,
        ReadOnlySpan<float> reference,
        int height,
        int width,
        int channels
    )
    {
        if (image.Length != (long)height * width * channels || reference.Length != image.Length)
        {
            throw new ArgumentException(
                $"Images of {image.Length} and {reference.Length} values are not both [{height}, {width}, {channels}].",
                nameof(image)
            );
        }
        if (height < WindowSize || width < WindowSize)
        {
            throw new ArgumentException(
                $"An image of {height}×{width} pixels is smaller than the {WindowSize}×{WindowSize} window.",
                nameof(image)
            );
        }
        double[] x = new double[image.Length],
            y = new double[image.Length],
            product = new double[image.Length];
        TensorPrimitives.ConvertTruncating(image, x);
        TensorPrimitives.ConvertTruncating(reference, y);
        double[] meanX = Filter(x, height, width, channels),
            meanY = Filter(y, height, width, channels);
        TensorPrimitives.Multiply<double>(x, x, product);
        double[] squareX = Filter(product, height, width, channels);
        TensorPrimitives.Multiply<double>(y, y, product);
        double[] squareY = Filter(product, height, width, channels);
        TensorPrimitives.Multiply<double>(x, y, product);
        double[] cross = Filter(product, height, width, channels);
        double sum = 0;
        for (int i = 0; i < meanX.Length; i++)
        {
            double muX = meanX[i],
                muY = meanY[i];
            double varianceX = squareX[i] - (muX * muX),
                varianceY = squareY[i] - (muY * muY),
                covariance = cross[i] - (muX * muY);
            sum +=
                ((2 * muX * muY) + C1)
                * ((2 * covariance) + C2)
                / (((muX * muX) + (muY * muY) + C1) * (varianceX + varianceY + C2));
        }
        return sum / meanX.Length;
    }

    // Applies the separable window along columns, then along rows; only where it lies fully inside the image.
    private static double[] Filter(ReadOnlySpan<double> values, int height, int width, int channels)
    {
        int rowLength = width * channels,
            outHeight = height - WindowSize + 1,
            outLength = (width - WindowSize + 1) * channels;
        double[] filtered = new double[outHeight * outLength];
        double[] column = new double[rowLength];
        for (int row = 0; row < outHeight; row++)
        {
            Array.Clear(column);
            for (int tap = 0; tap < WindowSize; tap++)
            {
                TensorPrimitives.MultiplyAdd(
                    values.Slice((row + tap) * rowLength, rowLength),
                    Window[tap],
                    column,
                    column
                );
            }
            Span<double> destination = filtered.AsSpan(row * outLength, outLength);
            for (int tap = 0; tap < WindowSize; tap++)
            {
                TensorPrimitives.MultiplyAdd(
                    column.AsSpan(tap * channels, outLength),
                    Window[tap],
                    destination,
                    destination
                );
            }
        }
        return filtered;
    }

    private static double[] GaussianWindow()
    {
        double[] window = new double[WindowSize];
        for (int i = 0; i < WindowSize; i++)
        {
            double distance = i - (WindowSize / 2);
            window[i] = Math.Exp(-distance * distance / (2 * Sigma * Sigma));
        }
        double sum = window.Sum();
        for (int i = 0; i < WindowSize; i++)
            window[i] /= sum;
        return window;
    }
}
