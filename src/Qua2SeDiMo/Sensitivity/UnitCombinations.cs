using Qua2SeDiMo.Predictors.Data;

namespace Qua2SeDiMo.Sensitivity;

/// <summary>Option combinations of a unit as numbers; the first weight's option is the most significant
/// digit.</summary>
internal static class UnitCombinations
{
    /// <summary>Option of a member (index in the unit) in a combination.</summary>
    public static int Option(int combination, int member, int members, int options)
    {
        for (int i = members - 1; i > member; i--)
            combination /= options;
        return combination % options;
    }

    /// <summary>Sum of the members' values, for every combination.</summary>
    public static double[] Sums(IReadOnlyList<int> weights, int options, Func<int, int, double> value)
    {
        double[] sums = [0];
        foreach (int weight in weights)
        {
            double[] own = [.. Enumerable.Range(0, options).Select(o => value(weight, o))];
            sums = [.. sums.SelectMany(sum => own.Select(added => sum + added))];
        }
        return sums;
    }

    /// <summary>Mean score of the combinations with the most bits in every weight minus mean of those with the
    /// fewest.</summary>
    public static double FewerBitsCost(OptionFeatures features, IReadOnlyList<int> weights, double[] scores)
    {
        (int[] wide, int[] narrow) = FewerBitsCosts.Groups(features);
        return Average(wide) - Average(narrow);

        double Average(int[] allowed)
        {
            double sum = 0;
            int count = 0;
            for (int c = 0; c < scores.Length; c++)
            {
                bool inside = true;
                for (int i = 0, rest = c; inside && i < weights.Count; i++, rest /= features.OptionCount)
                    inside = allowed.Contains(rest % features.OptionCount);
                if (!inside)
                    continue;
                sum += scores[c];
                count++;
            }
            return sum / count;
        }
    }
}

/// <summary>The cost of fewer bits: mean over the options with the most bits minus mean over those with the
/// fewest.</summary>
internal static class FewerBitsCosts
{
    /// <summary>Indices of the options with the most bits and of those with the fewest. Bit code 1 stands for more bits
    /// than 2.</summary>
    public static (int[] Wide, int[] Narrow) Groups(OptionFeatures features)
    {
        int most = features.Options.Min(option => option.BitCode),
            fewest = features.Options.Max(option => option.BitCode);
        return (Select(most), Select(fewest));

        int[] Select(int code) =>
            [.. Enumerable.Range(0, features.OptionCount).Where(o => features.Options[o].BitCode == code)];
    }

    /// <summary>The cost of fewer bits of every weight, given a value per weight and option.</summary>
    public static double[] Of(OptionFeatures features, Func<int, int, double> value)
    {
        (int[] wide, int[] narrow) = Groups(features);
        return
        [
            .. Enumerable
                .Range(0, features.WeightCount)
                .Select(w => wide.Average(o => value(w, o)) - narrow.Average(o => value(w, o))),
        ];
    }
}
