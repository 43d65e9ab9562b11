namespace Qua2SeDiMo.Plans;

/// <summary>An option of a group that is worth looking at.</summary>
/// <param name="SizeBytes">Bytes.</param>
/// <param name="Score">Larger is better.</param>
/// <param name="Option">Its index in the group.</param>
internal readonly record struct Candidate(long SizeBytes, double Score, int Option);

/// <summary>The options of one group that an optimal choice can need.</summary>
internal static class OptionFront
{
    /// <summary>The options that none of at most their size outscores, ascending in size and in score; the first of
    /// equal options stays.</summary>
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

    /// <summary>Places of the corners of the upper hull: from each corner to the one with the steepest gain.</summary>
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
