namespace Qua2SeDiMo.Metrics;

/// <summary>Cosine of the angle between embeddings: −1 to 1, larger is better, no unit.</summary>
internal static class CosineSimilarity
{
    /// <summary>Cosine of two vectors; 0 if either is zero.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static double Of(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        if (x.Length != y.Length)
            throw new ArgumentException($"Vectors of {x.Length} and {y.Length} features have no angle.", nameof(y));
        double norms = Math.Sqrt(FeatureRows.Dot(x, x)) * Math.Sqrt(FeatureRows.Dot(y, y));
        return norms == 0 ? 0 : FeatureRows.Dot(x, y) / norms;
    }

    /// <summary>Cosine of each pair of rows.</summary>
    /// <param name="x">Row-major [samples, width].</param>
    /// <param name="y">As many rows.</param>
    /// <param name="width">Features of one row.</param>
    /// <exception cref="ArgumentException">The sets differ in size or are not whole rows.</exception>
    public static double[] OfRows(ReadOnlySpan<float> x, ReadOnlySpan<float> y, int width)
    {
        int rows = FeatureRows.Count(x, width);
        if (x.Length != y.Length)
            throw new ArgumentException($"{rows} rows cannot be paired with {y.Length} values.", nameof(y));
        double[] cosines = new double[rows];
        for (int row = 0; row < rows; row++)
            cosines[row] = Of(x.Slice(row * width, width), y.Slice(row * width, width));
        return cosines;
    }
}
