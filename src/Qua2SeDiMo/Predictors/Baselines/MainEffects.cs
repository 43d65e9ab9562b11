using Qua2SeDiMo.Predictors.Data;

namespace Qua2SeDiMo.Predictors.Baselines;

/// <summary>
/// One-at-a-time sensitivity as far as random trials can tell it: the mean label of the trials in which a weight has an
/// option, minus the mean label of all. It is not measured with all other weights held fixed. Where trials draw bits of
/// all weights together, as the paper's do, the means hold part of the effect of the other weights; a line through the
/// sum brings it to scale, but not to order.
/// </summary>
internal static class MainEffects
{
    /// <summary>[weight · options + option] effects, in label units; 0 for an option that no trial has.</summary>
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

    /// <summary>Sum of the effects of an allocation.</summary>
    public static double Sum(double[] effects, int optionCount, IReadOnlyList<int> allocation)
    {
        double sum = 0;
        for (int w = 0; w < allocation.Count; w++)
            sum += effects[(w * optionCount) + allocation[w]];
        return sum;
    }
}
