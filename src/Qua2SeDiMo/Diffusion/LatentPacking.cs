namespace Qua2SeDiMo.Diffusion;

/// <summary>Packs latents into tokens (FLUX): each 2 × 2 square becomes one token, whose values are ordered by channel,
/// row, column.</summary>
internal static class LatentPacking
{
    private const int Side = 2;

    /// <summary>Packs [channels, height, width] to [height/2 · width/2, channels · 4], image by image.</summary>
    internal static void Pack(ReadOnlySpan<float> latents, LatentShape shape, Span<float> tokens)
    {
        for (int start = 0; start < latents.Length; start += shape.Length)
        {
            ReadOnlySpan<float> image = latents.Slice(start, shape.Length);
            Span<float> packed = tokens.Slice(start, shape.Length);
            for (int i = 0; i < image.Length; i++)
                packed[TokenIndex(i, shape)] = image[i];
        }
    }

    /// <summary>The inverse of <see cref="Pack"/>.</summary>
    internal static void Unpack(ReadOnlySpan<float> tokens, LatentShape shape, Span<float> latents)
    {
        for (int start = 0; start < latents.Length; start += shape.Length)
        {
            ReadOnlySpan<float> packed = tokens.Slice(start, shape.Length);
            Span<float> image = latents.Slice(start, shape.Length);
            for (int i = 0; i < image.Length; i++)
                image[i] = packed[TokenIndex(i, shape)];
        }
    }

    private static int TokenIndex(int index, LatentShape shape)
    {
        (int rest, int column) = Math.DivRem(index, shape.Width);
        (int channel, int row) = Math.DivRem(rest, shape.Height);
        int token = (row / Side * (shape.Width / Side)) + (column / Side);
        return (((((token * shape.Channels) + channel) * Side) + (row % Side)) * Side) + (column % Side);
    }
}
