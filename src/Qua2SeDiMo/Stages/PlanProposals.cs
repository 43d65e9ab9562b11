using System.Globalization;
using System.Text;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Quantizers;

namespace Qua2SeDiMo.Stages;

/// <summary>Turns scores into entries of a plan. Needs sizes and scores only: no model, no images.</summary>
public static class PlanProposals
{
    // Of a front with more points the corners are kept: a file of results is no place for a hundred thousand rows.
    private const int MostFrontPoints = 1000;

    /// <summary>What everybody proposes for every budget, and the allocation of the least weight error.</summary>
    /// <param name="features">Sizes and errors of every weight under every option.</param>
    /// <param name="weightNames">Per weight its name, and those of weights that are tied to it.</param>
    /// <param name="proposers">Who proposes.</param>
    /// <param name="budgets">Sizes.</param>
    /// <param name="cancellationToken">Stops between proposals.</param>
    /// <returns>Entries without metrics, budget by budget.</returns>
    /// <exception cref="Q2Exception">A size is too small for any allocation.</exception>
    public static IReadOnlyList<PlanEntry> Of(OptionFeatures features, IReadOnlyList<IReadOnlyList<string>> weightNames, IReadOnlyList<PlanProposer> proposers,
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
            foreach (PlanProposer proposer in proposers)
            {
                PlanProposal proposal = Propose(proposer.Search, features, budget, cancellationToken);
                string label = $"Proposal of {PlanProposer.LabelOf(proposer.Model, proposer.Level)}";
                entries.Add(Entry(features, budget, $"plan-{proposer.Name}", label, PlanKind.Candidate) with
                {
                    Predictor = proposer.Model,
                    Level = proposer.Level,
                    PredictedScore = proposal.Score,
                    SizeBytes = proposal.SizeBytes,
                    AverageBits = features.AverageBits([.. proposal.Options]),
                    Allocation = Allocation(features, weightNames, proposal.Options),
                });
            }
            PlanProposal least = Propose(leastError, features, budget, cancellationToken);
            PlanEntry entry = Entry(features, budget, "weight-error", "Least weight error", PlanKind.WeightError);
            entries.Add(entry with { SizeBytes = least.SizeBytes, AverageBits = features.AverageBits([.. least.Options]), Allocation = Allocation(features, weightNames, least.Options) });
        }
        return entries;
    }

    /// <summary>The fronts of all proposers that add up scores.</summary>
    /// <param name="features">Sizes.</param>
    /// <param name="proposers">Who proposes.</param>
    /// <param name="cancellationToken">Stops between groups.</param>
    public static IReadOnlyList<PlanFrontRecord> Fronts(OptionFeatures features, IReadOnlyList<PlanProposer> proposers, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(features);
        ArgumentNullException.ThrowIfNull(proposers);
        var fronts = new List<PlanFrontRecord>();
        foreach (PlanProposer proposer in proposers)
        {
            if (proposer.Search is not ScoreSumProposer sum) continue;
            PlanFront front = sum.Front(MostFrontPoints, cancellationToken);
            fronts.Add(new PlanFrontRecord(proposer.Model, proposer.Level, front.IsComplete,
                [.. front.Points.Select(point => new PlanFrontPoint(point.SizeBytes, features.OriginalBits * (double)point.SizeBytes / features.TotalOriginalBytes, point.Score))]));
        }
        return fronts;
    }

    /// <summary>The fronts as CSV: proposer, level, bytes, average bits and score of every point.</summary>
    public static string Csv(IReadOnlyList<PlanFrontRecord> fronts)
    {
        ArgumentNullException.ThrowIfNull(fronts);
        var text = new StringBuilder("predictor,level,size_bytes,average_bits,score\n");
        foreach (PlanFrontRecord front in fronts)
        {
            foreach (PlanFrontPoint point in front.Points)
            {
                text.Append(CultureInfo.InvariantCulture, $"{front.Model},{front.Level.ToString().ToLowerInvariant()},{point.SizeBytes},{point.AverageBits:0.######},{point.Score:R}\n");
            }
        }
        return text.ToString();
    }

    /// <summary>An entry for a budget, with nothing chosen yet.</summary>
    internal static PlanEntry Entry(OptionFeatures features, BitBudget budget, string key, string label, PlanKind kind)
    {
        long bytes = budget.ToBytes(features.TotalOriginalBytes, features.OriginalBits);
        return new PlanEntry
        {
            Key = $"{key}-{budget.Name}",
            Label = $"{label}, {budget.Label}",
            Kind = kind,
            RequestedBits = budget == BitBudget.Best ? null : budget.AverageBits ?? features.OriginalBits * (double)bytes / features.TotalOriginalBytes,
            BudgetBytes = budget == BitBudget.Best ? null : bytes,
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

    internal static BitAllocation Allocation(OptionFeatures features, IReadOnlyList<IReadOnlyList<string>> weightNames, IReadOnlyList<int> options)
    {
        QuantizerSpec[] specs = [.. features.Options.Select(Spec)];
        return new BitAllocation(weightNames.SelectMany((names, w) => names.Select(name => KeyValuePair.Create(name, specs[options[w]]))));
    }

    /// <summary>The specification behind an option; graphs from outside may join the words of a method by underscores.</summary>
    internal static QuantizerSpec Spec(OptionCode option) => QuantizerSpec.TryParse(option.Name.Replace('_', '-'), out QuantizerSpec? spec) ? spec
        : throw new ModelFolderException($"Option '{option.Name}' is none that a model can be packed with; options are {string.Join(", ", QuantizerSpec.PaperOptions)}.");
}
