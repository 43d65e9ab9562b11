namespace Qua2SeDiMo.Studies.Objectives;

/// <summary>Whether larger or smaller values of a metric are better.</summary>
internal enum StudyDirection
{
    /// <summary>Larger is better.</summary>
    Maximize,

    /// <summary>Smaller is better.</summary>
    Minimize,
}

/// <summary>A number that is recorded for each trial.</summary>
/// <param name="Name">Key in <see cref="Trial.Metrics"/> and value of <c>--objective</c>.</param>
/// <param name="Label">Name in tables and charts, for instance "PSNR".</param>
/// <param name="Direction">Whether larger or smaller values are better.</param>
/// <param name="IsPaired">Whether each image is compared with the full-precision image of the same prompt and
/// seed.</param>
internal sealed record StudyMetric(string Name, string Label, StudyDirection Direction, bool IsPaired)
{
    /// <summary>Mean PSNR against the full-precision images.</summary>
    public static StudyMetric Psnr { get; } =
        new("psnr", "PSNR", StudyDirection.Maximize, true)
        {
            Unit = "dB",
            Decimals = 2,
            Meaning =
                "Peak signal-to-noise ratio of a picture against its full-precision twin, averaged over pictures.",
        };

    /// <summary>Mean SSIM against the full-precision images.</summary>
    public static StudyMetric Ssim { get; } =
        new("ssim", "SSIM", StudyDirection.Maximize, true)
        {
            Meaning = "Structural similarity of a picture and its full-precision twin, averaged over pictures.",
        };

    /// <summary>Mean cosine between CLIP image embeddings and those of the full-precision images.</summary>
    public static StudyMetric ClipCosine { get; } =
        new("clip-cosine", "CLIP cosine", StudyDirection.Maximize, true)
        {
            Meaning =
                "Cosine between the CLIP features of a picture and of its full-precision twin, averaged over pictures.",
        };

    /// <summary>Mean of 100 · cosine between CLIP image and prompt embeddings.</summary>
    public static StudyMetric ClipScore { get; } =
        new("clip-score", "CLIP score", StudyDirection.Maximize, false)
        {
            Decimals = 1,
            Meaning = "100 × cosine between the CLIP features of a picture and of its prompt, averaged over pictures.",
        };

    /// <summary>Fréchet distance of CLIP image embeddings to those of real images.</summary>
    public static StudyMetric Frechet { get; } =
        new("frechet", "Fréchet distance", StudyDirection.Minimize, false)
        {
            Decimals = 1,
            Meaning =
                "Fréchet distance between the CLIP features of all pictures and those of real images (FID with CLIP features).",
        };

    /// <summary>KID of CLIP image embeddings to those of real images.</summary>
    public static StudyMetric Kid { get; } =
        new("kid", "KID", StudyDirection.Minimize, false)
        {
            Decimals = 4,
            Meaning = "Kernel distance between the CLIP features of all pictures and those of real images.",
        };

    /// <summary>AverageBits of the allocation, palettes, scales and zero points included.</summary>
    public static StudyMetric AverageBits { get; } =
        new("average-bits", "Average bits", StudyDirection.Minimize, false);

    /// <summary>Bytes of the quantized weights.</summary>
    public static StudyMetric SizeBytes { get; } =
        new("size-bytes", "Bytes of quantized weights", StudyDirection.Minimize, false);

    /// <summary>Σ MACs × weight bits × activation bits of one call of the denoiser.</summary>
    public static StudyMetric BitOperations { get; } = new("bops", "Bit operations", StudyDirection.Minimize, false);

    /// <summary>Sum over weights of mean |w − ŵ|^2.4.</summary>
    public static StudyMetric WeightError { get; } =
        new("weight-error", "Weight error", StudyDirection.Minimize, false);

    /// <summary>The label, with "to full precision" added for paired metrics.</summary>
    public string Title => IsPaired ? $"{Label} to full precision" : Label;

    /// <summary>Unit; empty for none.</summary>
    public string Unit { get; init; } = "";

    /// <summary>Number of decimals to show.</summary>
    public int Decimals { get; init; } = 3;

    /// <summary>One sentence for glossaries; empty for the metrics of <see cref="Cost"/>.</summary>
    public string Meaning { get; init; } = "";

    /// <summary>Metrics of image quality, which can be the objective, in order of preference among equally reliable
    /// ones.</summary>
    public static IReadOnlyList<StudyMetric> Quality { get; } = [ClipCosine, Ssim, Psnr, ClipScore, Frechet, Kid];

    /// <summary>Metrics that follow from the allocation alone.</summary>
    public static IReadOnlyList<StudyMetric> Cost { get; } = [AverageBits, SizeBytes, BitOperations, WeightError];

    /// <summary>The metric of this name.</summary>
    /// <exception cref="UnknownObjectiveException">There is no metric of this name; the message lists the
    /// metrics.</exception>
    public static StudyMetric OfQuality(string name) =>
        Quality.FirstOrDefault(metric => string.Equals(metric.Name, name, StringComparison.OrdinalIgnoreCase))
        ?? throw UnknownObjectiveException.For(name);
}
