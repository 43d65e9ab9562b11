namespace Qua2SeDiMo.Diffusion;

/// <summary>Images of one size.</summary>
/// <param name="Height">Height in pixels.</param>
/// <param name="Width">Width in pixels.</param>
/// <param name="Pixels">Row-major [images, height, width, 3], each in [0, 1].</param>
internal sealed record ImageBatch(int Height, int Width, float[] Pixels)
{
    /// <summary>Number of values of one image.</summary>
    public int ImageLength => Height * Width * 3;

    /// <summary>Number of images.</summary>
    public int Count => ImageLength == 0 ? 0 : Pixels.Length / ImageLength;

    /// <summary>Pixels of one image, [height, width, 3].</summary>
    public ReadOnlySpan<float> Image(int index) => Pixels.AsSpan(index * ImageLength, ImageLength);

    /// <summary>Images with the given indices, in that order.</summary>
    public ImageBatch Select(IReadOnlyList<int> indices)
    {
        ArgumentNullException.ThrowIfNull(indices);
        float[] pixels = new float[indices.Count * ImageLength];
        for (int i = 0; i < indices.Count; i++)
            Image(indices[i]).CopyTo(pixels.AsSpan(i * ImageLength));
        return new ImageBatch(Height, Width, pixels);
    }
}
