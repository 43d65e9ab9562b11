using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Predictors.Baselines;
using Qua2SeDiMo.Predictors.Data;

namespace Qua2SeDiMo.Plans;

/// <summary>
/// Proposes allocations to label next by Thompson sampling along the front of quality against size: each is the best
/// allocation of some size according to one bootstrap resample of the trials. Where the trials do not determine scores,
/// resamples disagree and the proposals explore.
/// </summary>
internal static class FrontCandidates
{
    // Share of weights that are redrawn when a proposal repeats a known allocation.
    private const double RedrawnShare = 0.1;

    /// <summary>Proposes allocations, at sizes spread evenly from the smallest to the largest possible.</summary>
    /// <param name="features">Size and error of every weight under every option.</param>
    /// <param name="trials">Labelled trials, at least two; larger labels are better.</param>
    /// <param name="count">Number of proposals.</param>
    /// <param name="seed">Seed of resamples and sizes; equal arguments give equal proposals.</param>
    /// <param name="cancellationToken">Checked between proposals.</param>
    /// <returns>Option index of every weight, per proposal; none repeats a trial or another proposal.</returns>
    public static IReadOnlyList<int[]> Propose(
        OptionFeatures features,
        IReadOnlyList<PredictorTrial> trials,
        int count,
        ulong seed,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(features);
        ArgumentNullException.ThrowIfNull(trials);
        IReadOnlyList<int>[] allocations = [.. trials.Select(trial => trial.Options)];
        double[] labels = [.. trials.Select(trial => trial.Target)];
        RidgeModel model = RidgeRegression.Fit(features, allocations, labels, trends: true);
        double[][] resampled = RidgeRegression.Bootstrap(
            model,
            features,
            allocations,
            labels,
            count,
            seed,
            cancellationToken
        );
        HashSet<string> known = [.. allocations.Select(Key)];
        long smallest = TotalBytes(features, Enumerable.Min),
            largest = TotalBytes(features, Enumerable.Max);
        var random = new Pcg32(seed);
        var proposals = new List<int[]>(count);
        for (int i = 0; i < count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            long budget = smallest + (long)((largest - smallest) * (i + random.NextDouble()) / count);
            int[] options = [.. PlanSearch.Choose(Groups(features, resampled[i]), budget, cancellationToken)!.Options];
            while (!known.Add(Key(options)))
                Redraw(options, features.OptionCount, random);
            proposals.Add(options);
        }
        return proposals;
    }

    private static PlanOption[][] Groups(OptionFeatures features, double[] scores) =>
        [
            .. Enumerable
                .Range(0, features.WeightCount)
                .Select(w =>
                    Enumerable
                        .Range(0, features.OptionCount)
                        .Select(o => new PlanOption(
                            features.QuantizedBytes(w, o),
                            scores[(w * features.OptionCount) + o]
                        ))
                        .ToArray()
                ),
        ];

    private static long TotalBytes(OptionFeatures features, Func<IEnumerable<long>, long> choose) =>
        Enumerable
            .Range(0, features.WeightCount)
            .Sum(w => choose(Enumerable.Range(0, features.OptionCount).Select(o => features.QuantizedBytes(w, o))));

    private static void Redraw(int[] options, int optionCount, Pcg32 random)
    {
        for (int redrawn = 0; redrawn < Math.Max(1, options.Length * RedrawnShare); redrawn++)
            options[random.Next(options.Length)] = random.Next(optionCount);
    }

    private static string Key(IReadOnlyList<int> options) => string.Join(' ', options);
}
