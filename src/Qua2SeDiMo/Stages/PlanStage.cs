using Qua2SeDiMo.Json;
using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Predictors.Import;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Studies;
using Qua2SeDiMo.Studies.Objectives;

namespace Qua2SeDiMo.Stages;

/// <summary>Chooses allocations for requested sizes and verifies each, and its baselines, by generated
/// images.</summary>
public static class PlanStage
{
    private const string NothingVerified =
        "Nothing was verified by images: predictions of allocations that were chosen for their predictions are "
        + "optimistic. The labels of trials are measured.";

    /// <summary>Budgets when none are given, in average bits.</summary>
    public static IReadOnlyList<BitBudget> DefaultBudgets { get; } = [new(3.5, null), new(3.75, null), new(4.0, null)];

    /// <summary>Makes and verifies plans.</summary>
    /// <param name="model">The model.</param>
    /// <param name="run">The run directory, with study and predictor.</param>
    /// <param name="budgets">Largest sizes of the plans.</param>
    /// <param name="predictor">Name of the model whose scores make the plans; null to take candidates of every model
    /// and choose by images.</param>
    /// <param name="level">Level of the candidates; null for the default levels of
    /// <see cref="PlanSources.Of"/>.</param>
    /// <param name="activations">Bits of quantized activations, 2 to 8, with which the plans are measured in further
    /// rows; null for none.</param>
    /// <param name="operations">Most bit operations of one call: weights and inputs of layers are planned together by what
    /// was measured; null for plans of weights alone.</param>
    /// <param name="retryFailed">Whether verifications that failed or were set aside are retried.</param>
    /// <param name="progress">Receives the progress of every step.</param>
    /// <param name="cancellationToken">Cancels between steps; measured allocations are kept.</param>
    /// <returns>The plans. Candidates that could not be measured are left out and listed in
    /// <see cref="Plan.Unverified"/>.</returns>
    /// <exception cref="TrialsIncompleteException">No candidate for a budget could be measured.</exception>
    /// <exception cref="Q2Exception">The result of an earlier stage is missing, no plan source fits the options, or a
    /// budget is too small for any allocation.</exception>
    public static Plan Run(
        OpenModel model,
        RunDirectory run,
        IReadOnlyList<BitBudget> budgets,
        string? predictor = null,
        PlanLevel? level = null,
        IReadOnlyList<int>? activations = null,
        OperationBudget? operations = null,
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
        if (operations is not null && options.ActivationBits is { } rounded)
        {
            throw new PlanException(
                $"The trials of this study have inputs of {rounded} bits in all layers, so that they say nothing of plans "
                    + "that choose bits layer by layer. Plan without a bound on bit operations, or study again with "
                    + "inputs as they are."
            )
            {
                Remedy = Remedy.Study,
            };
        }
        using PlanBasis basis = PlanBasis.Read(model, run, predictor, operations);
        progress?.Report(new StageProgress("Proposing plans", 0, 1));
        Planner planner = basis.Planner(predictor, level, cancellationToken);
        IReadOnlyList<ScoreFront> fronts = planner.Fronts(cancellationToken);
        PlanEntry[] proposed = [FullPrecision(model), .. basis.Rows(planner, budgets, cancellationToken)];
        progress?.Report(new StageProgress("Proposing plans", 1, 1));
        var images = new PlanVerification(model, run, progress, cancellationToken);
        MeasuredEntries measured = images.Measure(options, proposed, "images");
        RequireEverySize(proposed, measured);
        List<PlanEntry> entries =
        [
            .. Planner.Elect(
                images.OnFreshPrompts(options, measured, "images of fresh prompts"),
                entry => Quality(entry, basis.Objective, run),
                entry => $"Plan, {entry.Budget!.Label}{(operations is null ? "" : $", at most {operations.Label}")}"
            ),
        ];
        PlanEntry[] plans = [.. entries.Where(entry => entry.Kind == PlanKind.Plan)];
        foreach (int bits in (activations ?? []).Distinct().Where(bits => bits != options.ActivationBits))
            entries.AddRange(WithQuantizedActivations(images, options, plans, bits));
        var plan = new Plan(
            $"{basis.Objective}",
            plans.MaxBy(entry => entry.AverageBits)!.Scores!.Family,
            Reason(entries, basis.Choice, predictor),
            entries
        )
        {
            Fronts = fronts,
            Model = model.Fingerprint(progress, cancellationToken).Hex,
            TrainedOn = basis.Labelled.Origin,
            Unverified = images.Unverified,
        };
        OwnJson.Write(run.Plan, plan);
        return plan;
    }

    /// <summary>Makes plans for an external study. There is no model to generate images with, so plans are only
    /// predicted.</summary>
    /// <param name="study">The trials that the fit was made from.</param>
    /// <param name="run">The run directory with the fit and the explanation.</param>
    /// <param name="budgets">Largest sizes of the plans.</param>
    /// <param name="predictor">Name of the model whose scores make the plans; null for the model that the explanation
    /// names as deciding.</param>
    /// <param name="level">Level of the candidates; null for the default levels.</param>
    /// <param name="cancellationToken">Cancels between candidates.</param>
    /// <exception cref="Q2Exception">The result of an earlier stage is missing, or a budget is too small for any
    /// allocation.</exception>
    internal static Plan Run(
        LabelledStudy study,
        RunDirectory run,
        IReadOnlyList<BitBudget> budgets,
        string? predictor = null,
        PlanLevel? level = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(budgets);
        using var fitted = FittedScores.Read(run, study);
        string decides = predictor ?? fitted.Sensitivity.Decides;
        string[][] names = [.. study.Training.WeightNames.Select(name => new[] { name })];
        var planner = new Planner(
            study.Training,
            names,
            PlanBasis.OfFitted(study, fitted, predictor, level, cancellationToken)
        );
        IReadOnlyList<PlanEntry> rows = planner.Rows(
            budgets,
            "best-labelled",
            trial => $"Best labelled trial ({study.TrialNames[trial]})",
            study.Origin.Target,
            cancellationToken
        );
        double[] predicted = fitted.Predict(decides, [.. rows.Select(entry => planner.Options(entry.Allocation))]);
        // Of the deciding model's candidates for a budget, the one with the best prediction becomes the plan.
        IReadOnlyList<PlanEntry> entries = Planner.Elect(
            [.. rows.Select((entry, i) => entry with { PredictedObjective = predicted[i] })],
            entry => entry.Scores!.Family == decides ? entry.PredictedObjective : null,
            entry => $"Plan of {entry.Scores!.Label}, {entry.Budget!.Label}"
        );
        string reason = predictor is not null ? $"Chosen by the user: {predictor}." : fitted.Fit.Result.Choice.Reason;
        var plan = new Plan(study.Origin.Target, decides, reason, entries)
        {
            Fronts = planner.Fronts(cancellationToken),
            Notes = [NothingVerified],
            TrainedOn = study.Origin,
        };
        OwnJson.Write(run.Plan, plan);
        return plan;
    }

    // Throws if no candidate of some budget could be measured.
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

    /// <summary>Reads the plan of a run and checks that it belongs to this model and to the current trials of the
    /// study.</summary>
    /// <exception cref="Q2Exception">There is no plan, it is damaged, or it belongs to another model or other
    /// trials.</exception>
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
        CheckWeights(plan, model, run);
        // A run directory may be kept without its study; the plan is then checked against the model only.
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

    private static void CheckWeights(Plan plan, OpenModel model, RunDirectory run)
    {
        var known = model.Weights.Select(weight => weight.Name).ToHashSet(StringComparer.Ordinal);
        foreach (PlanEntry entry in plan.Entries)
        {
            IEnumerable<string> named = entry.Allocation.Specs.Keys.Concat(entry.Activations?.Keys ?? []);
            if (named.FirstOrDefault(name => !known.Contains(name)) is { } unknown)
                throw new DamagedFileException(
                    run.Plan,
                    $"the entry '{entry.Key}' chooses an option for '{unknown}', which is no weight of this model",
                    Remedy.Plan
                );
        }
    }

    private static PlanEntry FullPrecision(OpenModel model) =>
        new()
        {
            Key = "full-precision",
            Label = "Full precision",
            Kind = PlanKind.FullPrecision,
            AverageBits = BitAllocation.FullPrecision.AverageBits(model.Weights, model.OriginalBits),
            SizeBytes = BitAllocation.FullPrecision.SizeBytes(model.Weights, model.OriginalBits),
        };

    private static IReadOnlyList<PlanEntry> WithQuantizedActivations(
        PlanVerification images,
        StudyOptions options,
        PlanEntry[] plans,
        int bits
    )
    {
        string words = $"activations of {bits} bits";
        StudyOptions own = options with { ActivationBits = bits };
        PlanEntry[] rounded =
        [
            .. plans.Select(plan =>
                plan with
                {
                    Key = $"{plan.Key}-a{bits}",
                    Label = $"Plan, {plan.Budget!.Label}, {words}",
                    Kind = PlanKind.QuantizedActivations,
                    Activations = null,
                    BitOperationBudget = null,
                    Metrics = new Dictionary<string, Measured>(),
                }
            ),
        ];
        return images.OnFreshPrompts(own, images.Measure(own, rounded, words), $"{words}, fresh prompts");
    }

    // A model that ranks trials well does not necessarily give good plans, so every model proposes, and the candidate
    // that measures best on the study's prompts becomes the plan.
    private static double? Quality(PlanEntry entry, Objective objective, RunDirectory run) =>
        !entry.Metrics.TryGetValue(objective.Metric.Name, out Measured? measured)
            ? throw new StudyFileException(
                $"{run.StudyDatabase}: the allocation '{entry.Label}' was measured without the metric "
                    + $"'{objective.Metric.Name}' that the plan is for."
            )
        : objective.Metric.Direction == StudyDirection.Maximize ? measured.Value
        : -measured.Value;

    private static string Reason(IReadOnlyList<PlanEntry> entries, PredictorChoice? choice, string? predictor)
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
}
