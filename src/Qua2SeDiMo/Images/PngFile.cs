using SkiaSharp;

namespace Qua2SeDiMo.Images;

/// <summary>Encodes and decodes PNG bytes as images of floats, with the SkiaSharp library.</summary>
internal static class PngFile
{
    /// <summary>Largest number of pixels of an image that is read: 4096 × 4096.</summary>
    public const int MaximumPixels = 1 << 24;

    /// <summary>Encodes one image without loss.</summary>
    /// <param name="image">Row-major [height, width, 3], 0 … 1; values outside are clamped, NaN becomes 0.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <returns>An 8-bit sRGB PNG; each value is round(255·x), half to even.</returns>
    /// <exception cref="ArgumentException">The length is not height · width · 3.</exception>
    public static byte[] Encode(ReadOnlySpan<float> image, int height, int width)
    {
        using SKBitmap bitmap = ToBitmap(image, height, width);
        return Encode(bitmap);
    }

    /// <summary>Encodes one image, shrunk (never enlarged) so that its longer side is at most
    /// <paramref name="maxSide"/> pixels.</summary>
    /// <inheritdoc cref="Encode(ReadOnlySpan{float}, int, int)"/>
    public static byte[] EncodeThumbnail(ReadOnlySpan<float> image, int height, int width, int maxSide)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxSide, 1);
        using SKBitmap bitmap = ToBitmap(image, height, width);
        int longer = Math.Max(height, width);
        if (longer <= maxSide)
            return Encode(bitmap);
        var size = new SKImageInfo(
            Math.Max(1, (int)Math.Round((double)width * maxSide / longer)),
            Math.Max(1, (int)Math.Round((double)height * maxSide / longer)),
            SKColorType.Rgba8888,
            SKAlphaType.Opaque
        );
        using SKBitmap small = bitmap.Resize(size, new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear));
        return Encode(small);
    }

    /// <summary>Encodes a contact sheet: images side by side, row by row, on white.</summary>
    /// <param name="images">Row-major [count, height, width, 3], 0 … 1.</param>
    /// <param name="count">Number of images.</param>
    /// <param name="height">Rows of one image.</param>
    /// <param name="width">Columns of one image.</param>
    /// <param name="columns">Images in one row of the sheet.</param>
    /// <param name="gap">White pixels between and around images.</param>
    public static byte[] EncodeSheet(
        ReadOnlySpan<float> images,
        int count,
        int height,
        int width,
        int columns,
        int gap = 2
    )
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(gap);
        int length = checked(height * width * 3);
        if (images.Length != (long)count * length)
            throw WrongLength(images.Length, $"{count} × {height} × {width} × 3");
        columns = Math.Min(columns, count);
        int rows = (count + columns - 1) / columns;
        using var sheet = new SKBitmap(
            new SKImageInfo(
                (columns * (width + gap)) + gap,
                (rows * (height + gap)) + gap,
                SKColorType.Rgba8888,
                SKAlphaType.Opaque
            )
        );
        using var canvas = new SKCanvas(sheet);
        canvas.Clear(SKColors.White);
        for (int i = 0; i < count; i++)
        {
            using SKBitmap image = ToBitmap(images.Slice(i * length, length), height, width);
            canvas.DrawBitmap(
                image,
                gap + (i % columns * (width + gap)),
                gap + (i / columns * (height + gap)),
                SKSamplingOptions.Default
            );
        }
        canvas.Flush();
        return Encode(sheet);
    }

    /// <summary>Decodes a PNG (or any other format that the imaging library reads); transparent pixels are blended with
    /// white.</summary>
    /// <returns>Row-major [height, width, 3] in 0 … 1, with height and width.</returns>
    /// <exception cref="ImageFileException">The bytes are not an image, or it has more than <see cref="MaximumPixels"/>
    /// pixels.</exception>
    public static (float[] Image, int Height, int Width) Decode(ReadOnlySpan<byte> bytes, string source = "image")
    {
        using SKData data = SKData.CreateCopy(bytes);
        using SKCodec? codec = SKCodec.Create(data);
        // The size in the header is checked before memory for pixels is allocated.
        if (codec is not null && (long)codec.Info.Width * codec.Info.Height > MaximumPixels)
        {
            throw new ImageFileException(
                $"{source}: {codec.Info.Width} × {codec.Info.Height} pixels; at most {MaximumPixels:#,0} are read."
            );
        }
        using SKBitmap? decoded = codec is null ? null : SKBitmap.Decode(codec);
        if (decoded is null)
            throw new ImageFileException($"{source}: {bytes.Length} bytes are not an image; expected PNG.");
        var info = new SKImageInfo(decoded.Width, decoded.Height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        using var opaque = new SKBitmap(info);
        using (var canvas = new SKCanvas(opaque))
        {
            canvas.Clear(SKColors.White);
            canvas.DrawBitmap(decoded, 0, 0, SKSamplingOptions.Default);
            canvas.Flush();
        }
        ReadOnlySpan<byte> pixels = opaque.GetPixelSpan();
        float[] image = new float[checked(info.Height * info.Width * 3)];
        for (int row = 0, to = 0; row < info.Height; row++)
        {
            ReadOnlySpan<byte> line = pixels.Slice(row * opaque.RowBytes, info.Width * 4);
            for (int from = 0; from < line.Length; from += 4, to += 3)
            {
                image[to] = line[from] / 255f;
                image[to + 1] = line[from + 1] / 255f;
                image[to + 2] = line[from + 2] / 255f;
            }
        }
        return (image, info.Height, info.Width);
    }

    private static byte[] Encode(SKBitmap bitmap)
    {
        using SKPixmap pixels = bitmap.PeekPixels();
        using SKData data =
            pixels.Encode(new SKPngEncoderOptions(SKPngEncoderFilterFlags.AllFilters, 9))
            ?? throw new InvalidOperationException("The imaging library could not encode the image.");
        return data.ToArray();
    }

    private static SKBitmap ToBitmap(ReadOnlySpan<float> image, int height, int width)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        if (image.Length != (long)height * width * 3)
            throw WrongLength(image.Length, $"{height} × {width} × 3");
        var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        Span<byte> pixels = bitmap.GetPixelSpan();
        for (int row = 0, from = 0; row < height; row++)
        {
            Span<byte> line = pixels.Slice(row * bitmap.RowBytes, width * 4);
            for (int to = 0; to < line.Length; to += 4, from += 3)
            {
                line[to] = ToByte(image[from]);
                line[to + 1] = ToByte(image[from + 1]);
                line[to + 2] = ToByte(image[from + 2]);
                line[to + 3] = 255;
            }
        }
        return bitmap;
    }

    private static byte ToByte(float value) => value > 0f ? (byte)MathF.Round(Math.Min(value, 1f) * 255f) : (byte)0;

    private static ArgumentException WrongLength(int length, string shape) =>
        new($"{length} values are not an image of {shape}.", nameof(length));
}
