namespace Qua2SeDiMo.Metrics;

/// <summary>CLIP score (Hessel et al., EMNLP 2021): how well images match their prompts, as the cosine of CLIP image
/// and text embeddings with negative values set to 0; larger is better.</summary>
internal static class ClipScore
{
    /// <summary>Score of one pair: max(100·cosine, 0), 0 to 100.</summary>
    public static double OfPair(ReadOnlySpan<float> image, ReadOnlySpan<float> text) =>
        Math.Max(100 * CosineSimilarity.Of(image, text), 0);

    /// <summary>Score of each pair of rows, 0 to 100.</summary>
    /// <param name="images">Row-major [samples, width] image embeddings; they need not have unit length.</param>
    /// <param name="texts">As many text embeddings.</param>
    /// <param name="width">Features of one embedding.</param>
    /// <exception cref="ArgumentException">The sets differ in size or are not whole rows.</exception>
    public static double[] OfRows(ReadOnlySpan<float> images, ReadOnlySpan<float> texts, int width)
    {
        double[] scores = CosineSimilarity.OfRows(images, texts, width);
        for (int i = 0; i < scores.Length; i++)
            scores[i] = Math.Max(100 * scores[i], 0);
        return scores;
    }

    /// <summary>CLIP-S of the same paper: mean of 2.5·max(cosine, 0), from the scores of <see cref="OfRows"/>; 0 to
    /// 2.5.</summary>
    public static double ClipS(IReadOnlyCollection<double> scores) => scores.Average() * 0.025;
}
