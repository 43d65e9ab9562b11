using Qua2SeDiMo.Predictors.Data;

namespace Qua2SeDiMo.Plans;

/// <summary>
/// Proposes the allocation with the least damage by the measure that orders mixtures: the mean over images of the
/// logarithm of summed damages. Each round solves an exact knapsack on damages weighted by the derivative of that
/// logarithm at the previous solution; the best round is the proposal.
/// </summary>
/// <param name="name">Name in keys and files.</param>
/// <param name="features">Sizes of every weight under every option.</param>
/// <param name="damages">Damages per image, [weight · options + option]: at least 0 if
/// <paramref name="isLogarithmic"/>, otherwise of any sign.</param>
/// <param name="isLogarithmic">False for losses, which are summed and averaged without the logarithm.</param>
/// <param name="corrections">Correction of each option, [weight · options + option], summed and added to the mean; null
/// for none.</param>
internal sealed class DamageSearch(
    string name,
    OptionFeatures features,
    IReadOnlyList<double[]> damages,
    bool isLogarithmic = true,
    double[]? corrections = null
) : ICandidateSearch
{
    private const int Rounds = 8;
    private static readonly double[] Starts = [1, 0.5, 0];
    private const double Smallest = 1e-300;

    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public PlanCandidate? Propose(long budgetBytes, CancellationToken cancellationToken = default)
    {
        // The rounds converge to a solution that depends on the start, so three starts are tried.
        double[] worst =
        [
            .. damages.Select(own =>
                Enumerable
                    .Range(0, features.WeightCount)
                    .Sum(weight =>
                        Enumerable
                            .Range(0, features.OptionCount)
                            .Max(option => own[(weight * features.OptionCount) + option])
                    )
            ),
        ];
        PlanCandidate?[] found =
        [
            .. (isLogarithmic ? Starts : [0]).Select(power =>
                Descend(
                    [.. worst.Select(sum => Math.Pow(Math.Max(sum, Smallest), -power))],
                    budgetBytes,
                    cancellationToken
                )
            ),
        ];
        return found.OfType<PlanCandidate>().MaxBy(candidate => candidate.Score);
    }

    private PlanCandidate? Descend(double[] weights, long budgetBytes, CancellationToken cancellationToken)
    {
        PlanCandidate? best = null;
        for (int round = 0; round < Rounds; round++)
        {
            if (PlanSearch.Choose(Groups(weights), budgetBytes, cancellationToken) is not { } chosen)
                return null;
            double[] sums = [.. damages.Select(own => Sum(own, chosen.Options))];
            double score = -sums.Average(sum => isLogarithmic ? Math.Log(Math.Max(sum, Smallest)) : sum);
            if (corrections is not null)
                score -= Sum(corrections, chosen.Options);
            if (best is not null && score <= best.Score)
                break;
            best = new PlanCandidate(chosen.Options, chosen.SizeBytes, score);
            if (!isLogarithmic)
                break;
            weights = [.. sums.Select(Slope)];
        }
        return best;
    }

    private double Slope(double sum) => isLogarithmic ? 1 / Math.Max(sum, Smallest) : 1;

    private double Sum(double[] own, IReadOnlyList<int> options)
    {
        double sum = 0;
        for (int weight = 0; weight < options.Count; weight++)
            sum += own[(weight * features.OptionCount) + options[weight]];
        return sum;
    }

    private PlanOption[][] Groups(double[] weights)
    {
        double scale = 1.0 / weights.Length;
        return
        [
            .. Enumerable
                .Range(0, features.WeightCount)
                .Select(weight =>
                    Enumerable
                        .Range(0, features.OptionCount)
                        .Select(option =>
                        {
                            double score = -(corrections?[(weight * features.OptionCount) + option] ?? 0);
                            for (int image = 0; image < weights.Length; image++)
                            {
                                score -=
                                    scale * weights[image] * damages[image][(weight * features.OptionCount) + option];
                            }
                            return new PlanOption(features.QuantizedBytes(weight, option), score);
                        })
                        .ToArray()
                ),
        ];
    }
}
