using Qua2SeDiMo.Graphs.Operations;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Measurement.Methods;
using Qua2SeDiMo.Measurement.Mixtures;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Predictors.Import;
using Qua2SeDiMo.Predictors.Training;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Quantizers.Bank;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Sensitivity;
using Qua2SeDiMo.Studies;
using Qua2SeDiMo.Studies.Objectives;

namespace Qua2SeDiMo.Stages;

/// <summary>Chooses allocations for requested sizes and checks each, and its baselines, by generating images with
/// it.</summary>
public static class PlanStage
{
    /// <summary>Sizes planned for when none are asked for, in average bits.</summary>
    public static IReadOnlyList<BitBudget> DefaultBudgets { get; } = [new(3.5, null), new(3.75, null), new(4.0, null)];

    /// <summary>Makes and verifies plans.</summary>
    /// <param name="model">The model.</param>
    /// <param name="run">The run directory, with study and predictor.</param>
    /// <param name="budgets">Sizes.</param>
    /// <param name="predictor">Name of the model whose numbers make the plans; null lets every model propose and the
    /// images decide.</param>
    /// <param name="level">Only proposals of this level; null for the levels of <see cref="PlanSources.Of"/>.</param>
    /// <param name="activations">Bits, 2 to 8, that activations of the plans are rounded to in further rows of the
    /// table; null for none.</param>
    /// <param name="retryFailed">Whether verifications that failed or were set aside are taken up again.</param>
    /// <param name="progress">Told of every step.</param>
    /// <param name="cancellationToken">Stops between steps; labelled allocations stay.</param>
    /// <returns>The plans. What could not be measured is left out, and said.</returns>
    /// <exception cref="TrialsIncompleteException">Of a size not one proposal could be measured.</exception>
    /// <exception cref="Q2Exception">An earlier stage is missing, no plan source fits the options, or a size is too
    /// small for any allocation.</exception>
    public static Plan Run(
        OpenModel model,
        RunDirectory run,
        IReadOnlyList<BitBudget> budgets,
        string? predictor = null,
        PlanLevel? level = null,
        IReadOnlyList<int>? activations = null,
        bool retryFailed = false,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(budgets);
        RunIdentity.Check(model, run, progress: progress, cancellationToken: cancellationToken);
        StudyOptions options = StudyRecord.Read(run).OptionsFor(model, run) with { RetryFailed = retryFailed };
        Preflight.Study(model, run, options);
        using PlanBasis basis = PlanBasis.Read(model, run, predictor);
        Objective objective = basis.Objective;
        progress?.Report(new StageProgress("Proposing plans", 0, 1));
        IReadOnlyList<PlanSource> sources = basis.Sources(predictor, level, cancellationToken);
        IReadOnlyList<ScoreFront> fronts = ScoreFront.Of(basis.Features, sources, cancellationToken);
        List<PlanEntry> entries =
        [
            .. Propose(model, run, budgets, objective, basis.Features, sources, cancellationToken)
                .Select(entry =>
                    entry.Scores != ScoreModel.Measured
                        ? entry
                        : entry with
                        {
                            Promise = basis.Measured!.Promise(entry.Budget!, cancellationToken),
                        }
                ),
        ];
        progress?.Report(new StageProgress("Proposing plans", 1, 1));
        var unverified = new List<string>();
        MeasuredEntries measured = Measure(options, entries, "", run.Images, "images");
        RequireEverySize(entries, measured);
        MeasuredEntries fresh = Measure(
            options.OnFreshPrompts(),
            measured.Measured,
            PlanEntry.FreshSuffix,
            null,
            "images of fresh prompts"
        );
        entries = Elect(fresh.Over(measured.Measured), objective, run);
        PlanEntry[] plans = [.. entries.Where(entry => entry.Kind == PlanKind.Plan)];
        foreach (int bits in (activations ?? []).Distinct().Where(bits => bits != options.ActivationBits))
        {
            List<PlanEntry> rounded = [.. plans.Select(plan => WithRoundedActivations(plan, bits))];
            StudyOptions own = options with { ActivationBits = bits };
            measured = Measure(own, rounded, "", run.Images, $"activations of {bits} bits");
            string onFresh = $"activations of {bits} bits, fresh prompts";
            fresh = Measure(own.OnFreshPrompts(), measured.Measured, PlanEntry.FreshSuffix, null, onFresh);
            entries.AddRange(fresh.Over(measured.Measured));
        }
        string decides = entries
            .Where(entry => entry.Kind == PlanKind.Plan)
            .MaxBy(entry => entry.AverageBits)!
            .Scores!.Family;
        var plan = new Plan($"{objective}", decides, Reason(entries, basis.Fit?.Result.Choice, predictor), entries)
        {
            Fronts = fronts,
            Model = model.Fingerprint(progress, cancellationToken).Hex,
            TrainedOn = basis.Labelled.Origin,
            Unverified = unverified,
        };
        OwnJson.Write(run.Plan, plan);
        return plan;

        MeasuredEntries Measure(
            StudyOptions how,
            IReadOnlyList<PlanEntry> what,
            string suffix,
            string? pictures,
            string words
        )
        {
            MeasuredEntries result = PlanVerification.Measure(
                model,
                run,
                how,
                what,
                suffix,
                pictures,
                progress,
                cancellationToken
            );
            if (!result.Open.IsEmpty)
                unverified.Add($"Verification by {words}: {result.Open}");
            return result;
        }
    }

    // A size whose proposals all lack their measurement has no plan.
    private static void RequireEverySize(IReadOnlyList<PlanEntry> entries, MeasuredEntries measured)
    {
        foreach (
            BitBudget size in entries
                .Where(entry => entry.Kind == PlanKind.Candidate)
                .Select(entry => entry.Budget!)
                .Distinct()
        )
        {
            if (measured.Measured.Exists(entry => entry.Kind == PlanKind.Candidate && entry.Budget == size))
                continue;
            throw new TrialsIncompleteException(
                $"There is no plan of {size.Label}: not one proposal for it could be measured",
                measured.Open
            );
        }
    }

    /// <summary>Reads the plan of a run, which must be of this model and of the study as it is now.</summary>
    /// <exception cref="Q2Exception">There is none, or it is of others.</exception>
    public static Plan Read(OpenModel model, RunDirectory run)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(run);
        RunIdentity.Check(model, run);
        Plan plan = RunFile.Read<Plan>(run.Plan, Remedy.Plan);
        if (plan.TrainedOn is not { } trained)
            throw RunIdentityException.OtherVersion(run.Plan, 0, Remedy.Plan);
        if (plan.Model != model.Fingerprint().Hex)
        {
            throw RunIdentityException.Stale(
                run.Plan,
                $"its plans are not of the model in {model.Folder.DirectoryPath}",
                Remedy.Plan
            );
        }
        // A run directory may be kept without its study: the plan is known by its model then.
        if (!File.Exists(run.StudyDatabase))
            return plan;
        TrainedOn now = StudyTrials.Read(model, run, Objective.Parse(plan.Objective)).Origin;
        return now.Fingerprint == trained.Fingerprint
            ? plan
            : throw RunIdentityException.Stale(
                run.Plan,
                $"its plans were made by {trained.TrialCount} trials, and the study holds others now ({now.TrialCount})",
                Remedy.FitExplainAndPlan
            );
    }

    private static PlanEntry WithRoundedActivations(PlanEntry plan, int bits) =>
        plan with
        {
            Key = $"{plan.Key}-a{bits}",
            Label = $"{plan.Label}, activations of {bits} bits",
            Kind = PlanKind.RoundedActivations,
            Metrics = new Dictionary<string, Measured>(),
        };

    // Ranking trials well and adding up to a good plan are two things, so each model proposes and the images decide: of
    // the proposals for a size, the one that measures better on the study's prompts is the plan. The others stay in the
    // table.
    private static List<PlanEntry> Elect(List<PlanEntry> entries, Objective objective, RunDirectory run)
    {
        double Quality(PlanEntry entry) =>
            !entry.Metrics.TryGetValue(objective.Metric.Name, out Measured? measured)
                ? throw new StudyFileException(
                    $"{run.StudyDatabase}: the allocation '{entry.Label}' was measured without the metric "
                        + $"'{objective.Metric.Name}' that the plan is for."
                )
            : objective.Metric.Direction == StudyDirection.Maximize ? measured.Value
            : -measured.Value;
        HashSet<string> elected =
        [
            .. entries
                .Where(entry => entry.Kind == PlanKind.Candidate)
                .GroupBy(entry => entry.Budget)
                .Select(group => group.MaxBy(Quality)!.Key),
        ];
        return [.. entries.Select(entry => elected.Contains(entry.Key) ? AsPlan(entry) : entry)];

        static PlanEntry AsPlan(PlanEntry entry) =>
            entry with
            {
                Kind = PlanKind.Plan,
                Label = $"Plan, {entry.Budget!.Label}",
            };
    }

    private static string Reason(List<PlanEntry> entries, PredictorChoice? choice, string? predictor)
    {
        string taken = string.Join(
            ", ",
            entries
                .Where(entry => entry.Kind == PlanKind.Plan)
                .Select(entry => $"{entry.Scores!.Label} at {entry.Budget!.Label}")
        );
        int sources = entries.Where(entry => entry.Scores is not null).Select(entry => entry.Scores).Distinct().Count();
        if (sources == 1)
            return $"One model proposed: {taken}.";
        return $"{(predictor is null ? "Each model proposed" : $"Of {predictor}, each level proposed")} a plan and the "
            + $"one that measured better was taken: {taken}. "
            + (
                choice is null || double.IsNaN(choice.NetworkSrcc)
                    ? ""
                    : $"In ranking held-out trials the network reaches an SRCC of {choice.NetworkSrcc:0.000}, ridge "
                        + $"regression {choice.RidgeSrcc:0.000}."
            );
    }

    private static List<PlanEntry> Propose(
        OpenModel model,
        RunDirectory run,
        IReadOnlyList<BitBudget> budgets,
        Objective objective,
        OptionFeatures features,
        IReadOnlyList<PlanSource> sources,
        CancellationToken cancellationToken
    )
    {
        QuantizerBank bank = RunBank.Open(model, run);
        OperationGraph graph = model.Operations;
        Trial[] trials = [.. RunStudy.Trials(run).Where(trial => trial.State == TrialState.Complete)];
        var entries = new List<PlanEntry>
        {
            new()
            {
                Key = "full-precision",
                Label = "Full precision",
                Kind = PlanKind.FullPrecision,
            },
        };
        entries.AddRange(
            bank.Options.Select(option => new PlanEntry
            {
                Key = $"uniform-{option}",
                Label = $"{option} everywhere",
                Kind = PlanKind.Uniform,
                Allocation = BitAllocation.Uniform(model.Weights, option),
            })
        );
        string[][] names = [.. graph.Groups.Select(group => group.Select(weight => weight.Name).ToArray())];
        foreach (BitBudget budget in budgets)
        {
            entries.AddRange(PlanEntries.Of(features, names, sources, [budget], cancellationToken));
            long bytes = budget.ToBytes(features.TotalOriginalBytes, features.OriginalBits);
            Trial? best = trials.Where(trial => trial.Metrics[StudyMetric.SizeBytes.Name] <= bytes).MaxBy(objective.Of);
            if (best is null)
                continue;
            PlanEntry empty = PlanEntries.Entry(
                features,
                budget,
                "best-random",
                $"Best random trial ({best.Name})",
                PlanKind.BestRandom
            );
            entries.Add(empty with { Allocation = best.Allocation });
        }
        return [.. entries.Select(Sized)];

        PlanEntry Sized(PlanEntry entry) =>
            entry with
            {
                AverageBits = entry.Allocation.AverageBits(model.Weights, model.OriginalBits),
                SizeBytes = entry.Allocation.SizeBytes(model.Weights, model.OriginalBits),
            };
    }
}

/// <summary>What plans of a run can be made by: its measurement, its fitted models, or both.</summary>
internal sealed class PlanBasis : IDisposable
{
    private readonly SensitivityRecord? sensitivity;
    private readonly IReadOnlyList<Predictor> folds = [];

    private PlanBasis(OpenModel model, RunDirectory run, string? predictor)
    {
        MeasuredModel? found =
            predictor == ModelNames.Measured || File.Exists(run.Measurement) ? MeasuredModel.Read(model, run) : null;
        bool isFitted = FittedFiles.All(run).Count > 0;
        Fit =
            isFitted || found is null || predictor is not (null or ModelNames.Measured) ? FittedFiles.Main(run) : null;
        Objective = Fit is null
            ? new Objective(StudyMetric.OfQuality(StudyRecord.Read(run).Summary.Objective))
            : Objective.Parse(Fit.Objective);
        Labelled = StudyTrials.Read(model, run, Objective);
        if (found is not null && predictor is null or ModelNames.Measured)
            Measured = new MeasuredPlans(found, model, run, Features);
        if (Fit is null || predictor == ModelNames.Measured)
            return;
        Fit.RequireOf(Labelled.Origin, run);
        sensitivity = ExplainStage.Read(run, Labelled, Fit);
        folds = PredictorFile.Read(run, Fit);
    }

    /// <summary>The fit that decides the objective; null where nothing was fitted.</summary>
    internal Fit? Fit { get; }

    /// <summary>What plans are for.</summary>
    internal Objective Objective { get; }

    /// <summary>The trials of the study.</summary>
    internal LabelledStudy Labelled { get; }

    /// <summary>Plans by measurement; null where they are not asked for, or nothing was measured.</summary>
    internal MeasuredPlans? Measured { get; }

    /// <summary>Sizes and errors.</summary>
    internal OptionFeatures Features => Labelled.Training.Features;

    /// <summary>Reads what there is.</summary>
    /// <param name="model">The model.</param>
    /// <param name="run">The run directory, with a study and a measurement or a fit.</param>
    /// <param name="predictor">Whose numbers make the plans; null for those of all sources.</param>
    /// <exception cref="Q2Exception">What is needed is not there, damaged, or of other bytes.</exception>
    internal static PlanBasis Read(OpenModel model, RunDirectory run, string? predictor) => new(model, run, predictor);

    /// <summary>Sources of candidates; they live as long as this.</summary>
    /// <exception cref="PlanException">No source proposes as asked.</exception>
    internal IReadOnlyList<PlanSource> Sources(string? predictor, PlanLevel? level, CancellationToken cancellationToken)
    {
        var sources = new List<PlanSource>();
        if (Measured is not null && level is null or PlanLevel.Op)
            sources.Add(Measured!.Source);
        if (sensitivity is null)
            return sources.Count > 0
                ? sources
                : throw new PlanException(
                    "Measured plans have op level only. Leave out --level, or fit the study's trials and explain the fit."
                )
                {
                    Remedy = Remedy.FitAndExplain,
                };
        return
        [
            .. sources,
            .. PlanSources.Of(
                Labelled.Training,
                sensitivity,
                folds,
                Labelled.Units,
                predictor,
                level,
                cancellationToken
            ),
        ];
    }

    public void Dispose()
    {
        foreach (Predictor fold in folds)
            fold.Dispose();
    }
}
