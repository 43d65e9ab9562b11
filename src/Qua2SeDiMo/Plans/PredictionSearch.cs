using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Training;

namespace Qua2SeDiMo.Plans;

/// <summary>
/// Searches for the allocation with the largest predicted label within a budget, for predictions that are not a sum
/// over weights. In each round every change of one weight is predicted; the changes with the largest sum of gains
/// within the budget are found exactly, and accepted if the prediction of the result is better. If not, each change is
/// charged an increasing cost, so that fewer are made at once. The result is a local optimum; the search is
/// deterministic.
/// </summary>
internal sealed class PredictionSearch : ICandidateSearch
{
    private const int MaxRounds = 40;
    private const int MaxCharges = 8;

    private readonly OptionFeatures features;
    private readonly Func<IReadOnlyList<IReadOnlyList<int>>, IReadOnlyList<double>> predict;
    private readonly IReadOnlyList<ICandidateSearch> starts;

    /// <summary>Prepares a search.</summary>
    /// <param name="name">Name in keys and files.</param>
    /// <param name="features">Sizes of every weight under every option.</param>
    /// <param name="predict">Predicts the label of each allocation; larger is better.</param>
    /// <param name="starts">Searches whose proposals are starting points, at least one; the best result is
    /// proposed.</param>
    public PredictionSearch(
        string name,
        OptionFeatures features,
        Func<IReadOnlyList<IReadOnlyList<int>>, IReadOnlyList<double>> predict,
        IReadOnlyList<ICandidateSearch> starts
    )
    {
        ArgumentNullException.ThrowIfNull(starts);
        Name = name;
        this.features = features;
        this.predict = predict;
        this.starts = starts;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>A function that predicts labels as the mean over folds.</summary>
    public static Func<IReadOnlyList<IReadOnlyList<int>>, IReadOnlyList<double>> OfFolds(
        PredictorTopology topology,
        OptionFeatures features,
        IReadOnlyList<Predictor> folds
    ) =>
        allocations =>
        {
            IReadOnlyList<double>[] predictions =
            [
                .. folds.Select(fold => fold.Predict(topology, features, allocations).Predictions),
            ];
            return [.. Enumerable.Range(0, allocations.Count).Select(i => predictions.Average(fold => fold[i]))];
        };

    /// <inheritdoc/>
    public PlanCandidate? Propose(long budgetBytes, CancellationToken cancellationToken = default)
    {
        PlanCandidate? best = null;
        foreach (ICandidateSearch start in starts)
        {
            if (start.Propose(budgetBytes, cancellationToken) is not { } proposal)
                return null;
            PlanCandidate found = Climb([.. proposal.Options], budgetBytes, cancellationToken);
            if (best is null || found.Score > best.Score)
                best = found;
        }
        return best;
    }

    private PlanCandidate Climb(int[] options, long budgetBytes, CancellationToken cancellationToken)
    {
        double value = predict([options])[0];
        for (int round = 0; round < MaxRounds; round++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Improve(options, value, budgetBytes, cancellationToken) is not { } better)
                break;
            (options, value) = better;
        }
        return new PlanCandidate(options, features.TotalBytes(options), value);
    }

    private (int[] Options, double Value)? Improve(
        int[] options,
        double value,
        long budgetBytes,
        CancellationToken cancellationToken
    )
    {
        int count = features.OptionCount;
        int[][] changed =
        [
            .. Enumerable.Range(0, features.WeightCount * count).Select(i => Changed(options, i / count, i % count)),
        ];
        double[] gains = [.. predict(changed).Select(prediction => prediction - value)];
        double[] positive = [.. gains.Where(gain => gain > 0).Order()];
        // After a first attempt without charge, the charge is the lower quartile of the positive gains, then doubled.
        double charge = 0,
            next = positive.Length == 0 ? 0 : positive[positive.Length / 4];
        for (int attempt = 0; attempt < MaxCharges; attempt++, charge = next, next *= 2)
        {
            IReadOnlyList<ScoredGroup> groups = ScoredGroup.PerWeight(
                features,
                (w, o) => o == options[w] ? 0 : gains[(w * count) + o] - charge
            );
            int[] chosen =
            [
                .. new ScoreSumSearch(Name, features, groups).Propose(budgetBytes, cancellationToken)!.Options,
            ];
            if (chosen.SequenceEqual(options))
                return null;
            double prediction = predict([chosen])[0];
            if (prediction > value)
                return (chosen, prediction);
        }
        return null;
    }

    private static int[] Changed(int[] options, int weight, int option)
    {
        int[] changed = [.. options];
        changed[weight] = option;
        return changed;
    }
}
