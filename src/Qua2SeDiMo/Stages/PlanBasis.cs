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

/// <summary>What plans of a run can be made by: its measurement, its fitted models, or both.</summary>
internal sealed class PlanBasis : IDisposable
{
    private readonly OpenModel model;
    private readonly RunDirectory run;
    private readonly FittedScores? fitted;
    private readonly MeasuredPlans? measured;

    private PlanBasis(OpenModel model, RunDirectory run, string? predictor)
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
            measured = new MeasuredPlans(found, model, run, Labelled.Training.Features);
        if (fit is not null && predictor != ModelNames.Measured)
            fitted = FittedScores.Read(run, Labelled);
    }

    /// <summary>How the fitted models rank held-out trials; null where plans do without them.</summary>
    internal PredictorChoice? Choice => fitted?.Fit.Result.Choice;

    /// <summary>What plans are for.</summary>
    internal Objective Objective { get; }

    /// <summary>The trials of the study.</summary>
    internal LabelledStudy Labelled { get; }

    /// <summary>Reads what there is.</summary>
    /// <param name="model">The model.</param>
    /// <param name="run">The run directory, with a study and a measurement or a fit.</param>
    /// <param name="predictor">Whose numbers make the plans; null for those of all sources.</param>
    /// <exception cref="Q2Exception">What is needed is not there, damaged, or of other bytes.</exception>
    internal static PlanBasis Read(OpenModel model, RunDirectory run, string? predictor) => new(model, run, predictor);

    /// <summary>What proposes as asked; it lives as long as this.</summary>
    /// <exception cref="PlanException">No source proposes as asked.</exception>
    internal Planner Planner(string? predictor, PlanLevel? level, CancellationToken cancellationToken) =>
        new(
            Labelled.Training,
            [.. model.Operations.Groups.Select(group => group.Select(weight => weight.Name).ToArray())],
            Sources(predictor, level, cancellationToken)
        );

    /// <summary>Rows of a table of plans, with what measured ones promise before images verify them.</summary>
    /// <exception cref="PlanException">A size is too small for any allocation.</exception>
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
                    }
            );
    }

    private List<PlanSource> Sources(string? predictor, PlanLevel? level, CancellationToken cancellationToken)
    {
        var sources = new List<PlanSource>();
        if (measured is not null)
            sources.AddRange(measured.Sources.Where(source => level is null || source.Scores.Level == level));
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

    /// <summary>Sources of candidates that fitted models are.</summary>
    /// <exception cref="PlanException">No source is left.</exception>
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
