using System.Security.Cryptography;
using System.Text;
using Qua2SeDiMo.Graphs;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Studies;

namespace Qua2SeDiMo.Stages;

/// <summary>Chooses allocations for requested sizes and checks each, and its baselines, by generating images with it.</summary>
public static class PlanStage
{
    /// <summary>Suffix of metrics that were measured on prompts and seeds which no trial saw.</summary>
    public const string FreshSuffix = "-fresh";

    private const int BootstrapDraws = 1000;

    /// <summary>Sizes planned for when none are asked for, in average bits.</summary>
    public static IReadOnlyList<BitBudget> DefaultBudgets { get; } = [new(3.5, null), new(3.75, null), new(4.0, null)];

    /// <summary>Makes and verifies plans.</summary>
    /// <param name="model">The model.</param>
    /// <param name="run">The run directory, with study and predictor.</param>
    /// <param name="budgets">Sizes.</param>
    /// <param name="predictor">Name of the model whose scores make the plans; null lets every model propose and the images decide.</param>
    /// <param name="activations">Bits, 2 to 8, that activations of the plans are rounded to in further rows of the table; null for none.</param>
    /// <param name="progress">Told of every step.</param>
    /// <param name="cancellationToken">Stops between steps; labelled allocations stay.</param>
    /// <exception cref="Q2Exception">An earlier stage is missing, or a size is too small for any allocation.</exception>
    public static PlanRecord Run(
        LoadedModel model, RunDirectory run, IReadOnlyList<BitBudget> budgets, string? predictor = null, IReadOnlyList<int>? activations = null,
        IProgress<StageProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(budgets);
        StudyOptions options = StudyRecord.Read(run).Options;
        FitRecord fit = FittedFiles.Main(run);
        Objective objective = Objective.Parse(fit.Objective);
        SensitivityRecord sensitivity = ExplainStage.Read(run);
        string[] proposers = predictor is not null ? [predictor] : sensitivity.Network is null ? [ModelNames.Ridge] : [ModelNames.Network, ModelNames.Ridge];
        List<PlanEntry> entries = Propose(model, run, budgets, objective, sensitivity, proposers, cancellationToken);
        entries = Verify(model, run, options, entries, "", progress, cancellationToken);
        entries = Verify(model, run, options.OnFreshPrompts(), entries, FreshSuffix, progress, cancellationToken);
        entries = Elect(entries, objective);
        PlanEntry[] plans = [.. entries.Where(entry => entry.Kind == PlanKind.Plan)];
        foreach (int bits in (activations ?? []).Distinct().Where(bits => bits != options.ActivationBits))
        {
            List<PlanEntry> rounded = [.. plans.Select(plan => WithRoundedActivations(plan, bits))];
            StudyOptions own = options with { ActivationBits = bits };
            rounded = Verify(model, run, own, rounded, "", progress, cancellationToken);
            entries.AddRange(Verify(model, run, own.OnFreshPrompts(), rounded, FreshSuffix, progress, cancellationToken));
        }
        string decides = entries.Where(entry => entry.Kind == PlanKind.Plan).MaxBy(entry => entry.AverageBits)!.Predictor!;
        string reason = predictor is not null ? $"Chosen by the user: {predictor}." : Reason(entries, fit.Result.Choice);
        var record = new PlanRecord(fit.Objective, decides, reason, entries);
        record.Write(run);
        return record;
    }

    private static PlanEntry WithRoundedActivations(PlanEntry plan, int bits) => plan with
    {
        Key = $"{plan.Key}-a{bits}",
        Label = $"{plan.Label}, activations of {bits} bits",
        Kind = PlanKind.RoundedActivations,
        Metrics = new Dictionary<string, Measured>(),
    };

    // Ranking trials well and adding up to a good plan are two things, so each model proposes and the images decide: of the proposals for a
    // size, the one that measures better on the study's prompts is the plan. The others stay in the table.
    private static List<PlanEntry> Elect(List<PlanEntry> entries, Objective objective)
    {
        double Quality(PlanEntry entry) => objective.Metric.Direction == StudyDirection.Maximize
            ? entry.Metrics[objective.Metric.Name].Value : -entry.Metrics[objective.Metric.Name].Value;
        HashSet<string> elected =
        [
            .. entries.Where(entry => entry.Kind == PlanKind.Candidate).GroupBy(entry => entry.BudgetBytes).Select(group => group.MaxBy(Quality)!.Key),
        ];
        return [.. entries.Select(entry => elected.Contains(entry.Key) ? entry with { Kind = PlanKind.Plan, Label = $"Plan, {Size(entry)}" } : entry)];
    }

    private static string Reason(List<PlanEntry> entries, PredictorChoice choice)
    {
        string taken = string.Join(", ", entries.Where(entry => entry.Kind == PlanKind.Plan).Select(entry => $"{ModelLabels.Proposer(entry.Predictor!)} at {Size(entry)}"));
        return $"Each model proposed a plan and the one that measured better was taken: {taken}. "
            + (double.IsNaN(choice.NetworkSrcc) ? "" : $"In ranking held-out trials the network reaches an SRCC of {choice.NetworkSrcc:0.000}, ridge regression {choice.RidgeSrcc:0.000}.");
    }

    private static string Size(PlanEntry entry) => entry.Key[(entry.Key.LastIndexOf('-') + 1)..] is var name && name.EndsWith('B') ? name : $"{name} bits";

    private static List<PlanEntry> Propose(
        LoadedModel model, RunDirectory run, IReadOnlyList<BitBudget> budgets, Objective objective, SensitivityRecord sensitivity, string[] proposers,
        CancellationToken cancellationToken)
    {
        QuantizerBank bank = QuantizerBank.Open(run.Bank);
        OperationGraph graph = OperationGraphBuilder.Build(model.Graph);
        OptionFeatures features = FitStage.Features(graph, bank, model.OriginalBits);
        Trial[] trials = [.. FitStage.ReadTrials(run, Study.DefaultName).Where(trial => trial.State == TrialState.Complete)];
        var entries = new List<PlanEntry> { new() { Key = "full-precision", Label = "Full precision", Kind = PlanKind.FullPrecision } };
        entries.AddRange(bank.Options.Select(option => new PlanEntry
        {
            Key = $"uniform-{option}",
            Label = $"{option} everywhere",
            Kind = PlanKind.Uniform,
            Allocation = BitAllocation.Uniform(model.Weights, option),
        }));
        string[][] names = [.. graph.Groups.Select(group => group.Select(weight => weight.Name).ToArray())];
        foreach (BitBudget budget in budgets)
        {
            entries.AddRange(PlanProposals.Of(features, names, PlanProposals.PerWeight(features, sensitivity, proposers), [budget], cancellationToken));
            long bytes = budget.ToBytes(features.TotalOriginalBytes, features.OriginalBits);
            Trial? best = trials.Where(trial => trial.Metrics[StudyMetric.SizeBytes.Name] <= bytes).MaxBy(objective.Of);
            if (best is not null) entries.Add(PlanProposals.Entry(features, budget, "best-random", $"Best random trial ({best.Name})", PlanKind.BestRandom) with { Allocation = best.Allocation });
        }
        return [.. entries.Select(entry => entry with { AverageBits = entry.Allocation.AverageBits(model.Weights, model.OriginalBits), SizeBytes = entry.Allocation.SizeBytes(model.Weights, model.OriginalBits) })];
    }

    // Labels every entry in a study of its own, named by what is in it, so that a repeated call finds its results.
    private static List<PlanEntry> Verify(
        LoadedModel model, RunDirectory run, StudyOptions options, List<PlanEntry> entries, string suffix, IProgress<StageProgress>? progress, CancellationToken cancellationToken)
    {
        (string Key, BitAllocation Allocation)[] allocations = [.. entries.Select(entry => (entry.Key, entry.Allocation))];
        string identity = string.Concat(allocations.Select(pair => pair.Key + pair.Allocation.ToJson())) + options.ToSettings(model.Folder, "").Fingerprint;
        string name = $"plans-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(identity)))[..12]}{suffix}";
        IReadOnlyList<Trial> labelled = StudyStage.RunListed(model, run, options, allocations, name, suffix.Length == 0 ? run.Images : null, progress, cancellationToken);
        var store = SqliteStudyStore.Open(run.StudyDatabase, TimeProvider.System, name);
        try
        {
            Dictionary<string, IReadOnlyDictionary<int, TrialArray>> arrays = StudyMetric.Quality.ToDictionary(
                metric => metric.Name, metric => store.ReadArraysAsync(metric.Name, cancellationToken).GetAwaiter().GetResult());
            for (int i = 0; i < entries.Count; i++)
            {
                Trial trial = labelled[i];
                if (trial.State != TrialState.Complete) throw new ModelFolderException($"{entries[i].Label}: could not be verified: {trial.Failure}");
                var metrics = new Dictionary<string, Measured>(entries[i].Metrics);
                foreach (StudyMetric metric in StudyMetric.Quality.Where(metric => trial.Metrics.ContainsKey(metric.Name)))
                {
                    metrics[metric.Name + suffix] = WithInterval(trial.Metrics[metric.Name], arrays[metric.Name].GetValueOrDefault(trial.Number));
                }
                double? operations = trial.Metrics.TryGetValue(StudyMetric.BitOperations.Name, out double counted) ? counted : null;
                entries[i] = entries[i] with { Metrics = metrics, ActivationBits = options.ActivationBits, BitOperations = operations };
            }
            return entries;
        }
        finally
        {
            store.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    // 95 % of bootstrap means over prompts; the same draws for every entry.
    private static Measured WithInterval(double value, TrialArray? perImage)
    {
        if (perImage is null || perImage.Rows < 2) return new Measured(value);
        var random = new Pcg32(seed: 0);
        double[] means = new double[BootstrapDraws];
        for (int draw = 0; draw < means.Length; draw++)
        {
            for (int i = 0; i < perImage.Rows; i++) means[draw] += perImage.Values[random.Next(perImage.Rows)] / (double)perImage.Rows;
        }
        Array.Sort(means);
        return new Measured(value, means[(int)(0.025 * means.Length)], means[(int)(0.975 * means.Length)]);
    }
}
