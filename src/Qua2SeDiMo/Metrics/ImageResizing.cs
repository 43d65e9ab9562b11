namespace Qua2SeDiMo.Metrics;

/// <summary>Filter by which source pixels are weighted when an image is resized.</summary>
internal enum ResamplingFilter
{
    /// <summary>Mean over the covered area.</summary>
    Box,

    /// <summary>Triangle of half-width 1.</summary>
    Bilinear,

    /// <summary>Cubic of half-width 2 with a = −0.5 (Keys, 1981).</summary>
    Bicubic,

    /// <summary>Windowed sinc of half-width 3.</summary>
    Lanczos,
}

/// <summary>
/// Antialiased resizing of interleaved images. For 8-bit images the result is identical to Pillow's: the filter is
/// widened when shrinking, the horizontal pass precedes the vertical one, and weights have 22 fractional bits.
/// </summary>
internal static class ImageResizing
{
    // As in Pillow: 32 bits, minus 8 for the pixel, minus 2 of headroom.
    private const int FractionBits = 22;

    /// <summary>Resizes an 8-bit image.</summary>
    /// <param name="source">[height, width, channels].</param>
    /// <param name="height">Rows of the source.</param>
    /// <param name="width">Columns of the source.</param>
    /// <param name="channels">Interleaved channels.</param>
    /// <param name="newHeight">Rows of the result.</param>
    /// <param name="newWidth">Columns of the result.</param>
    /// <param name="filter">Resampling filter.</param>
    /// <returns>[newHeight, newWidth, channels], rounded and clamped to 0…255 after each direction.</returns>
    /// <exception cref="ArgumentException">The source's length does not match its shape.</exception>
    public static byte[] Resize(
        ReadOnlySpan<byte> source,
        int height,
        int width,
        int channels,
        int newHeight,
        int newWidth,
        ResamplingFilter filter
    )
    {
        CheckShape(source.Length, height, width, channels);
        byte[] rows = source.ToArray();
        if (newWidth != width)
        {
            rows = new byte[height * newWidth * channels];
            Resample(source, rows, height, width, channels, Taps.Create(width, newWidth, filter));
        }
        if (newHeight == height)
            return rows;
        byte[] result = new byte[newHeight * newWidth * channels];
        Resample(rows, result, 1, height, newWidth * channels, Taps.Create(height, newHeight, filter));
        return result;
    }

    /// <summary>Resizes a single-precision image without rounding to integers or clamping overshoots.</summary>
    /// <param name="source">[height, width, channels].</param>
    /// <param name="height">Rows of the source.</param>
    /// <param name="width">Columns of the source.</param>
    /// <param name="channels">Interleaved channels.</param>
    /// <param name="newHeight">Rows of the result.</param>
    /// <param name="newWidth">Columns of the result.</param>
    /// <param name="filter">Resampling filter.</param>
    /// <returns>[newHeight, newWidth, channels].</returns>
    /// <exception cref="ArgumentException">The source's length does not match its shape.</exception>
    public static float[] Resize(
        ReadOnlySpan<float> source,
        int height,
        int width,
        int channels,
        int newHeight,
        int newWidth,
        ResamplingFilter filter
    )
    {
        CheckShape(source.Length, height, width, channels);
        float[] rows = source.ToArray();
        if (newWidth != width)
        {
            rows = new float[height * newWidth * channels];
            Resample(source, rows, height, width, channels, Taps.Create(width, newWidth, filter));
        }
        if (newHeight == height)
            return rows;
        float[] result = new float[newHeight * newWidth * channels];
        Resample(rows, result, 1, height, newWidth * channels, Taps.Create(height, newHeight, filter));
        return result;
    }

    // Serves both directions: [outer, length, inner] is resampled along its middle axis.
    private static void Resample(
        ReadOnlySpan<byte> source,
        Span<byte> destination,
        int outer,
        int length,
        int inner,
        Taps taps
    )
    {
        int newLength = taps.Starts.Length;
        int[] sums = new int[inner];
        for (int x = 0; x < newLength; x++)
        {
            int[] weights = Array.ConvertAll(
                taps.Weights[x],
                weight => (int)((weight * (1 << FractionBits)) + (weight < 0 ? -0.5 : 0.5))
            );
            for (int block = 0; block < outer; block++)
            {
                Array.Fill(sums, 1 << (FractionBits - 1));
                for (int k = 0; k < weights.Length; k++)
                {
                    ReadOnlySpan<byte> pixels = source.Slice(((block * length) + taps.Starts[x] + k) * inner, inner);
                    for (int i = 0; i < inner; i++)
                        sums[i] += pixels[i] * weights[k];
                }
                Span<byte> target = destination.Slice(((block * newLength) + x) * inner, inner);
                for (int i = 0; i < inner; i++)
                    target[i] = (byte)Math.Clamp(sums[i] >> FractionBits, 0, 255);
            }
        }
    }

    private static void Resample(
        ReadOnlySpan<float> source,
        Span<float> destination,
        int outer,
        int length,
        int inner,
        Taps taps
    )
    {
        int newLength = taps.Starts.Length;
        double[] sums = new double[inner];
        for (int x = 0; x < newLength; x++)
        {
            double[] weights = taps.Weights[x];
            for (int block = 0; block < outer; block++)
            {
                Array.Clear(sums);
                for (int k = 0; k < weights.Length; k++)
                {
                    ReadOnlySpan<float> pixels = source.Slice(((block * length) + taps.Starts[x] + k) * inner, inner);
                    for (int i = 0; i < inner; i++)
                        sums[i] += pixels[i] * weights[k];
                }
                Span<float> target = destination.Slice(((block * newLength) + x) * inner, inner);
                for (int i = 0; i < inner; i++)
                    target[i] = (float)sums[i];
            }
        }
    }

    private static void CheckShape(int length, int height, int width, int channels)
    {
        if (length != (long)height * width * channels)
        {
            throw new ArgumentException(
                $"{length} values are not an image of [{height}, {width}, {channels}].",
                nameof(length)
            );
        }
    }

    // For each output position, the first contributing source position and the normalised weights from there on.
    private sealed record Taps(int[] Starts, double[][] Weights)
    {
        public static Taps Create(int length, int newLength, ResamplingFilter filter)
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(newLength);
            double scale = (double)length / newLength,
                stretch = Math.Max(scale, 1),
                support = HalfWidth(filter) * stretch,
                shrink = 1 / stretch;
            int[] starts = new int[newLength];
            double[][] weights = new double[newLength][];
            for (int x = 0; x < newLength; x++)
            {
                double centre = (x + 0.5) * scale;
                int start = Math.Max((int)(centre - support + 0.5), 0),
                    end = Math.Min((int)(centre + support + 0.5), length);
                double[] row = new double[end - start];
                for (int k = 0; k < row.Length; k++)
                    row[k] = Value(filter, (k + start - centre + 0.5) * shrink);
                double sum = row.Sum();
                for (int k = 0; k < row.Length; k++)
                    row[k] /= sum;
                starts[x] = start;
                weights[x] = row;
            }
            return new Taps(starts, weights);
        }

        private static double HalfWidth(ResamplingFilter filter) =>
            filter switch
            {
                ResamplingFilter.Box => 0.5,
                ResamplingFilter.Bilinear => 1,
                ResamplingFilter.Bicubic => 2,
                _ => 3,
            };

        private static double Value(ResamplingFilter filter, double x)
        {
            double size = Math.Abs(x);
            return filter switch
            {
                ResamplingFilter.Box => x is > -0.5 and <= 0.5 ? 1 : 0,
                ResamplingFilter.Bilinear => Math.Max(1 - size, 0),
                ResamplingFilter.Bicubic when size < 1 => (((1.5 * size) - 2.5) * size * size) + 1,
                ResamplingFilter.Bicubic when size < 2 => -0.5 * ((((size - 5) * size) + 8) * size - 4),
                ResamplingFilter.Lanczos when x is >= -3 and < 3 => Sinc(x) * Sinc(x / 3),
                _ => 0,
            };
        }

        private static double Sinc(double x) => x == 0 ? 1 : Math.Sin(Math.PI * x) / (Math.PI * x);
    }
}
