namespace Qua2SeDiMo.Plans;

/// <summary>One way to store a weight or a unit.</summary>
/// <param name="SizeBytes">Bytes, 0 or more.</param>
/// <param name="Score">Larger is better; scores of a plan add up.</param>
public readonly record struct PlanOption(long SizeBytes, double Score);

/// <summary>An option for every group.</summary>
/// <param name="Options">Index into each group's options.</param>
/// <param name="SizeBytes">Summed bytes.</param>
/// <param name="Score">Summed score.</param>
public sealed record PlanChoice(IReadOnlyList<int> Options, long SizeBytes, double Score);

/// <summary>
/// Chooses one option per group so that the summed score is largest within a byte budget: the multiple-choice knapsack problem, solved exactly.
/// Dynamic programming over the undominated (size, score) pairs of the first groups, cut by the Lagrangian bound of the others
/// (Dyer, Riha and Walker, 1995; Kellerer, Pferschy and Pisinger, Knapsack Problems, chapter 11).
/// </summary>
public static class PlanSearch
{
    private const double Rounding = 1e-12;

    /// <summary>Bytes of the smallest choice.</summary>
    public static long SmallestSizeBytes(IReadOnlyList<IReadOnlyList<PlanOption>> groups)
    {
        ArgumentNullException.ThrowIfNull(groups);
        return groups.Sum(group => group.Min(option => option.SizeBytes));
    }

    /// <summary>The best choice within a budget.</summary>
    /// <param name="groups">Options of each group, at least one each; scores finite.</param>
    /// <param name="budgetBytes">Most bytes that the choice may take.</param>
    /// <param name="cancellationToken">Looked at once per group.</param>
    /// <returns>Null when even the smallest choice is larger than the budget.</returns>
    /// <exception cref="ArgumentException">A group is empty, a size negative or a score not finite.</exception>
    public static PlanChoice? Choose(IReadOnlyList<IReadOnlyList<PlanOption>> groups, long budgetBytes, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(groups);
        if (groups.Any(group => group.Count == 0 || group.Any(option => option.SizeBytes < 0 || !double.IsFinite(option.Score))))
        {
            throw new ArgumentException("Every group needs an option; sizes are 0 or more and scores finite.", nameof(groups));
        }
        if (SmallestSizeBytes(groups) > budgetBytes) return null;
        Candidate[][] candidates = [.. groups.Select(Undominated)];
        // Groups with the widest range of sizes first: the bound of the rest is then tight where most states are.
        int[] order = [.. Enumerable.Range(0, groups.Count).OrderByDescending(g => candidates[g][^1].SizeBytes - candidates[g][0].SizeBytes)];
        Relaxation relaxation = Relaxation.Solve(candidates, budgetBytes);
        int[] found = new States(candidates, order, budgetBytes, relaxation).Run(cancellationToken) ?? relaxation.Incumbent;
        int[] options = [.. found.Select((candidate, g) => candidates[g][candidate].Option)];
        return new PlanChoice(options, options.Select((option, g) => groups[g][option].SizeBytes).Sum(), options.Select((option, g) => groups[g][option].Score).Sum());
    }

    // Ascending in size and in score; the first of equal options stays.
    private static Candidate[] Undominated(IReadOnlyList<PlanOption> group)
    {
        var kept = new List<Candidate>();
        foreach (Candidate candidate in group.Select((option, index) => new Candidate(option.SizeBytes, option.Score, index))
            .OrderBy(candidate => candidate.SizeBytes).ThenByDescending(candidate => candidate.Score).ThenBy(candidate => candidate.Option))
        {
            if (kept.Count == 0 || candidate.Score > kept[^1].Score) kept.Add(candidate);
        }
        return [.. kept];
    }

    private readonly record struct Candidate(long SizeBytes, double Score, int Option);

    /// <summary>The linear relaxation: its multiplier bounds what is still to come, its rounded-down choice is the first incumbent.</summary>
    private sealed record Relaxation(double Multiplier, int[] Incumbent, double Score)
    {
        internal static Relaxation Solve(Candidate[][] groups, long budget)
        {
            int[] chosen = new int[groups.Length];
            long size = groups.Sum(group => group[0].SizeBytes);
            var steps = new List<(double Slope, int Group, int From, int To)>();
            for (int g = 0; g < groups.Length; g++)
            {
                // Upper hull of (size, score): from each corner to the one with the steepest gain.
                for (int from = 0; from < groups[g].Length - 1;)
                {
                    int best = from + 1;
                    for (int to = from + 2; to < groups[g].Length; to++)
                    {
                        if (Slope(groups[g], from, to) > Slope(groups[g], from, best)) best = to;
                    }
                    steps.Add((Slope(groups[g], from, best), g, from, best));
                    from = best;
                }
            }
            double multiplier = 0;
            bool full = false;
            foreach ((double slope, int group, int from, int to) in steps.OrderByDescending(step => step.Slope))
            {
                long cost = groups[group][to].SizeBytes - groups[group][from].SizeBytes;
                if (chosen[group] == from && size + cost <= budget)
                {
                    chosen[group] = to;
                    size += cost;
                }
                else if (!full)
                {
                    // The first step that does not fit sets the price of a byte; later, cheaper ones may still fill the gap.
                    multiplier = slope;
                    full = true;
                }
            }
            return new Relaxation(multiplier, chosen, chosen.Select((candidate, g) => groups[g][candidate].Score).Sum());
        }

        private static double Slope(Candidate[] group, int from, int to) =>
            (group[to].Score - group[from].Score) / (group[to].SizeBytes - group[from].SizeBytes);
    }

    /// <summary>Undominated partial choices, group by group.</summary>
    private sealed class States(Candidate[][] groups, int[] order, long budget, Relaxation relaxation)
    {
        private readonly record struct State(long SizeBytes, double Score, int Parent, int Candidate);

        private readonly List<State[]> layers = [];

        internal int[]? Run(CancellationToken cancellationToken)
        {
            double[] bound = new double[order.Length + 1];
            long[] least = new long[order.Length + 1];
            for (int i = order.Length - 1; i >= 0; i--)
            {
                Candidate[] group = groups[order[i]];
                bound[i] = bound[i + 1] + group.Max(candidate => candidate.Score - (relaxation.Multiplier * candidate.SizeBytes));
                least[i] = least[i + 1] + group[0].SizeBytes;
            }
            State[] states = [new State(0, 0, -1, -1)];
            for (int i = 0; i < order.Length; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                states = Extend(states, groups[order[i]], bound[i + 1], least[i + 1]);
                // Nothing can beat the incumbent any more.
                if (states.Length == 0) return null;
                layers.Add(states);
            }
            return states[^1].Score > relaxation.Score ? Choices(states.Length - 1) : null;
        }

        private State[] Extend(State[] states, Candidate[] group, double restBound, long restLeast)
        {
            int[] next = new int[group.Length];
            double floor = relaxation.Score - (Rounding * Math.Max(1, Math.Abs(relaxation.Score)));
            double best = double.NegativeInfinity;
            var result = new List<State>(states.Length);
            while (true)
            {
                // Of the shifted lists, each ascending in size, the smallest head comes next; at equal size the better score.
                int from = -1;
                long size = 0;
                double score = 0;
                for (int c = 0; c < group.Length; c++)
                {
                    if (next[c] == states.Length) continue;
                    long candidateSize = states[next[c]].SizeBytes + group[c].SizeBytes;
                    double candidateScore = states[next[c]].Score + group[c].Score;
                    if (from < 0 || candidateSize < size || (candidateSize == size && candidateScore > score)) (from, size, score) = (c, candidateSize, candidateScore);
                }
                if (from < 0 || size + restLeast > budget) return [.. result];
                int parent = next[from]++;
                if (score <= best) continue;
                if (score + restBound + (relaxation.Multiplier * (budget - size)) < floor) continue;
                best = score;
                result.Add(new State(size, score, parent, from));
            }
        }

        private int[] Choices(int state)
        {
            int[] chosen = new int[order.Length];
            for (int i = order.Length - 1; i >= 0; i--)
            {
                State here = layers[i][state];
                chosen[order[i]] = here.Candidate;
                state = here.Parent;
            }
            return chosen;
        }
    }
}
