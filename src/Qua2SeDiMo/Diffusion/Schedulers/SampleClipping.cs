using System.Buffers;
using System.Numerics.Tensors;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Diffusion.Schedulers;

/// <summary>
/// Limits the predicted clean sample to a range: by fixed bounds (<c>clip_sample</c>), or by dynamic thresholding
/// (<c>thresholding</c>; Saharia et al., Imagen, NeurIPS 2022), where a high percentile of each image's magnitudes, if
/// above 1, becomes the bound and the sample is divided by it.
/// </summary>
internal sealed class SampleClipping
{
    private readonly bool thresholds;
    private readonly bool clips;
    private readonly float range;
    private readonly float ratio;
    private readonly float maximum;

    /// <summary>Reads thresholding, dynamic_thresholding_ratio, sample_max_value and, with
    /// <paramref name="clipsByDefault"/>, clip_sample and clip_sample_range.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="clipsByDefault">Default of clip_sample; null for algorithms that do not have this key.</param>
    public SampleClipping(ComponentConfig config, bool? clipsByDefault)
    {
        thresholds = config.Flag("thresholding", false);
        clips = clipsByDefault is { } clip && config.Flag("clip_sample", clip);
        range = (float)config.Number("clip_sample_range", 1);
        ratio = (float)config.Number("dynamic_thresholding_ratio", 0.995);
        maximum = (float)config.Number("sample_max_value", 1);
    }

    /// <summary>Whether clipping or thresholding is on.</summary>
    public bool IsActive => thresholds || clips;

    /// <summary>Clips in place.</summary>
    /// <param name="clean">Predicted clean sample, [imageCount, …].</param>
    /// <param name="imageCount">Images in the batch.</param>
    public void Apply(Span<float> clean, int imageCount)
    {
        if (thresholds)
        {
            int length = clean.Length / imageCount;
            for (int i = 0; i < imageCount; i++)
                Threshold(clean.Slice(i * length, length));
        }
        else if (clips)
        {
            Clamp(clean, range);
        }
    }

    private void Threshold(Span<float> image)
    {
        float[] rented = ArrayPool<float>.Shared.Rent(image.Length);
        Span<float> magnitudes = rented.AsSpan(0, image.Length);
        TensorPrimitives.Abs(image, magnitudes);
        magnitudes.Sort();
        float rank = ratio * (image.Length - 1);
        int below = (int)rank;
        float low = magnitudes[below],
            high = magnitudes[Math.Min(below + 1, image.Length - 1)];
        float percentile = low + ((rank - below) * (high - low));
        ArrayPool<float>.Shared.Return(rented);
        float bound = Math.Min(Math.Max(percentile, 1), maximum);
        Clamp(image, bound);
        TensorPrimitives.Divide(image, bound, image);
    }

    private static void Clamp(Span<float> values, float bound)
    {
        TensorPrimitives.Max(values, -bound, values);
        TensorPrimitives.Min(values, bound, values);
    }
}
