namespace Qua2SeDiMo.Predictors.Training;

/// <summary>
/// Pairwise gradients weighted by the change of NDCG (Burges, 2010), σ = 1, gain 2^relevance − 1, whole batch.
/// Positions are taken by ascending relevance, ties by index, as the method's published code does; see
/// docs/sensitivity.md.
/// </summary>
internal static class LambdaRank
{
    /// <summary>Position of each item, from 1, when sorted by ascending relevance; ties by index.</summary>
    public static int[] AscendingPositions(ReadOnlySpan<double> relevance)
    {
        double[] keys = relevance.ToArray();
        int[] order = [.. Enumerable.Range(0, keys.Length)];
        Array.Sort(order, (a, b) => keys[a] != keys[b] ? keys[a].CompareTo(keys[b]) : a.CompareTo(b));
        int[] position = new int[keys.Length];
        for (int i = 0; i < order.Length; i++)
            position[order[i]] = i + 1;
        return position;
    }

    /// <summary>Σ (2^rel − 1)/log2(k + 1) over items by descending relevance.</summary>
    public static double IdealGain(ReadOnlySpan<double> relevance)
    {
        double[] sorted = relevance.ToArray();
        Array.Sort(sorted);
        double total = 0;
        for (int k = 1; k <= sorted.Length; k++)
            total += (Math.Pow(2, sorted[^k]) - 1) * Numerics.RankStatistics.Discount(k);
        return total;
    }

    /// <summary>Adds λ to the gradient of the scores. Returns the cost whose gradient is λ when the weights of the
    /// pairs are held fixed.</summary>
    /// <param name="scores">Scores of the network; larger is better.</param>
    /// <param name="relevance">True relevance, 0 to 50.</param>
    /// <param name="gradient">Gradient of the scores; added to.</param>
    public static double Add(ReadOnlySpan<double> scores, ReadOnlySpan<double> relevance, Span<double> gradient)
    {
        double ideal = IdealGain(relevance);
        if (ideal <= 0)
            return 0;
        int[] position = AscendingPositions(relevance);
        double[] gain = new double[scores.Length],
            discount = new double[scores.Length];
        for (int i = 0; i < gain.Length; i++)
        {
            gain[i] = Math.Pow(2, relevance[i]) / ideal;
            discount[i] = Numerics.RankStatistics.Discount(position[i]);
        }
        double cost = 0;
        for (int i = 0; i < gain.Length; i++)
        {
            for (int j = 0; j < i; j++)
            {
                if (relevance[i] == relevance[j])
                    continue;
                (int better, int worse) = relevance[i] > relevance[j] ? (i, j) : (j, i);
                double delta = Math.Abs((gain[i] - gain[j]) * (discount[i] - discount[j]));
                double margin = scores[better] - scores[worse];
                double push = delta / (1 + Math.Exp(margin));
                gradient[better] -= push;
                gradient[worse] += push;
                cost +=
                    delta * (margin > 0 ? Math.Log(1 + Math.Exp(-margin)) : Math.Log(1 + Math.Exp(margin)) - margin);
            }
        }
        return cost;
    }
}
