namespace Qua2SeDiMo.Plans;

/// <summary>One way to store a weight or a unit.</summary>
/// <param name="SizeBytes">Bytes, 0 or more.</param>
/// <param name="Score">Larger is better; scores of a plan add up.</param>
internal readonly record struct PlanOption(long SizeBytes, double Score);

/// <summary>An option for every group.</summary>
/// <param name="Options">Index into each group's options.</param>
/// <param name="SizeBytes">Summed bytes.</param>
/// <param name="Score">Summed score.</param>
internal sealed record PlanChoice(IReadOnlyList<int> Options, long SizeBytes, double Score);

/// <summary>
/// Chooses one option per group so that the summed score is largest within a byte budget: the multiple-choice knapsack
/// problem, solved exactly. Dynamic programming over the undominated (size, score) pairs of the first groups, cut by
/// the linear relaxation of the others (Dyer, Riha and Walker, 1995; Kellerer, Pferschy and Pisinger, Knapsack
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

    /// <summary>The best choice within a budget.</summary>
    /// <param name="groups">Options of each group, at least one each; scores finite.</param>
    /// <param name="budgetBytes">Most bytes that the choice may take.</param>
    /// <param name="cancellationToken">Looked at once per group.</param>
    /// <returns>Null when even the smallest choice is larger than the budget.</returns>
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

    /// <summary>The linear relaxation: its multiplier bounds what is still to come, its rounded-down choice is the
    /// first incumbent.</summary>
    private sealed record Relaxation(double Multiplier, int[] Incumbent, double Score, long Budget)
    {
        /// <summary>What a bound has to reach; below the incumbent by the rounding of bounds.</summary>
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
                    // The first step that does not fit sets the price of a byte; later, cheaper ones may still fill the
                    // gap.
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

        /// <summary>Score less the price of the bytes.</summary>
        internal double Priced(Candidate candidate) => candidate.Score - (Multiplier * candidate.SizeBytes);

        // Without the candidates that even the bound of all other groups does not lift to the incumbent.
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

    /// <summary>Undominated partial choices, group by group.</summary>
    private sealed class States
    {
        private readonly record struct State(long SizeBytes, double Score, int Parent, int Candidate);

        private readonly List<State[]> layers = [];
        private readonly Candidate[][] groups;
        private readonly int[] order;
        private readonly Relaxation relaxation;
        private readonly int width;

        /// <summary>Prepares a search.</summary>
        /// <param name="groups">Candidates.</param>
        /// <param name="relaxation">Bound and incumbent.</param>
        /// <param name="width">Partial choices that are followed after each group, the most promising ones; exact if
        /// that is never reached.</param>
        internal States(Candidate[][] groups, Relaxation relaxation, int width)
        {
            this.groups = groups;
            this.relaxation = relaxation;
            this.width = width;
            // Groups with the widest range of sizes first: the bound of the rest is then tight where most states are.
            order =
            [
                .. Enumerable
                    .Range(0, groups.Length)
                    .OrderByDescending(g => groups[g][^1].SizeBytes - groups[g][0].SizeBytes),
            ];
        }

        /// <summary>The relaxation with a better incumbent; null when none is found.</summary>
        internal Relaxation? Run(CancellationToken cancellationToken)
        {
            var rest = new HullBound(groups);
            State[] states = [new State(0, 0, -1, -1)];
            for (int i = 0; i < order.Length; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                rest.Remove(order[i]);
                states = Extend(states, groups[order[i]], rest);
                // Nothing can beat the incumbent any more.
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
                // Of the shifted lists, each ascending in size, the smallest head comes next; at equal size the better
                // score.
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
