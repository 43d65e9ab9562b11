using Qua2SeDiMo.Diffusion.RandomSources;

namespace Qua2SeDiMo.Diffusion;

/// <summary>The noise that a generation starts from: for each image its own generator, as PyTorch's CPU generator gives
/// it for a seed.</summary>
internal static class StartingNoise
{
    /// <summary>Unit normals for images of the given seeds, one after another.</summary>
    /// <param name="seeds">One seed per image.</param>
    /// <param name="imageLength">Latent values of one image.</param>
    public static float[] Of(IReadOnlyList<ulong> seeds, int imageLength)
    {
        ArgumentNullException.ThrowIfNull(seeds);
        float[] noise = new float[seeds.Count * imageLength];
        for (int i = 0; i < seeds.Count; i++)
            new TorchGenerator(seeds[i]).Normal(noise.AsSpan(i * imageLength, imageLength));
        return noise;
    }
}
