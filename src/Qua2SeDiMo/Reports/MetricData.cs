using Qua2SeDiMo.Plans;

namespace Qua2SeDiMo.Reports;

/// <summary>A metric of image quality.</summary>
/// <param name="Key">Name in the dictionaries of entries and trials.</param>
/// <param name="Label">Name for people, for instance "PSNR".</param>
/// <param name="Unit">Unit, or empty.</param>
/// <param name="HigherIsBetter">Which way is better.</param>
/// <param name="Decimals">Decimals that are worth showing.</param>
/// <param name="IsPaired">Whether each image is compared with the full-precision image of the same prompt and seed.</param>
/// <param name="Meaning">One sentence for the glossary.</param>
/// <param name="Reliability">Rank correlation over the trials between two disjoint halves of the prompts; null if not measured.</param>
public sealed record MetricData(
    string Key, string Label, string Unit, bool HigherIsBetter, int Decimals, bool IsPaired, string Meaning,
    Measured? Reliability = null)
{
    /// <summary>The metrics that a study records, paired ones first; their keys are the study's. Reliability is to be filled in.</summary>
    public static IReadOnlyList<MetricData> Standard { get; } =
    [
        new("clip-cosine", "CLIP cosine", "", true, 3, true,
            "Cosine between the CLIP features of a picture and of its full-precision twin, averaged over pictures."),
        new("ssim", "SSIM", "", true, 3, true, "Structural similarity of a picture and its full-precision twin, averaged over pictures."),
        new("psnr", "PSNR", "dB", true, 2, true, "Peak signal-to-noise ratio of a picture against its full-precision twin, averaged over pictures."),
        new("frechet", "Fréchet distance", "", false, 1, false,
            "Fréchet distance between the CLIP features of all pictures and those of real images (FID with CLIP features)."),
        new("kid", "KID", "", false, 4, false, "Kernel distance between the CLIP features of all pictures and those of real images."),
        new("clip-score", "CLIP score", "", true, 1, false, "100 × cosine between the CLIP features of a picture and of its prompt, averaged over pictures."),
    ];

    internal string LabelWithUnit => Unit.Length == 0 ? Label : $"{Label} ({Unit})";

    internal string Text(double? value) => FigureText.Fixed(value, Decimals);

    internal string TextWithUnit(double value) => Text(value) + (Unit.Length == 0 ? "" : "\u00A0" + Unit);

    /// <summary>Positive if <paramref name="left"/> is the better value.</summary>
    internal double Advantage(double left, double right) => HigherIsBetter ? left - right : right - left;
}
