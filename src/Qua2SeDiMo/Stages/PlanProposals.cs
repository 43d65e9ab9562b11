using Qua2SeDiMo.Models;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Quantizers;

namespace Qua2SeDiMo.Stages;

/// <summary>Turns scores into entries of a plan. Needs sizes and scores only: no model, no images.</summary>
public static class PlanProposals
{
    /// <summary>What everybody proposes for every budget, and the allocation of the least weight error.</summary>
    /// <param name="features">Sizes and errors of every weight under every option.</param>
    /// <param name="weightNames">Per weight its name, and those of weights that are tied to it.</param>
    /// <param name="proposers">Who proposes.</param>
    /// <param name="budgets">Sizes.</param>
    /// <param name="cancellationToken">Stops between proposals.</param>
    /// <returns>Entries without metrics, budget by budget.</returns>
    /// <exception cref="Q2Exception">A size is too small for any allocation.</exception>
    public static IReadOnlyList<PlanEntry> Of(OptionFeatures features, IReadOnlyList<IReadOnlyList<string>> weightNames, IReadOnlyList<IPlanProposer> proposers,
        IReadOnlyList<BitBudget> budgets, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(features);
        ArgumentNullException.ThrowIfNull(weightNames);
        ArgumentNullException.ThrowIfNull(proposers);
        ArgumentNullException.ThrowIfNull(budgets);
        var leastError = new ScoreSumProposer("weight-error", features, ScoredGroup.PerWeight(features, (w, o) => -features.Error(w, o) * features.OriginalBytes(w)));
        var entries = new List<PlanEntry>();
        foreach (BitBudget budget in budgets)
        {
            foreach (IPlanProposer proposer in proposers)
            {
                PlanProposal proposal = Propose(proposer, features, budget, cancellationToken);
                entries.Add(Entry(features, budget, $"plan-{proposer.Name}", $"Proposal of {ModelLabels.Proposer(proposer.Name)}", PlanKind.Candidate)
                    with { Predictor = proposer.Name, SizeBytes = proposal.SizeBytes, AverageBits = features.AverageBits([.. proposal.Options]), Allocation = Allocation(features, weightNames, proposal.Options) });
            }
            PlanProposal least = Propose(leastError, features, budget, cancellationToken);
            entries.Add(Entry(features, budget, "weight-error", "Least weight error", PlanKind.WeightError)
                with { SizeBytes = least.SizeBytes, AverageBits = features.AverageBits([.. least.Options]), Allocation = Allocation(features, weightNames, least.Options) });
        }
        return entries;
    }

    /// <summary>Proposers that add up the scores of single weights.</summary>
    /// <param name="features">Sizes.</param>
    /// <param name="sensitivity">Scores.</param>
    /// <param name="names">Names of <see cref="ModelNames"/>.</param>
    public static IReadOnlyList<IPlanProposer> PerWeight(OptionFeatures features, SensitivityRecord sensitivity, IReadOnlyList<string> names)
    {
        ArgumentNullException.ThrowIfNull(sensitivity);
        return [.. names.Select(name => new ScoreSumProposer(name, features, ScoredGroup.PerWeight(features, (w, o) => sensitivity.By(name).Weights[w].Scores[o])))];
    }

    /// <summary>An entry for a budget, with nothing chosen yet.</summary>
    internal static PlanEntry Entry(OptionFeatures features, BitBudget budget, string key, string label, PlanKind kind)
    {
        long bytes = budget.ToBytes(features.TotalOriginalBytes, features.OriginalBits);
        return new PlanEntry
        {
            Key = $"{key}-{budget.Name}",
            Label = $"{label}, {budget.Name}{(budget.Bytes is null ? " bits" : "")}",
            Kind = kind,
            RequestedBits = budget.AverageBits ?? features.OriginalBits * (double)bytes / features.TotalOriginalBytes,
            BudgetBytes = bytes,
        };
    }

    private static PlanProposal Propose(IPlanProposer proposer, OptionFeatures features, BitBudget budget, CancellationToken cancellationToken)
    {
        long bytes = budget.ToBytes(features.TotalOriginalBytes, features.OriginalBits);
        if (proposer.Propose(bytes, cancellationToken) is { } proposal) return proposal;
        long smallest = Enumerable.Range(0, features.WeightCount).Sum(w => Enumerable.Range(0, features.OptionCount).Min(o => features.QuantizedBytes(w, o)));
        throw new ModelFolderException($"{budget.Name}: no allocation fits into {bytes:#,0} bytes; the smallest takes {smallest:#,0} "
            + $"({features.OriginalBits * (double)smallest / features.TotalOriginalBytes:0.000} average bits).");
    }

    private static BitAllocation Allocation(OptionFeatures features, IReadOnlyList<IReadOnlyList<string>> weightNames, IReadOnlyList<int> options)
    {
        QuantizerSpec[] specs = [.. features.Options.Select(option => QuantizerSpec.TryParse(option.Name, out QuantizerSpec? spec) ? spec
            : throw new ModelFolderException($"Option '{option.Name}' is none that a model can be packed with; options are {string.Join(", ", QuantizerSpec.PaperOptions)}."))];
        return new BitAllocation(weightNames.SelectMany((names, w) => names.Select(name => KeyValuePair.Create(name, specs[options[w]]))));
    }
}
