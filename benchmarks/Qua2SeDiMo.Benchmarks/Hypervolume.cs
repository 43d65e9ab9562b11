namespace Qua2SeDiMo.Benchmarks;

/// <summary>Hypervolume of a set of allocations in the plane of size and quality.</summary>
internal static class Hypervolume
{
    /// <summary>Area between the front of the points and a corner, as a share of the box from the corner to the ideal
    /// point.</summary>
    /// <param name="points">Average bits (smaller is better) and quality (larger is better).</param>
    /// <param name="worst">The corner: largest average bits and smallest quality that count.</param>
    /// <param name="best">The ideal point: smallest average bits and largest quality.</param>
    internal static double Of(
        IEnumerable<(double Bits, double Quality)> points,
        (double Bits, double Quality) worst,
        (double Bits, double Quality) best
    )
    {
        double area = 0,
            reached = worst.Quality,
            from = 0;
        bool any = false;
        foreach (
            (double bits, double quality) in points
                .Where(point => point.Bits <= worst.Bits && point.Quality > worst.Quality)
                .OrderBy(point => point.Bits)
                .ThenByDescending(point => point.Quality)
        )
        {
            if (quality <= reached)
                continue;
            if (any)
                area += (bits - from) * (reached - worst.Quality);
            (reached, from, any) = (quality, bits, true);
        }
        if (any)
            area += (worst.Bits - from) * (reached - worst.Quality);
        return area / ((worst.Bits - best.Bits) * (best.Quality - worst.Quality));
    }
}
