namespace Qua2SeDiMo.Plans;

/// <summary>One option of a group: a way to store a weight or a unit.</summary>
/// <param name="SizeBytes">Bytes, at least 0.</param>
/// <param name="Score">Score; larger is better. The score of a plan is the sum over groups.</param>
internal readonly record struct PlanOption(long SizeBytes, double Score);

/// <summary>A choice of one option per group.</summary>
/// <param name="Options">Index of the chosen option of each group.</param>
/// <param name="SizeBytes">Summed bytes.</param>
/// <param name="Score">Summed score.</param>
internal sealed record PlanChoice(IReadOnlyList<int> Options, long SizeBytes, double Score);

/// <summary>
/// Chooses one option per group so that the summed score is largest within a byte budget: the multiple-choice knapsack
/// problem, solved exactly. Dynamic programming over the undominated (size, score) pairs of the first groups, pruned by
/// the linear relaxation of the other groups (Dyer, Riha and Walker, 1995; Kellerer, Pferschy and Pisinger, Knapsack
/// Problems, chapter 11).
/// </summary>
internal static class PlanSearch
{
    private const double Rounding = 1e-12;
    private const int NarrowWidth = 500;

    /// <summary>Bytes of the smallest choice.</summary>
    public static long SmallestSizeBytes(IReadOnlyList<IReadOnlyList<PlanOption>> groups)
    {
        ArgumentNullException.ThrowIfNull(groups);
        return groups.Sum(group => group.Min(option => option.SizeBytes));
    }

    /// <summary>Finds the best choice within a budget.</summary>
    /// <param name="groups">Options of each group, at least one per group; scores must be finite.</param>
    /// <param name="budgetBytes">Largest number of bytes of the choice.</param>
    /// <param name="cancellationToken">Checked once per group.</param>
    /// <returns>The choice; null when even the smallest one exceeds the budget.</returns>
    /// <exception cref="ArgumentException">A group is empty, a size negative or a score not finite.</exception>
    public static PlanChoice? Choose(
        IReadOnlyList<IReadOnlyList<PlanOption>> groups,
        long budgetBytes,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(groups);
        if (
            groups.Any(group =>
                group.Count == 0 || group.Any(option => option.SizeBytes < 0 || !double.IsFinite(option.Score))
            )
        )
        {
            throw new ArgumentException(
                "Every group needs an option; sizes are 0 or more and scores finite.",
                nameof(groups)
            );
        }
        if (SmallestSizeBytes(groups) > budgetBytes)
            return null;
        Candidate[][] candidates = [.. groups.Select(OptionFront.Undominated)];
        Relaxation relaxation = Relaxation.Solve(candidates, budgetBytes);
        // A beam search first: its solution prunes most states of the exact search.
        foreach (int width in (ReadOnlySpan<int>)[NarrowWidth, int.MaxValue])
        {
            candidates = relaxation.Worthwhile(candidates);
            relaxation = new States(candidates, relaxation, width).Run(cancellationToken) ?? relaxation;
        }
        IReadOnlyList<int> options = relaxation.Incumbent;
        return new PlanChoice(
            options,
            options.Select((option, g) => groups[g][option].SizeBytes).Sum(),
            options.Select((option, g) => groups[g][option].Score).Sum()
        );
    }

    /// <summary>The linear relaxation: its multiplier (price of a byte) bounds the score of the remaining groups, and
    /// its rounded-down choice is the first incumbent.</summary>
    private sealed record Relaxation(double Multiplier, int[] Incumbent, double Score, long Budget)
    {
        /// <summary>Least value of a bound that is still worth following: the incumbent's score minus the rounding
        /// error of bounds.</summary>
        internal double Floor => Score - (Rounding * (Math.Max(1, Math.Abs(Score)) + (Multiplier * Budget)));

        internal static Relaxation Solve(Candidate[][] groups, long budget)
        {
            int[] chosen = new int[groups.Length];
            long size = groups.Sum(group => group[0].SizeBytes);
            var steps = new List<(double Slope, int Group, int From, int To)>();
            for (int g = 0; g < groups.Length; g++)
            {
                int[] corners = OptionFront.Corners(groups[g]);
                for (int i = 1; i < corners.Length; i++)
                    steps.Add(
                        (
                            OptionFront.Slope(groups[g][corners[i - 1]], groups[g][corners[i]]),
                            g,
                            corners[i - 1],
                            corners[i]
                        )
                    );
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
                    // The first step that does not fit determines the price of a byte; later, less steep ones may still
                    // fit into the remaining bytes.
                    multiplier = slope;
                    full = true;
                }
            }
            return new Relaxation(
                multiplier,
                [.. chosen.Select((candidate, g) => groups[g][candidate].Option)],
                chosen.Select((candidate, g) => groups[g][candidate].Score).Sum(),
                budget
            );
        }

        /// <summary>Score minus the price of the bytes.</summary>
        internal double Priced(Candidate candidate) => candidate.Score - (Multiplier * candidate.SizeBytes);

        // Removes the candidates with which even the bound of all other groups does not reach the incumbent.
        internal Candidate[][] Worthwhile(Candidate[][] groups)
        {
            double[] best = [.. groups.Select(group => group.Max(Priced))];
            double bound = best.Sum() + (Multiplier * Budget);
            return
            [
                .. groups.Select(
                    (group, g) => group.Where(candidate => bound - best[g] + Priced(candidate) >= Floor).ToArray()
                ),
            ];
        }
    }

    /// <summary>Dynamic programming over undominated partial choices, group by group.</summary>
    private sealed class States
    {
        private readonly record struct State(long SizeBytes, double Score, int Parent, int Candidate);

        private readonly List<State[]> layers = [];
        private readonly Candidate[][] groups;
        private readonly int[] order;
        private readonly Relaxation relaxation;
        private readonly int width;

        /// <summary>Prepares a search.</summary>
        /// <param name="groups">Candidates of each group.</param>
        /// <param name="relaxation">Bound and incumbent.</param>
        /// <param name="width">Largest number of partial choices kept after each group, the most promising ones; the
        /// search is exact if it is never reached.</param>
        internal States(Candidate[][] groups, Relaxation relaxation, int width)
        {
            this.groups = groups;
            this.relaxation = relaxation;
            this.width = width;
            // Groups with the widest range of sizes first: the bound of the rest is then tight when there are most
            // states.
            order =
            [
                .. Enumerable
                    .Range(0, groups.Length)
                    .OrderByDescending(g => groups[g][^1].SizeBytes - groups[g][0].SizeBytes),
            ];
        }

        /// <summary>The relaxation with a better incumbent; null when none was found.</summary>
        internal Relaxation? Run(CancellationToken cancellationToken)
        {
            var rest = new HullBound(groups);
            State[] states = [new State(0, 0, -1, -1)];
            for (int i = 0; i < order.Length; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                rest.Remove(order[i]);
                states = Extend(states, groups[order[i]], rest);
                // No state can beat the incumbent any more.
                if (states.Length == 0)
                    return null;
                layers.Add(states);
            }
            return states[^1].Score > relaxation.Score
                ? relaxation with
                {
                    Incumbent = Choices(states.Length - 1),
                    Score = states[^1].Score,
                }
                : null;
        }

        private State[] Extend(State[] states, Candidate[] group, HullBound rest)
        {
            int[] next = new int[group.Length];
            double best = double.NegativeInfinity;
            var result = new List<State>(Math.Min(states.Length, width));
            while (true)
            {
                // Merges the shifted lists, each ascending in size: the smallest size is next, and among equal sizes
                // the best score.
                int from = -1;
                long size = 0;
                double score = 0;
                for (int c = 0; c < group.Length; c++)
                {
                    if (next[c] == states.Length)
                        continue;
                    long candidateSize = states[next[c]].SizeBytes + group[c].SizeBytes;
                    double candidateScore = states[next[c]].Score + group[c].Score;
                    if (from < 0 || candidateSize < size || (candidateSize == size && candidateScore > score))
                        (from, size, score) = (c, candidateSize, candidateScore);
                }
                if (from < 0 || size + rest.MinBytes > relaxation.Budget)
                    return result.Count <= width ? [.. result] : Promising(result, rest);
                int parent = next[from]++;
                if (score <= best)
                    continue;
                if (score + rest.At(relaxation.Budget - size) < relaxation.Floor)
                    continue;
                best = score;
                result.Add(new State(size, score, parent, from));
            }
        }

        private State[] Promising(List<State> states, HullBound rest) =>
            [
                .. states
                    .OrderByDescending(state => state.Score + rest.At(relaxation.Budget - state.SizeBytes))
                    .Take(width)
                    .OrderBy(state => state.SizeBytes),
            ];

        private int[] Choices(int state)
        {
            int[] chosen = new int[order.Length];
            for (int i = order.Length - 1; i >= 0; i--)
            {
                State here = layers[i][state];
                chosen[order[i]] = groups[order[i]][here.Candidate].Option;
                state = here.Parent;
            }
            return chosen;
        }
    }
}
