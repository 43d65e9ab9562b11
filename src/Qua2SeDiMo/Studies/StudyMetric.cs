namespace Qua2SeDiMo.Studies;

/// <summary>Which way a number is better.</summary>
public enum StudyDirection
{
    /// <summary>Larger is better.</summary>
    Maximize,
    /// <summary>Smaller is better.</summary>
    Minimize,
}

/// <summary>A number that trials record.</summary>
/// <param name="Name">Key in <see cref="Trial.Metrics"/> and value of <c>--objective</c>.</param>
/// <param name="Title">Words for tables and charts, with the unit.</param>
/// <param name="Direction">Which way is better.</param>
/// <param name="IsPaired">Whether each image is compared with the full-precision image of the same prompt and seed.</param>
public sealed record StudyMetric(string Name, string Title, StudyDirection Direction, bool IsPaired)
{
    /// <summary>Mean PSNR against the full-precision images.</summary>
    public static StudyMetric Psnr { get; } = new("psnr", "PSNR to full precision, dB", StudyDirection.Maximize, true);

    /// <summary>Mean SSIM against the full-precision images.</summary>
    public static StudyMetric Ssim { get; } = new("ssim", "SSIM to full precision", StudyDirection.Maximize, true);

    /// <summary>Mean cosine between CLIP image embeddings and those of the full-precision images.</summary>
    public static StudyMetric ClipCosine { get; } = new("clip-cosine", "CLIP cosine to full precision", StudyDirection.Maximize, true);

    /// <summary>Mean of 100 · cosine between CLIP image and prompt embeddings.</summary>
    public static StudyMetric ClipScore { get; } = new("clip-score", "CLIP score", StudyDirection.Maximize, false);

    /// <summary>Fréchet distance of CLIP image embeddings to those of real images.</summary>
    public static StudyMetric Frechet { get; } = new("frechet", "Fréchet distance to real images", StudyDirection.Minimize, false);

    /// <summary>KID of CLIP image embeddings to those of real images.</summary>
    public static StudyMetric Kid { get; } = new("kid", "KID to real images", StudyDirection.Minimize, false);

    /// <summary>AverageBits of the allocation, tables included.</summary>
    public static StudyMetric AverageBits { get; } = new("average-bits", "Average bits", StudyDirection.Minimize, false);

    /// <summary>Bytes of the quantized weights.</summary>
    public static StudyMetric SizeBytes { get; } = new("size-bytes", "Bytes of quantized weights", StudyDirection.Minimize, false);

    /// <summary>Σ MACs × weight bits × activation bits of one call of the denoiser.</summary>
    public static StudyMetric BitOperations { get; } = new("bops", "Bit operations", StudyDirection.Minimize, false);

    /// <summary>Sum over weights of mean |w − ŵ|^2.4.</summary>
    public static StudyMetric WeightError { get; } = new("weight-error", "Weight error", StudyDirection.Minimize, false);

    /// <summary>Metrics of image quality, any of which may be the objective; where several are equally reliable, the first is preferred.</summary>
    public static IReadOnlyList<StudyMetric> Quality { get; } = [ClipCosine, Ssim, Psnr, ClipScore, Frechet, Kid];

    /// <summary>Metrics that follow from the allocation alone.</summary>
    public static IReadOnlyList<StudyMetric> Cost { get; } = [AverageBits, SizeBytes, BitOperations, WeightError];

    /// <summary>The metric of this name.</summary>
    /// <exception cref="UnknownObjectiveException">There is none; the message lists those that there are.</exception>
    public static StudyMetric OfQuality(string name) =>
        Quality.FirstOrDefault(metric => string.Equals(metric.Name, name, StringComparison.OrdinalIgnoreCase))
        ?? throw UnknownObjectiveException.For(name);
}
