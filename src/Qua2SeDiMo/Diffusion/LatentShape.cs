namespace Qua2SeDiMo.Diffusion;

/// <summary>Extents of one image's latents.</summary>
internal readonly record struct LatentShape(int Channels, int Height, int Width)
{
    /// <summary>Values of one image.</summary>
    public int Length => Channels * Height * Width;

    /// <summary>Number of images that a number of values makes.</summary>
    public int Count(int values) => values / Length;
}
