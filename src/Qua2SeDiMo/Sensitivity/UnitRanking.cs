namespace Qua2SeDiMo.Sensitivity;

/// <summary>Selects option combinations of a unit by score; ties are ordered by the number of the
/// combination.</summary>
internal static class UnitRanking
{
    /// <summary>The combinations with the highest scores, best first.</summary>
    /// <param name="scores">Score of every combination.</param>
    /// <param name="count">Largest number of combinations to return.</param>
    internal static int[] Best(ReadOnlySpan<double> scores, int count)
    {
        int[] kept = new int[Math.Min(count, scores.Length)];
        int filled = 0;
        for (int c = 0; c < scores.Length && kept.Length > 0; c++)
        {
            if (filled == kept.Length && scores[c] <= scores[kept[^1]])
                continue;
            int place = filled == kept.Length ? filled - 1 : filled++;
            for (; place > 0 && scores[c] > scores[kept[place - 1]]; place--)
                kept[place] = kept[place - 1];
            kept[place] = c;
        }
        return kept;
    }

    /// <summary>The combination with the lowest score; the last one of a tie.</summary>
    internal static int Worst(ReadOnlySpan<double> scores)
    {
        int worst = 0;
        for (int c = 1; c < scores.Length; c++)
        {
            if (scores[c] <= scores[worst])
                worst = c;
        }
        return worst;
    }
}
