using System.Numerics.Tensors;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Training;
using Qua2SeDiMo.Sensitivity;

namespace Qua2SeDiMo.Plans;

/// <summary>
/// Block level: the option combinations of every unit with their scores (method.md, section 7). Units are scored one
/// after the other, so that only one unit's 6^n scores are in memory. Of each unit only undominated combinations are
/// kept, those that score higher than every combination of at most their size; this loses no optimal plan.
/// </summary>
internal static class BlockGroups
{
    /// <summary>Builds the groups; every weight is in exactly one.</summary>
    /// <param name="topology">The graph.</param>
    /// <param name="features">Sizes of every weight under every option.</param>
    /// <param name="folds">One predictor per fold; scores are summed over them.</param>
    /// <param name="units">
    /// The units to score. A weight in several units is decided in the first of them; in the others, scores are
    /// averaged over its options. A weight in no unit forms a group with its op-level scores.
    /// </param>
    /// <param name="cancellationToken">Cancels between units.</param>
    public static IReadOnlyList<ScoredGroup> Build(
        PredictorTopology topology,
        OptionFeatures features,
        IReadOnlyList<Predictor> folds,
        IReadOnlyList<PredictorUnit> units,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(topology);
        ArgumentNullException.ThrowIfNull(features);
        ArgumentNullException.ThrowIfNull(folds);
        ArgumentNullException.ThrowIfNull(units);
        var hopScores = new HopScores(topology, features);
        var groups = new List<ScoredGroup>();
        bool[] decided = new bool[topology.WeightCount];
        foreach (PredictorUnit unit in units)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int[] own = [.. unit.Weights.Where(weight => !decided[weight])];
            if (own.Length == 0)
                continue;
            groups.Add(
                Group(
                    features,
                    own,
                    Average(
                        hopScores.Unit(folds, unit),
                        [.. unit.Weights.Select(weight => !decided[weight])],
                        features.OptionCount
                    )
                )
            );
            foreach (int weight in own)
                decided[weight] = true;
        }
        if (decided.All(known => known))
            return groups;
        double[] operations = new double[topology.WeightCount * features.OptionCount];
        foreach (Predictor fold in folds)
            TensorPrimitives.Add<double>(operations, hopScores.Operations(fold), operations);
        groups.AddRange(
            Enumerable
                .Range(0, topology.WeightCount)
                .Where(w => !decided[w])
                .Select(w => Group(features, [w], operations.AsSpan(w * features.OptionCount, features.OptionCount)))
        );
        return groups;
    }

    /// <summary>The undominated combinations of a group, ascending in size and in score.</summary>
    /// <param name="features">Sizes of every weight under every option.</param>
    /// <param name="weights">Weights of the group.</param>
    /// <param name="scores">Score of every combination; the first weight's option is the most significant
    /// digit.</param>
    internal static ScoredGroup Group(OptionFeatures features, int[] weights, ReadOnlySpan<double> scores)
    {
        long[] sizes = Sizes(features, weights);
        int[] order = [.. Enumerable.Range(0, sizes.Length)];
        Array.Sort((long[])sizes.Clone(), order);
        var kept = new List<ScoredChoice>();
        foreach (int combination in order)
        {
            var choice = new ScoredChoice(combination, sizes[combination], scores[combination]);
            if (kept.Count > 0 && choice.Score <= kept[^1].Score)
                continue;
            // Sorting leaves equal sizes in any order; only the best of them is kept.
            if (kept.Count > 0 && choice.SizeBytes == kept[^1].SizeBytes)
                kept.RemoveAt(kept.Count - 1);
            kept.Add(choice);
        }
        return new ScoredGroup(weights, kept);
    }

    private static long[] Sizes(OptionFeatures features, int[] weights)
    {
        long[] sizes = [0];
        foreach (int weight in weights)
        {
            sizes =
            [
                .. sizes.SelectMany(size =>
                    Enumerable
                        .Range(0, features.OptionCount)
                        .Select(option => size + features.QuantizedBytes(weight, option))
                ),
            ];
        }
        return sizes;
    }

    // Averages scores over the options of the weights that are decided in another unit.
    internal static double[] Average(double[] scores, bool[] isOwn, int optionCount)
    {
        int stride = 1;
        for (int i = isOwn.Length - 1; i >= 0; i--)
        {
            if (isOwn[i])
            {
                stride *= optionCount;
                continue;
            }
            double[] reduced = new double[scores.Length / optionCount];
            for (int at = 0; at < scores.Length; at++)
                reduced[(at / (stride * optionCount) * stride) + (at % stride)] += scores[at] / optionCount;
            scores = reduced;
        }
        return scores;
    }
}
