using Qua2SeDiMo.Diffusion.RandomSources;

namespace Qua2SeDiMo.Diffusion;

/// <summary>Unit normals for images: first the starting noise of each, then, for schedulers that draw it, the noise of
/// each step in turn.</summary>
internal interface INoiseSource
{
    /// <summary>Images that there is noise for.</summary>
    int ImageCount { get; }

    /// <summary>Fills with the next normals of one image.</summary>
    /// <param name="image">Index of the image, from 0.</param>
    /// <param name="destination">As long as the image's latents.</param>
    void Draw(int image, Span<float> destination);
}

/// <summary>A generator of its own for each image, so that an image depends on its seed alone and not on the batch it
/// is in.</summary>
/// <param name="seeds">One seed per image; the streams are those of PyTorch's CPU generator.</param>
internal sealed class SeededNoise(IReadOnlyList<ulong> seeds) : INoiseSource
{
    private readonly TorchGenerator[] generators = [.. seeds.Select(seed => new TorchGenerator(seed))];

    /// <inheritdoc/>
    public int ImageCount => generators.Length;

    /// <inheritdoc/>
    public void Draw(int image, Span<float> destination) => generators[image].Normal(destination);
}

/// <summary>Given starting noise; schedulers that draw noise at each step need <see cref="SeededNoise"/>
/// instead.</summary>
/// <param name="normals">[images, channels, height, width].</param>
/// <param name="imageLength">Values of one image.</param>
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
