using Qua2SeDiMo.Numerics;

namespace Qua2SeDiMo.Predictors.Data;

/// <summary>Splits trials into disjoint test folds that cover all trials.</summary>
internal static class FoldBorders
{
    /// <summary>Shuffles 0 … count − 1 and cuts it at count·i/folds; each fold is in ascending order.</summary>
    /// <exception cref="PredictorFormatException">There are fewer trials than folds.</exception>
    public static int[][] Split(int count, int folds, ulong seed)
    {
        if (count < folds)
            throw new PredictorFormatException(
                $"{count} trials cannot be split into {folds} folds. Label more allocations."
            )
            {
                Remedy = Remedy.MoreTrials,
            };
        int[] order = [.. Enumerable.Range(0, count)];
        new Pcg32(seed, 77).Shuffle<int>(order);
        int[][] result = new int[folds][];
        for (int f = 0; f < folds; f++)
        {
            result[f] = order[(count * f / folds)..(count * (f + 1) / folds)];
            Array.Sort(result[f]);
        }
        return result;
    }
}
