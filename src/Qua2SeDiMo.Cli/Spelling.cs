namespace Qua2SeDiMo.Cli;

/// <summary>Suggests the nearest of several words for a misspelled one.</summary>
internal static class Spelling
{
    /// <summary>The text " (did you mean 'x'?)", or an empty one when no word is near.</summary>
    internal static string Suggestion(string text, IEnumerable<string> words) =>
        Nearest(text, words) is { } word ? $" (did you mean '{word}'?)" : "";

    /// <summary>
    /// The word with the fewest changed, missing, extra or swapped letters, at most a third of the text's length (but
    /// at least one); else, for texts of three letters or more, the first word that begins with the text.
    /// </summary>
    internal static string? Nearest(string text, IEnumerable<string> words)
    {
        string[] all = [.. words];
        string lower = text.ToLowerInvariant();
        (string Word, int Distance)[] near =
        [
            .. all.Select(word => (word, Distance(lower, word.ToLowerInvariant())))
                .Where(pair => pair.Item2 <= Math.Max(1, text.TrimStart('-').Length / 3)),
        ];
        if (near.Length > 0)
            return near.MinBy(pair => pair.Distance).Word;
        string[] longer =
            lower.TrimStart('-').Length < 3
                ? []
                : [.. all.Where(word => word.StartsWith(lower, StringComparison.OrdinalIgnoreCase))];
        return longer.FirstOrDefault();
    }

    // Optimal string alignment distance: no letter is edited more than once.
    private static int Distance(string a, string b)
    {
        int[,] cost = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
            cost[i, 0] = i;
        for (int j = 0; j <= b.Length; j++)
            cost[0, j] = j;
        for (int i = 1; i <= a.Length; i++)
        {
            for (int j = 1; j <= b.Length; j++)
            {
                int changed = cost[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                cost[i, j] = Math.Min(changed, 1 + Math.Min(cost[i - 1, j], cost[i, j - 1]));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    cost[i, j] = Math.Min(cost[i, j], cost[i - 2, j - 2] + 1);
            }
        }
        return cost[a.Length, b.Length];
    }
}
