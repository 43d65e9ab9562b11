using Qua2SeDiMo.Diffusion.RandomSources;

namespace Qua2SeDiMo.Diffusion;

/// <summary>The starting noise of a generation: each image has its own generator, equal to PyTorch's CPU generator for
/// its seed.</summary>
internal static class StartingNoise
{
    /// <summary>Unit normals for the given seeds, image by image.</summary>
    /// <param name="seeds">One seed per image.</param>
    /// <param name="imageLength">Number of latent values of one image.</param>
    public static float[] Of(IReadOnlyList<ulong> seeds, int imageLength)
    {
        ArgumentNullException.ThrowIfNull(seeds);
        float[] noise = new float[seeds.Count * imageLength];
        for (int i = 0; i < seeds.Count; i++)
            new TorchGenerator(seeds[i]).Normal(noise.AsSpan(i * imageLength, imageLength));
        return noise;
    }
}
