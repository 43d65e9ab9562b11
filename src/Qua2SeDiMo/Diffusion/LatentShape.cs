namespace Qua2SeDiMo.Diffusion;

/// <summary>Shape of one image's latents.</summary>
internal readonly record struct LatentShape(int Channels, int Height, int Width)
{
    /// <summary>Number of values of one image.</summary>
    public int Length => Channels * Height * Width;

    /// <summary>Number of images with this many values in total.</summary>
    public int Count(int values) => values / Length;
}
