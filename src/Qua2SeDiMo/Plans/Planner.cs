using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Quantizers;

namespace Qua2SeDiMo.Plans;

/// <summary>
/// Makes the rows of a plan, and elects its plans among the candidates by what images or predictions say of them. Needs
/// no model and no images.
/// </summary>
/// <param name="study">Sizes and errors of every weight under every option, and labelled trials.</param>
/// <param name="weightNames">Per weight its name, and those of weights that are tied to it.</param>
/// <param name="sources">Sources of candidates.</param>
internal sealed class Planner(
    TrainingSet study,
    IReadOnlyList<IReadOnlyList<string>> weightNames,
    IReadOnlyList<PlanSource> sources
)
{
    private readonly OptionFeatures features = study.Features;

    /// <summary>The best summed score by size, of every source that adds up scores.</summary>
    public IReadOnlyList<ScoreFront> Fronts(CancellationToken cancellationToken) =>
        ScoreFront.Of(features, sources, cancellationToken);

    /// <summary>Each option for all weights; then, size by size, what <see cref="Candidates"/> makes and the best
    /// labelled trial that fits.</summary>
    /// <param name="budgets">Sizes.</param>
    /// <param name="key">What the key of the best trial begins with.</param>
    /// <param name="label">Label of the best trial, from its index.</param>
    /// <param name="metric">Name of the metric that labels are; null where images will measure it again.</param>
    /// <param name="cancellationToken">Stops between candidates.</param>
    /// <returns>Entries without metrics, but for the label of the best trial where it is one.</returns>
    /// <exception cref="PlanException">A size is too small for any allocation.</exception>
    public IReadOnlyList<PlanEntry> Rows(
        IReadOnlyList<BitBudget> budgets,
        string key,
        Func<int, string> label,
        string? metric,
        CancellationToken cancellationToken
    )
    {
        List<PlanEntry> rows = [.. Enumerable.Range(0, features.OptionCount).Select(Uniform)];
        foreach (BitBudget budget in budgets)
        {
            rows.AddRange(Candidates(budget, cancellationToken));
            if (BestTrial(budget) is not { } best)
                continue;
            PlanEntry empty = PlanEntries.Entry(features, budget, key, label(best), PlanKind.BestRandom);
            PredictorTrial trial = study.Trials[best];
            if (metric is not null)
                empty = empty with { Metrics = new Dictionary<string, Measured> { [metric] = new(trial.Target) } };
            rows.Add(Choosing(empty, trial.Options));
        }
        return rows;
    }

    /// <summary>The candidate of every source for a size, and the allocation of the least weight error.</summary>
    /// <exception cref="PlanException">The size is too small for any allocation.</exception>
    public IReadOnlyList<PlanEntry> Candidates(BitBudget budget, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(budget);
        var rows = new List<PlanEntry>();
        foreach (PlanSource source in sources)
        {
            PlanCandidate candidate = Propose(source.Search, budget, cancellationToken);
            PlanEntry empty = PlanEntries.Entry(
                features,
                budget,
                $"plan-{source.Scores.Name}",
                $"Proposal of {source.Scores.Label}",
                PlanKind.Candidate
            );
            rows.Add(
                Choosing(empty, candidate.Options) with
                {
                    Scores = source.Scores,
                    PredictedScore = candidate.Score,
                }
            );
        }
        PlanEntry least = PlanEntries.Entry(
            features,
            budget,
            "weight-error",
            "Least weight error",
            PlanKind.WeightError
        );
        rows.Add(Choosing(least, Propose(LeastError(), budget, cancellationToken).Options));
        return rows;
    }

    /// <summary>Of the candidates for a size the best one becomes its plan; the others stay in the table.</summary>
    /// <param name="entries">All rows.</param>
    /// <param name="quality">How good a candidate is, larger is better; null where it cannot become the plan.</param>
    /// <param name="label">Label of a plan.</param>
    public static IReadOnlyList<PlanEntry> Elect(
        IReadOnlyList<PlanEntry> entries,
        Func<PlanEntry, double?> quality,
        Func<PlanEntry, string> label
    )
    {
        HashSet<string> elected =
        [
            .. entries
                .Where(entry => entry.Kind == PlanKind.Candidate)
                .Select(entry => (Entry: entry, Quality: quality(entry)))
                .Where(pair => pair.Quality is not null)
                .GroupBy(pair => pair.Entry.Budget)
                .Select(group => group.MaxBy(pair => pair.Quality)!.Entry.Key),
        ];
        return
        [
            .. entries.Select(entry =>
                elected.Contains(entry.Key) ? entry with { Kind = PlanKind.Plan, Label = label(entry) } : entry
            ),
        ];
    }

    /// <summary>The option index of every weight in an allocation of these weights.</summary>
    public int[] Options(BitAllocation allocation)
    {
        ArgumentNullException.ThrowIfNull(allocation);
        QuantizerSpec[] specs = [.. features.Options.Select(PlanEntries.Spec)];
        return [.. weightNames.Select(names => Array.IndexOf(specs, allocation[names[0]]))];
    }

    private PlanEntry Uniform(int option)
    {
        string name = features.Options[option].Name;
        var empty = new PlanEntry
        {
            Key = $"uniform-{name}",
            Label = $"{name} everywhere",
            Kind = PlanKind.Uniform,
        };
        return Choosing(empty, [.. Enumerable.Repeat(option, features.WeightCount)]);
    }

    // Index of the trial of the best label among those that fit.
    private int? BestTrial(BitBudget budget)
    {
        long bytes = Bytes(budget);
        int[] fitting =
        [
            .. Enumerable
                .Range(0, study.Trials.Count)
                .Where(t => features.TotalBytes([.. study.Trials[t].Options]) <= bytes),
        ];
        return fitting.Length == 0 ? null : fitting.MaxBy(t => study.Trials[t].Target);
    }

    private ScoreSumSearch LeastError()
    {
        double Error(int weight, int option) => -features.Error(weight, option) * features.OriginalBytes(weight);
        return new ScoreSumSearch("weight-error", features, ScoredGroup.PerWeight(features, Error));
    }

    private PlanCandidate Propose(ICandidateSearch search, BitBudget budget, CancellationToken cancellationToken)
    {
        long bytes = Bytes(budget);
        if (search.Propose(bytes, cancellationToken) is { } candidate)
            return candidate;
        long Smallest(int weight) =>
            Enumerable.Range(0, features.OptionCount).Min(option => features.QuantizedBytes(weight, option));
        long smallest = Enumerable.Range(0, features.WeightCount).Sum(Smallest);
        throw new PlanException(
            $"{budget.Name}: no allocation fits into {bytes:#,0} bytes; the smallest takes {smallest:#,0} "
                + $"({features.OriginalBits * (double)smallest / features.TotalOriginalBytes:0.000} average bits)."
        );
    }

    private PlanEntry Choosing(PlanEntry entry, IReadOnlyList<int> options) =>
        entry with
        {
            SizeBytes = features.TotalBytes([.. options]),
            AverageBits = features.AverageBits([.. options]),
            Allocation = PlanEntries.Allocation(features, weightNames, options),
        };

    private long Bytes(BitBudget budget) => budget.ToBytes(features.TotalOriginalBytes, features.OriginalBits);
}
