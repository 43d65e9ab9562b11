namespace Qua2SeDiMo.Plans;

/// <summary>An undominated option of a group.</summary>
/// <param name="SizeBytes">Bytes of the option.</param>
/// <param name="Score">Score of the option; larger is better.</param>
/// <param name="Option">Index of the option in the group.</param>
internal readonly record struct Candidate(long SizeBytes, double Score, int Option);

/// <summary>Reduces the options of a group to those that an optimal choice can contain.</summary>
internal static class OptionFront
{
    /// <summary>The options that score higher than every option of at most their size, ascending in size and in score;
    /// of equal options the first is kept.</summary>
    internal static Candidate[] Undominated(IReadOnlyList<PlanOption> group)
    {
        var kept = new List<Candidate>();
        foreach (
            Candidate candidate in group
                .Select((option, index) => new Candidate(option.SizeBytes, option.Score, index))
                .OrderBy(candidate => candidate.SizeBytes)
                .ThenByDescending(candidate => candidate.Score)
                .ThenBy(candidate => candidate.Option)
        )
        {
            if (kept.Count == 0 || candidate.Score > kept[^1].Score)
                kept.Add(candidate);
        }
        return [.. kept];
    }

    /// <summary>Indices of the corners of the upper hull: from each corner to the candidate with the largest gain per
    /// byte.</summary>
    internal static int[] Corners(Candidate[] undominated)
    {
        var corners = new List<int> { 0 };
        for (int from = 0; from < undominated.Length - 1; from = corners[^1])
        {
            int best = from + 1;
            for (int to = from + 2; to < undominated.Length; to++)
            {
                if (Slope(undominated[from], undominated[to]) > Slope(undominated[from], undominated[best]))
                    best = to;
            }
            corners.Add(best);
        }
        return [.. corners];
    }

    /// <summary>Score gained per byte.</summary>
    internal static double Slope(Candidate from, Candidate to) =>
        (to.Score - from.Score) / (to.SizeBytes - from.SizeBytes);
}
