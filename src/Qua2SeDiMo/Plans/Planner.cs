using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Quantizers;

namespace Qua2SeDiMo.Plans;

/// <summary>
/// Makes the rows of a plan and selects plans among the candidates by a given quality, measured or predicted.
/// Independent of models and images.
/// </summary>
/// <param name="study">Size and error of every weight under every option, and labelled trials.</param>
/// <param name="weightNames">Names per weight of the study: its own and those of the weights tied to it.</param>
/// <param name="sources">Sources of candidates.</param>
internal sealed class Planner(
    TrainingSet study,
    IReadOnlyList<IReadOnlyList<string>> weightNames,
    IReadOnlyList<PlanSource> sources
)
{
    private readonly OptionFeatures features = study.Features;

    /// <summary>Fronts of summed score against size, of every source that sums scores.</summary>
    public IReadOnlyList<ScoreFront> Fronts(CancellationToken cancellationToken) =>
        ScoreFront.Of(features, sources, cancellationToken);

    /// <summary>Rows for each uniform allocation; then, per budget, the rows of <see cref="Candidates"/> and the best
    /// labelled trial that fits.</summary>
    /// <param name="budgets">The budgets.</param>
    /// <param name="key">Prefix of the key of the best trial.</param>
    /// <param name="label">Returns the label of the best trial, given its index.</param>
    /// <param name="metric">Name of the metric that the trials' labels are recorded as; null if images will measure the
    /// trial again.</param>
    /// <param name="cancellationToken">Cancels between candidates.</param>
    /// <returns>Entries without metrics, except the label of the best trial if <paramref name="metric"/> is
    /// given.</returns>
    /// <exception cref="PlanException">A budget is too small for any allocation.</exception>
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

    /// <summary>The candidate of every source for a budget, and the allocation with the least weight error.</summary>
    /// <exception cref="PlanException">The budget is too small for any allocation.</exception>
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
            IReadOnlyDictionary<string, int>? activations = PlanEntries.Activations(weightNames, candidate.Activations);
            rows.Add(
                Choosing(empty, candidate.Options) with
                {
                    // Pictures of other inputs are others.
                    Key = activations is null ? empty.Key : $"{empty.Key}-{PlanEntries.Hash(activations)}",
                    Scores = source.Scores,
                    PredictedScore = candidate.Score,
                    Activations = activations,
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

    /// <summary>Makes the best candidate for each budget its plan; the others stay candidates.</summary>
    /// <param name="entries">All rows.</param>
    /// <param name="quality">Quality of a candidate, larger is better; null if it cannot become the plan.</param>
    /// <param name="label">Returns the label of a plan.</param>
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

    /// <summary>Option index of every weight in an allocation.</summary>
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

    // Index of the trial with the best label among those within the budget; null if none fits.
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
