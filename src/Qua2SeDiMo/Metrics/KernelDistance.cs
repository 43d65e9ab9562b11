using Qua2SeDiMo.Numerics;

namespace Qua2SeDiMo.Metrics;

/// <summary>KID over subsets; no unit, smaller is better. The estimate is unbiased and can therefore be
/// negative.</summary>
/// <param name="PerSubset">Unbiased squared MMD of each pair of subsets.</param>
internal sealed record KernelDistanceResult(IReadOnlyList<double> PerSubset)
{
    /// <summary>The distance: mean over subsets.</summary>
    public double Mean { get; } = PerSubset.Average();

    /// <summary>Standard deviation over subsets, with their number as divisor.</summary>
    public double StandardDeviation => Math.Sqrt(PerSubset.Average(value => (value - Mean) * (value - Mean)));
}

/// <summary>Maximum mean discrepancies (MMD) between feature sets. They assume no normal distribution, and KID is
/// unbiased even for few samples.</summary>
internal static class KernelDistance
{
    // CMMD (Jayasumana et al., CVPR 2024): bandwidth and scale of the paper.
    private const double GaussianSigma = 10;
    private const double CmmdScale = 1000;

    /// <summary>KID (Bińkowski et al., ICLR 2018): unbiased squared MMD with k(x, y) = (x·y/width + 1)³ on seeded
    /// random subsets.</summary>
    /// <param name="a">Row-major [samples, width].</param>
    /// <param name="b">Second set, of any number of rows.</param>
    /// <param name="width">Features of one sample.</param>
    /// <param name="subsetCount">Number of subsets; 1 with the full <paramref name="subsetSize"/> uses every row of the
    /// smaller set.</param>
    /// <param name="subsetSize">Rows per subset, drawn without replacement; at least 2, at most the rows of the smaller
    /// set.</param>
    /// <param name="seed">Seed of the subsets; subset i is drawn from stream i.</param>
    public static KernelDistanceResult Kid(
        ReadOnlySpan<float> a,
        ReadOnlySpan<float> b,
        int width,
        int subsetCount,
        int subsetSize,
        ulong seed
    )
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(subsetCount);
        int rowsA = FeatureRows.Count(a, width),
            rowsB = FeatureRows.Count(b, width);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(subsetSize, Math.Min(rowsA, rowsB));
        double[] perSubset = new double[subsetCount];
        for (int i = 0; i < subsetCount; i++)
        {
            var random = new Pcg32(seed, (ulong)i);
            perSubset[i] = Kid(a, b, width, Draw(random, rowsA, subsetSize), Draw(random, rowsB, subsetSize));
        }
        return new KernelDistanceResult(perSubset);
    }

    /// <summary>Squared MMD of KID between two given subsets.</summary>
    /// <param name="a">Row-major [samples, width].</param>
    /// <param name="b">Second set.</param>
    /// <param name="width">Features of one sample.</param>
    /// <param name="subsetA">Row numbers in <paramref name="a"/>, at least two.</param>
    /// <param name="subsetB">Row numbers in <paramref name="b"/>, at least two.</param>
    public static double Kid(
        ReadOnlySpan<float> a,
        ReadOnlySpan<float> b,
        int width,
        ReadOnlySpan<int> subsetA,
        ReadOnlySpan<int> subsetB
    )
    {
        if (subsetA.Length < 2 || subsetB.Length < 2)
            throw new ArgumentException("An unbiased estimate needs two samples of each set.", nameof(subsetA));
        double within = UnbiasedMean(a, width, subsetA) + UnbiasedMean(b, width, subsetB);
        double across = 0;
        foreach (int i in subsetA)
        {
            foreach (int j in subsetB)
                across += Cubic(a.Slice(i * width, width), b.Slice(j * width, width));
        }
        return within - (2 * across / ((double)subsetA.Length * subsetB.Length));
    }

    /// <summary>KID of two whole sets, which may differ in size. The reference's own term can be computed once with
    /// <see cref="KidSelfTerm"/>.</summary>
    /// <param name="a">Row-major [samples, width], at least two rows.</param>
    /// <param name="b">The reference, at least two rows.</param>
    /// <param name="width">Features of one sample.</param>
    /// <param name="selfTermB">Result of <see cref="KidSelfTerm"/> for <paramref name="b"/>.</param>
    public static double KidOfAll(ReadOnlySpan<float> a, ReadOnlySpan<float> b, int width, double selfTermB)
    {
        double[] across = KidCrossTerms(a, b, width);
        return KidSelfTerm(a, width) + selfTermB - (2 * across.Average());
    }

    /// <summary>
    /// For each row of <paramref name="a"/>, the mean of k over all rows of the reference. KID of any subset of rows is
    /// then their <see cref="KidSelfTerm"/> + that of the reference − 2 · the mean of their cross terms, so that halves
    /// of a set need no further kernel evaluations with the reference.
    /// </summary>
    /// <param name="a">Row-major [samples, width].</param>
    /// <param name="b">The reference.</param>
    /// <param name="width">Features of one sample.</param>
    public static double[] KidCrossTerms(ReadOnlySpan<float> a, ReadOnlySpan<float> b, int width)
    {
        double[] terms = new double[FeatureRows.Count(a, width)];
        int rowsB = FeatureRows.Count(b, width);
        for (int i = 0; i < terms.Length; i++)
        {
            for (int j = 0; j < rowsB; j++)
                terms[i] += Cubic(a.Slice(i * width, width), b.Slice(j * width, width));
            terms[i] /= rowsB;
        }
        return terms;
    }

    /// <summary>Mean of k over all ordered pairs of different rows: the part of KID that depends on one set
    /// only.</summary>
    public static double KidSelfTerm(ReadOnlySpan<float> features, int width)
    {
        int rows = FeatureRows.Count(features, width);
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 2);
        return UnbiasedMean(features, width, Enumerable.Range(0, rows).ToArray());
    }

    /// <summary>CMMD: 1000 · biased squared MMD with a Gaussian kernel of σ = 10; not negative, smaller is
    /// better.</summary>
    /// <param name="a">Row-major [samples, width]; the paper uses unit-length CLIP embeddings.</param>
    /// <param name="b">Second set.</param>
    /// <param name="width">Features of one sample.</param>
    public static double Cmmd(ReadOnlySpan<float> a, ReadOnlySpan<float> b, int width) =>
        CmmdScale * (GaussianMean(a, a, width) + GaussianMean(b, b, width) - (2 * GaussianMean(a, b, width)));

    private static int[] Draw(Pcg32 random, int rows, int count)
    {
        int[] all = [.. Enumerable.Range(0, rows)];
        random.Shuffle(all.AsSpan());
        return all[..count];
    }

    private static double UnbiasedMean(ReadOnlySpan<float> features, int width, ReadOnlySpan<int> subset)
    {
        double sum = 0;
        for (int i = 0; i < subset.Length; i++)
        {
            for (int j = 0; j < i; j++)
                sum += Cubic(features.Slice(subset[i] * width, width), features.Slice(subset[j] * width, width));
        }
        return 2 * sum / ((double)subset.Length * (subset.Length - 1));
    }

    private static double Cubic(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        double affine = (FeatureRows.Dot(x, y) / x.Length) + 1;
        return affine * affine * affine;
    }

    private static double GaussianMean(ReadOnlySpan<float> a, ReadOnlySpan<float> b, int width)
    {
        int rowsA = FeatureRows.Count(a, width),
            rowsB = FeatureRows.Count(b, width);
        double sum = 0;
        for (int i = 0; i < rowsA; i++)
        {
            for (int j = 0; j < rowsB; j++)
            {
                sum += Math.Exp(
                    -FeatureRows.SquaredDistance(a.Slice(i * width, width), b.Slice(j * width, width))
                        / (2 * GaussianSigma * GaussianSigma)
                );
            }
        }
        return sum / ((double)rowsA * rowsB);
    }
}
