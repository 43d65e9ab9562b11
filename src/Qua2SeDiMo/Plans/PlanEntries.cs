using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Quantizers;

namespace Qua2SeDiMo.Plans;

/// <summary>Makes entries of plans from scores and sizes. Needs no model and no images.</summary>
internal static class PlanEntries
{
    /// <summary>The candidate of every source for every budget, and the allocation of the least weight error.</summary>
    /// <param name="features">Sizes and errors of every weight under every option.</param>
    /// <param name="weightNames">Per weight its name, and those of weights that are tied to it.</param>
    /// <param name="sources">Sources of candidates.</param>
    /// <param name="budgets">Sizes.</param>
    /// <param name="cancellationToken">Stops between candidates.</param>
    /// <returns>Entries without metrics, budget by budget.</returns>
    /// <exception cref="PlanException">A size is too small for any allocation.</exception>
    public static IReadOnlyList<PlanEntry> Of(
        OptionFeatures features,
        IReadOnlyList<IReadOnlyList<string>> weightNames,
        IReadOnlyList<PlanSource> sources,
        IReadOnlyList<BitBudget> budgets,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(features);
        ArgumentNullException.ThrowIfNull(weightNames);
        ArgumentNullException.ThrowIfNull(sources);
        ArgumentNullException.ThrowIfNull(budgets);
        double Error(int weight, int option) => -features.Error(weight, option) * features.OriginalBytes(weight);
        var leastError = new ScoreSumSearch("weight-error", features, ScoredGroup.PerWeight(features, Error));
        var entries = new List<PlanEntry>();
        foreach (BitBudget budget in budgets)
        {
            foreach (PlanSource source in sources)
            {
                PlanCandidate candidate = Propose(source.Search, features, budget, cancellationToken);
                PlanEntry empty = Entry(
                    features,
                    budget,
                    $"plan-{source.Scores.Name}",
                    $"Proposal of {source.Scores.Label}",
                    PlanKind.Candidate
                );
                entries.Add(
                    Choosing(empty, candidate.Options) with
                    {
                        Scores = source.Scores,
                        PredictedScore = candidate.Score,
                    }
                );
            }
            PlanEntry least = Entry(features, budget, "weight-error", "Least weight error", PlanKind.WeightError);
            entries.Add(Choosing(least, Propose(leastError, features, budget, cancellationToken).Options));
        }
        return entries;

        PlanEntry Choosing(PlanEntry entry, IReadOnlyList<int> options) =>
            Choose(entry, features, weightNames, options);
    }

    /// <summary>An entry with an allocation, and its size.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="features">Sizes.</param>
    /// <param name="weightNames">Per weight its name, and those of weights that are tied to it.</param>
    /// <param name="options">Option index of every weight.</param>
    internal static PlanEntry Choose(
        PlanEntry entry,
        OptionFeatures features,
        IReadOnlyList<IReadOnlyList<string>> weightNames,
        IReadOnlyList<int> options
    ) =>
        entry with
        {
            SizeBytes = features.TotalBytes([.. options]),
            AverageBits = features.AverageBits([.. options]),
            Allocation = Allocation(features, weightNames, options),
        };

    /// <summary>An entry for a budget, with nothing chosen yet.</summary>
    internal static PlanEntry Entry(OptionFeatures features, BitBudget budget, string key, string label, PlanKind kind)
    {
        long bytes = budget.ToBytes(features.TotalOriginalBytes, features.OriginalBits);
        bool isLimited = budget != BitBudget.Best;
        return new PlanEntry
        {
            Key = $"{key}-{budget.Name}",
            Label = $"{label}, {budget.Label}",
            Kind = kind,
            Budget = budget,
            RequestedBits = isLimited
                ? budget.AverageBits ?? features.OriginalBits * (double)bytes / features.TotalOriginalBytes
                : null,
            BudgetBytes = isLimited ? bytes : null,
        };
    }

    /// <summary>The specification of an option; graphs from outside may join the words of a method by
    /// underscores.</summary>
    /// <exception cref="PlanException">No model can be packed with it.</exception>
    internal static QuantizerSpec Spec(OptionCode option)
    {
        if (QuantizerSpec.TryParse(option.Name.Replace('_', '-'), out QuantizerSpec? spec))
            return spec;
        string known = string.Join(", ", QuantizerSpec.PaperOptions);
        throw new PlanException(
            $"Option '{option.Name}' is none that a model can be packed with; options are {known}."
        );
    }

    /// <summary>The allocation of an option for every weight.</summary>
    internal static BitAllocation Allocation(
        OptionFeatures features,
        IReadOnlyList<IReadOnlyList<string>> weightNames,
        IReadOnlyList<int> options
    )
    {
        QuantizerSpec[] specs = [.. features.Options.Select(Spec)];
        return new BitAllocation(
            weightNames.SelectMany((names, w) => names.Select(name => KeyValuePair.Create(name, specs[options[w]])))
        );
    }

    private static PlanCandidate Propose(
        ICandidateSearch search,
        OptionFeatures features,
        BitBudget budget,
        CancellationToken cancellationToken
    )
    {
        long bytes = budget.ToBytes(features.TotalOriginalBytes, features.OriginalBits);
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
}
