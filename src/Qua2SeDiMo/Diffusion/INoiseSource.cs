using Qua2SeDiMo.Diffusion.RandomSources;

namespace Qua2SeDiMo.Diffusion;

/// <summary>Source of unit normals for images: first the starting noise of an image, then the noise of each step, for
/// schedulers that need it.</summary>
internal interface INoiseSource
{
    /// <summary>Number of images.</summary>
    int ImageCount { get; }

    /// <summary>Writes the next normals of one image.</summary>
    /// <param name="image">Index of the image, from 0.</param>
    /// <param name="destination">Span with the length of one image's latents.</param>
    void Draw(int image, Span<float> destination);
}

/// <summary>One generator per image, so that an image depends only on its seed, not on its batch.</summary>
/// <param name="seeds">One seed per image; the streams are those of PyTorch's CPU generator.</param>
internal sealed class SeededNoise(IReadOnlyList<ulong> seeds) : INoiseSource
{
    private readonly TorchGenerator[] generators = [.. seeds.Select(seed => new TorchGenerator(seed))];

    /// <inheritdoc/>
    public int ImageCount => generators.Length;

    /// <inheritdoc/>
    public void Draw(int image, Span<float> destination) => generators[image].Normal(destination);
}

/// <summary>Given starting noise, one draw per image; schedulers that need noise at each step need
/// <see cref="SeededNoise"/>.</summary>
/// <param name="normals">Unit normals, [images, channels, height, width].</param>
/// <param name="imageLength">Number of latent values of one image.</param>
internal sealed class GivenNoise(ReadOnlyMemory<float> normals, int imageLength) : INoiseSource
{
    private readonly bool[] isDrawn = new bool[normals.Length / imageLength];

    public int ImageCount => isDrawn.Length;

    public void Draw(int image, Span<float> destination)
    {
        if (isDrawn[image])
            throw new GenerationException(
                "This scheduler draws noise at each step; generate from seeds instead of from given starting noise."
            );
        isDrawn[image] = true;
        normals.Span.Slice(image * imageLength, imageLength).CopyTo(destination);
    }
}
