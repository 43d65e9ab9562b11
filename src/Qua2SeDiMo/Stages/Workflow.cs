using System.Diagnostics;
using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Measurement;
using Qua2SeDiMo.Packing;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Predictors.Training;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Sensitivity;
using Qua2SeDiMo.Studies;

namespace Qua2SeDiMo.Stages;

/// <summary>Options of a whole run.</summary>
/// <param name="Study">Options of the study.</param>
public sealed record WorkflowOptions(StudyOptions Study)
{
    /// <summary>
    /// Whether plans minimise measured damage; trials then only fit the line from damage to a metric. False (default)
    /// for the published method, where plans use models fitted to many trials.
    /// </summary>
    public bool Measures { get; init; }

    /// <summary>Receives a note when a measurement falls back to another method.</summary>
    internal Notes? Notes { get; init; }

    /// <summary>Training options of the network.</summary>
    public PredictorOptions Predictor { get; init; } = new();

    /// <summary>Metric to optimise; null for the most reliable.</summary>
    public string? Objective { get; init; }

    /// <summary>λ, units of the objective per average bit.</summary>
    public double SizeWeight { get; init; }

    /// <summary>Largest sizes of the plans.</summary>
    public IReadOnlyList<BitBudget> Budgets { get; init; } = PlanStage.DefaultBudgets;

    /// <summary>Level of the candidates; null for the default levels.</summary>
    public PlanLevel? Level { get; init; }

    /// <summary>Name of the model whose scores make the plans; null for all sources, or the measurement if
    /// <see cref="Measures"/>.</summary>
    public string? Decides { get; init; }

    /// <summary>Bits of quantized activations with which the plans are measured in further rows; null for
    /// none.</summary>
    public IReadOnlyList<int>? Activations { get; init; }

    /// <summary>Most bit operations of one call, for plans of weights and inputs of layers together, which go by measured
    /// damage; null for none.</summary>
    public OperationBudget? Operations { get; init; }

    /// <summary>Command line to show in the report; empty for none.</summary>
    public string Command { get; init; } = "";
}

/// <summary>Results of a whole run.</summary>
/// <param name="Study">Summary of the study.</param>
/// <param name="Fit">Predictor and baselines; null if plans use the measurement.</param>
/// <param name="Sensitivity">Scores by fitted models; null if plans use the measurement.</param>
/// <param name="Plan">The plans with their verification.</param>
/// <param name="Packed">Summary of the packed model.</param>
/// <param name="Report">Full path of the report page.</param>
/// <param name="Elapsed">Wall time of this call.</param>
/// <param name="PeakMemoryBytes">Largest resident memory of the process.</param>
public sealed record WorkflowResult(
    StudySummary Study,
    Fit? Fit,
    SensitivityRecord? Sensitivity,
    Plan Plan,
    PackedModelSummary Packed,
    string Report,
    TimeSpan Elapsed,
    long PeakMemoryBytes
)
{
    /// <summary>Measured sensitivities; null for the published method.</summary>
    internal MeasuredSensitivity? Measured { get; init; }

    /// <summary>Descriptions of trials of study and plan that have no label; empty if all are complete.</summary>
    public IReadOnlyList<string> Unfinished { get; init; } = [];
}

/// <summary>Runs the stages in order. Each reads the results of earlier ones from the run directory and writes its own,
/// so that an interrupted run can resume.</summary>
public static class Workflow
{
    /// <summary>Runs all stages from a model folder to explained plans, a packed model and a report.</summary>
    /// <exception cref="Q2Exception">The folder is not supported, the run directory belongs to another run, or a stage
    /// fails.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled; the same call resumes it.</exception>
    public static WorkflowResult Run(
        OpenModel model,
        RunDirectory run,
        WorkflowOptions options,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        Preflight.Run(model, run, options.Study);
        long start = Stopwatch.GetTimestamp();
        // Throws now, before the bank is built, if no allocation has the average bits that random trials are to have.
        StudyStage.Sampler(model, options.Study);
        options.Study.Scoring.Require(options.Objective);
        StageTimings.Measure(run, "bank", () => BankStage.Run(model, run, progress, cancellationToken));
        // After the bank, whose sizes and errors it writes, so that a resumed run writes the same dag.json.
        StageTimings.Measure(
            run,
            "graph",
            () => GraphStage.Run(model, run, withOnnx: false, progress, cancellationToken)
        );
        MeasuredSensitivity? measured = options.Measures
            ? StageTimings.Measure(
                run,
                "measure",
                () => MeasureStage.RunWithin(model, run, options.Study, options.Notes, progress, cancellationToken)
            )
            : null;
        var unfinished = new List<string>();
        StudySummary study = Label(model, run, options, unfinished, progress, cancellationToken);
        (Fit? fit, SensitivityRecord? sensitivity) = options.Measures
            ? (null, null)
            : Explain(model, run, options, progress, cancellationToken);
        Plan plan = StageTimings.Measure(
            run,
            "plan",
            () =>
                PlanStage.Run(
                    model,
                    run,
                    options.Budgets,
                    options.Decides ?? (options.Measures ? ModelNames.Measured : null),
                    options.Level,
                    options.Activations,
                    options.Operations,
                    options.Study.RetryFailed,
                    progress,
                    cancellationToken
                )
        );
        var planned = PlannedModel.Of(plan);
        PackedModelSummary packed = StageTimings.Measure(
            run,
            "pack",
            () =>
                PackStage.Run(
                    model,
                    run,
                    planned.Allocation,
                    run.Packed,
                    planned.Origin,
                    activationBits: options.Study.ActivationBits,
                    activations: planned.Activations,
                    progress: progress,
                    cancellationToken: cancellationToken
                )
        );
        string report = ReportStage.Run(model, run, options.Command);
        using Process process = Process.GetCurrentProcess();
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        return new WorkflowResult(study, fit, sensitivity, plan, packed, report, elapsed, process.PeakWorkingSet64)
        {
            Measured = measured,
            Unfinished = [.. unfinished, .. plan.Unverified],
        };
    }

    private static StudySummary Label(
        OpenModel model,
        RunDirectory run,
        WorkflowOptions options,
        List<string> unfinished,
        IProgress<StageProgress>? progress,
        CancellationToken cancellationToken
    )
    {
        return StageTimings.Measure(
            run,
            "study",
            () =>
            {
                IReadOnlyList<Trial> trials = StudyStage.Run(model, run, options.Study, progress, cancellationToken);
                if (UnfinishedTrials.Of(trials, options.Study.TrialCount) is { IsEmpty: false } open)
                    unfinished.Add($"Study: {open}");
                return StudyStage.Summarise(model, run, options.Study, trials, options.Objective);
            }
        );
    }

    private static (Fit, SensitivityRecord) Explain(
        OpenModel model,
        RunDirectory run,
        WorkflowOptions options,
        IProgress<StageProgress>? progress,
        CancellationToken cancellationToken
    )
    {
        Fit fit = StageTimings.Measure(
            run,
            "fit",
            () =>
                FitStage.Run(
                    model,
                    run,
                    options.Predictor,
                    options.Objective,
                    options.SizeWeight,
                    progress,
                    cancellationToken
                )
        );
        SensitivityRecord sensitivity = StageTimings.Measure(
            run,
            "explain",
            () => ExplainStage.Run(model, run, progress, cancellationToken)
        );
        return (fit, sensitivity);
    }
}
