using Qua2SeDiMo.Numerics;

namespace Qua2SeDiMo.Studies.Objectives;

/// <summary>
/// Split-half reliability (Spearman, 1910; Brown, 1910) of metrics over trials: agreement of the rankings of the trials
/// by a metric measured on two disjoint halves of the prompts. A metric with low agreement is mostly noise at this
/// number of images.
/// </summary>
internal static class SplitHalfReliability
{
    /// <summary>Default number of splits whose correlations are averaged.</summary>
    public const int DefaultSplitCount = 10;

    /// <summary>Smallest number of images: each half needs two for a covariance.</summary>
    public const int MinImages = 4;

    /// <summary>Smallest number of trials for which a rank correlation is computed.</summary>
    public const int MinTrials = 4;

    /// <summary>Computes a metric over some images of one trial.</summary>
    /// <param name="trial">Index of the trial.</param>
    /// <param name="images">Image indices, ascending.</param>
    public delegate double HalfMetric(int trial, ReadOnlySpan<int> images);

    /// <summary>Measures one metric on both halves of every split and correlates the rankings.</summary>
    /// <param name="metric">Name of the metric.</param>
    /// <param name="averageBits">AverageBits of each trial.</param>
    /// <param name="imageCount">Number of images of each trial; if it is odd, each split leaves out a random
    /// one.</param>
    /// <param name="measure">Computes the metric of half of the images; called from several threads.</param>
    /// <param name="splitCount">Number of random splits.</param>
    /// <param name="seed">Split i is drawn from stream i of this seed, so that all metrics use the same splits.</param>
    /// <param name="cancellationToken">Cancels the measurement.</param>
    /// <exception cref="ArgumentException">There are fewer than <see cref="MinTrials"/> trials or
    /// <see cref="MinImages"/> images.</exception>
    public static ObjectiveReliability Measure(
        string metric,
        IReadOnlyList<double> averageBits,
        int imageCount,
        HalfMetric measure,
        int splitCount = DefaultSplitCount,
        ulong seed = 0,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(averageBits);
        ArgumentNullException.ThrowIfNull(measure);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(splitCount);
        if (averageBits.Count < MinTrials || imageCount < MinImages)
        {
            throw new ArgumentException(
                $"The reliability of a ranking needs {MinTrials} trials of {MinImages} images, "
                    + $"not {averageBits.Count} of {imageCount}.",
                nameof(imageCount)
            );
        }
        double[] bits = [.. averageBits],
            correlations = new double[splitCount],
            atEqualSize = new double[splitCount];
        for (int split = 0; split < splitCount; split++)
        {
            (int[] first, int[] second) = Halves(imageCount, seed, split);
            double[] x = new double[bits.Length],
                y = new double[bits.Length];
            Parallel.For(
                0,
                bits.Length,
                new ParallelOptions { CancellationToken = cancellationToken },
                trial =>
                {
                    x[trial] = measure(trial, first);
                    y[trial] = measure(trial, second);
                }
            );
            correlations[split] = OrNone(RankStatistics.Spearman(x, y));
            atEqualSize[split] = OrNone(RankStatistics.PartialSpearman(x, y, bits));
        }
        return new ObjectiveReliability(metric, bits.Length, imageCount, correlations, atEqualSize);
    }

    /// <summary>Reliability of a metric that is a mean over images.</summary>
    /// <param name="metric">Name of the metric.</param>
    /// <param name="averageBits">AverageBits of each trial.</param>
    /// <param name="values">For each trial, the values of its images, [images × 1].</param>
    /// <param name="splitCount">Number of random splits.</param>
    /// <param name="seed">Split i is drawn from stream i of this seed.</param>
    /// <param name="cancellationToken">Cancels the measurement.</param>
    /// <exception cref="ArgumentException">There are too few trials or images, or the trials differ in their number of
    /// images.</exception>
    public static ObjectiveReliability OfMean(
        string metric,
        IReadOnlyList<double> averageBits,
        IReadOnlyList<TrialArray> values,
        int splitCount = DefaultSplitCount,
        ulong seed = 0,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(averageBits);
        ArgumentNullException.ThrowIfNull(values);
        int imageCount = values.Count == 0 ? 0 : values[0].Rows;
        if (values.Count != averageBits.Count || values.Any(array => array.Rows != imageCount || array.Columns != 1))
        {
            throw new ArgumentException(
                $"'{metric}' does not have one value for each of {imageCount} images in each of {averageBits.Count} trials.",
                nameof(values)
            );
        }
        return Measure(
            metric,
            averageBits,
            imageCount,
            (trial, images) =>
            {
                double sum = 0;
                foreach (int image in images)
                    sum += values[trial].Values[image];
                return sum / images.Length;
            },
            splitCount,
            seed,
            cancellationToken
        );
    }

    private static (int[] First, int[] Second) Halves(int imageCount, ulong seed, int split)
    {
        int[] order = [.. Enumerable.Range(0, imageCount)];
        new Pcg32(seed, (ulong)split).Shuffle(order.AsSpan());
        int half = imageCount / 2;
        return ([.. order[..half].Order()], [.. order[half..(2 * half)].Order()]);
    }

    // A constant metric has no rank correlation; it counts as 0.
    private static double OrNone(double correlation) => double.IsNaN(correlation) ? 0 : correlation;
}
