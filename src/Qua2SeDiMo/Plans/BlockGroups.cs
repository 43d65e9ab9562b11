using System.Numerics.Tensors;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Training;
using Qua2SeDiMo.Sensitivity;

namespace Qua2SeDiMo.Plans;

/// <summary>
/// Block level: the option sets of every unit with their scores (method.md, section 7), one unit after the other, so
/// that no more than one unit's 6^n scores are held. Of each unit the sets that no smaller or equal set outscores are
/// kept: no plan loses by that.
/// </summary>
internal static class BlockGroups
{
    /// <summary>Every weight in exactly one group.</summary>
    /// <param name="topology">The graph.</param>
    /// <param name="features">Sizes and errors.</param>
    /// <param name="folds">One predictor per fold; scores are summed over them.</param>
    /// <param name="units">
    /// Scored subgraphs. A weight of several units is decided by the first of them; in the others its options are
    /// averaged. A weight of none is a group of its own with its op-level scores.
    /// </param>
    /// <param name="cancellationToken">Stops between units.</param>
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

    /// <summary>The option sets that none of at most their size outscores, ascending in size and in score.</summary>
    /// <param name="features">Sizes.</param>
    /// <param name="weights">Weights of the group.</param>
    /// <param name="scores">Score of every combination, the first weight's option being the slowest digit.</param>
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
            // Sorting leaves equal sizes in any order: the better of them stays.
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

    // Mean over the options of the weights that are not this unit's to decide.
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
