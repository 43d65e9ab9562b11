using System.Globalization;
using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Measurement.Methods;
using Qua2SeDiMo.Measurement.Mixtures;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Predictors.Import;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Studies.Objectives;

namespace Qua2SeDiMo.Stages;

/// <summary>The sources from which plans of a run can be made: its measurement, its fitted models, or both.</summary>
internal sealed class PlanBasis : IDisposable
{
    private readonly OpenModel model;
    private readonly RunDirectory run;
    private readonly FittedScores? fitted;
    private readonly MeasuredPlans? measured;

    private PlanBasis(OpenModel model, RunDirectory run, string? predictor, OperationBudget? operations)
    {
        (this.model, this.run) = (model, run);
        MeasuredModel? found =
            predictor == ModelNames.Measured || File.Exists(run.Measurement) ? MeasuredModel.Read(model, run) : null;
        bool isFitted = FittedFiles.All(run).Count > 0;
        Fit? fit =
            isFitted || found is null || predictor is not (null or ModelNames.Measured) ? FittedFiles.Main(run) : null;
        Objective = fit is null
            ? new Objective(StudyMetric.OfQuality(StudyRecord.Read(run).Summary.Objective))
            : Objective.Parse(fit.Objective);
        Labelled = StudyTrials.Read(model, run, Objective);
        if (found is not null && predictor is null or ModelNames.Measured)
            measured = new MeasuredPlans(found, model, run, Labelled.Training.Features, Bound(found, operations));
        if (fit is not null && predictor != ModelNames.Measured)
            fitted = FittedScores.Read(run, Labelled);
    }

    /// <summary>Which fitted model ranks held-out trials better, and why; null if plans do not use fitted
    /// models.</summary>
    internal PredictorChoice? Choice => fitted?.Fit.Result.Choice;

    /// <summary>The objective of the plans.</summary>
    internal Objective Objective { get; }

    /// <summary>The trials of the study.</summary>
    internal LabelledStudy Labelled { get; }

    /// <summary>Reads the measurement and the fitted models of a run, as far as they exist and are needed.</summary>
    /// <param name="model">The model.</param>
    /// <param name="run">The run directory, with a study and a measurement or a fit.</param>
    /// <param name="predictor">Name of the model whose scores make the plans; null for all sources.</param>
    /// <param name="operations">Bound on bit operations, which measured plans alone can keep; null for none.</param>
    /// <exception cref="Q2Exception">A required file is missing or damaged, or belongs to another model or other
    /// trials.</exception>
    internal static PlanBasis Read(
        OpenModel model,
        RunDirectory run,
        string? predictor,
        OperationBudget? operations = null
    ) => new(model, run, operations is null ? predictor : predictor ?? ModelNames.Measured, operations);

    /// <summary>Most bit operations that plans may have; null where there is no bound.</summary>
    internal double? MostOperations { get; private set; }

    // Inputs of layers can be chosen by a measurement alone.
    private OperationBound? Bound(MeasuredModel found, OperationBudget? operations)
    {
        if (operations is null)
            return null;
        if (found.Effects.ActivationBits.Count == 0)
        {
            throw new PlanException(
                "A bound on bit operations needs to know what rounding the inputs of layers does, and the measurement of "
                    + "this run does not say it: it is of an older version, or by single calls. Measure again by "
                    + "sketches or probes."
            )
            {
                Remedy = Remedy.Measure,
            };
        }
        IReadOnlyDictionary<string, long> counts = OperationCounts.Of(
            model,
            StudyRecord.Read(run).OptionsFor(model, run)
        );
        MostOperations = operations.ToOperations(counts.Values);
        return new OperationBound(MostOperations.Value, counts);
    }

    /// <summary>A planner with the sources for this predictor and level; usable only until this object is
    /// disposed.</summary>
    /// <exception cref="PlanException">There is no source for this predictor and level.</exception>
    internal Planner Planner(string? predictor, PlanLevel? level, CancellationToken cancellationToken) =>
        new(
            Labelled.Training,
            [.. model.Operations.Groups.Select(group => group.Select(weight => weight.Name).ToArray())],
            Sources(predictor, level, cancellationToken)
        );

    /// <summary>Entries of a plan table: baselines and candidates. Measured candidates include their predicted
    /// metric.</summary>
    /// <exception cref="PlanException">A budget is too small for any allocation.</exception>
    internal IEnumerable<PlanEntry> Rows(
        Planner planner,
        IReadOnlyList<BitBudget> budgets,
        CancellationToken cancellationToken
    )
    {
        var names = RunStudy
            .Trials(run)
            .ToDictionary(trial => trial.Number.ToString(CultureInfo.InvariantCulture), trial => trial.Name);
        return planner
            .Rows(
                budgets,
                "best-random",
                trial => $"Best random trial ({names[Labelled.TrialNames[trial]]})",
                metric: null,
                cancellationToken
            )
            .Select(entry =>
                entry.Scores?.Family != ModelNames.Measured
                    ? entry
                    : entry with
                    {
                        Promise = measured!.Promise(entry.Scores, entry.Budget!, cancellationToken),
                        BitOperationBudget = MostOperations,
                    }
            );
    }

    private List<PlanSource> Sources(string? predictor, PlanLevel? level, CancellationToken cancellationToken)
    {
        var sources = new List<PlanSource>();
        if (measured is not null)
            sources.AddRange(measured.Sources(level));
        if (fitted is null)
            return sources.Count > 0
                ? sources
                : throw new PlanException(
                    "Measured plans have op level, and whole allocations where cotangents were drawn. Leave out --level, or fit "
                        + "the study's trials and explain the fit."
                )
                {
                    Remedy = Remedy.FitAndExplain,
                };
        return [.. sources, .. OfFitted(Labelled, fitted, predictor, level, cancellationToken)];
    }

    /// <summary>Plan sources that use the fitted models.</summary>
    /// <exception cref="PlanException">There is no source for this predictor and level.</exception>
    internal static IReadOnlyList<PlanSource> OfFitted(
        LabelledStudy study,
        FittedScores fitted,
        string? predictor,
        PlanLevel? level,
        CancellationToken cancellationToken
    ) =>
        PlanSources.Of(
            study.Training,
            fitted.Sensitivity,
            fitted.Folds,
            fitted.Ridge,
            study.Units,
            predictor,
            level,
            cancellationToken
        );

    public void Dispose() => fitted?.Dispose();
}
