using Qua2SeDiMo.Predictors.Data;

namespace Qua2SeDiMo.Predictors.Baselines;

/// <summary>
/// Main effects: the mean label of the trials in which a weight has an option, minus the mean label of all trials. The
/// other weights are not held fixed. Where the bits of all weights are drawn together, as in the paper's trials, a mean
/// also contains part of the effect of the other weights; a line fitted through the sum corrects its scale but not its
/// order.
/// </summary>
internal static class MainEffects
{
    /// <summary>Effects in label units, [weight · options + option]; 0 for an option that occurs in no trial.</summary>
    public static double[] Effects(
        OptionFeatures features,
        IReadOnlyList<IReadOnlyList<int>> allocations,
        IReadOnlyList<double> labels
    )
    {
        double[] sum = new double[features.WeightCount * features.OptionCount];
        int[] count = new int[sum.Length];
        double mean = labels.Average();
        for (int t = 0; t < labels.Count; t++)
        {
            for (int w = 0; w < features.WeightCount; w++)
            {
                int at = (w * features.OptionCount) + allocations[t][w];
                sum[at] += labels[t] - mean;
                count[at]++;
            }
        }
        for (int i = 0; i < sum.Length; i++)
            sum[i] = count[i] > 0 ? sum[i] / count[i] : 0;
        return sum;
    }

    /// <summary>Sum of the effects of an allocation's options, in label units.</summary>
    public static double Sum(double[] effects, int optionCount, IReadOnlyList<int> allocation)
    {
        double sum = 0;
        for (int w = 0; w < allocation.Count; w++)
            sum += effects[(w * optionCount) + allocation[w]];
        return sum;
    }
}
