using System.Diagnostics;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Measurement;
using Qua2SeDiMo.Packing;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Predictors.Training;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Sensitivity;
using Qua2SeDiMo.Studies;

namespace Qua2SeDiMo.Stages;

/// <summary>What a whole run is asked for.</summary>
/// <param name="Study">Trials, images, scoring.</param>
public sealed record WorkflowOptions(StudyOptions Study)
{
    /// <summary>
    /// Whether plans go by measured damage, and trials only make the line from damage to similarity. False (default)
    /// for the published method: plans go by models that are fitted to many trials.
    /// </summary>
    public bool Measures { get; init; }

    /// <summary>Told what could not be measured as it was asked for.</summary>
    internal Notes? Notes { get; init; }

    /// <summary>How the network is trained.</summary>
    public PredictorOptions Predictor { get; init; } = new();

    /// <summary>Metric to optimise; null takes the most reliable.</summary>
    public string? Objective { get; init; }

    /// <summary>λ, units of the objective per average bit.</summary>
    public double SizeWeight { get; init; }

    /// <summary>Sizes to plan for.</summary>
    public IReadOnlyList<BitBudget> Budgets { get; init; } = PlanStage.DefaultBudgets;

    /// <summary>Only plans of this level; null takes the usual ones.</summary>
    public PlanLevel? Level { get; init; }

    /// <summary>Model that decides; null takes the winner.</summary>
    public string? Decides { get; init; }

    /// <summary>Bits that activations of the plans are rounded to in further rows of the result table; null for
    /// none.</summary>
    public IReadOnlyList<int>? Activations { get; init; }

    /// <summary>What the report shows as the command that made it; empty for none.</summary>
    public string Command { get; init; } = "";
}

/// <summary>What a whole run found.</summary>
/// <param name="Study">The trials.</param>
/// <param name="Fit">Predictor and baselines; null where plans go by measurement.</param>
/// <param name="Sensitivity">Scores by fitted models; null where plans go by measurement.</param>
/// <param name="Plan">Chosen allocations.</param>
/// <param name="Packed">The smaller model.</param>
/// <param name="Report">Path of the page.</param>
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
    /// <summary>Sensitivity as it was measured; null by the published method.</summary>
    internal MeasuredSensitivity? Measured { get; init; }

    /// <summary>Trials of study and plan without a label, in words; empty when all that was asked for is
    /// complete.</summary>
    public IReadOnlyList<string> Unfinished { get; init; } = [];
}

/// <summary>The stages in order. Each reads what earlier ones left in the run directory and writes its own, so a
/// stopped run goes on.</summary>
public static class Workflow
{
    /// <summary>From a model folder to an explained plan and a packed model.</summary>
    /// <exception cref="Q2Exception">The folder is not supported, or the run directory belongs to another
    /// run.</exception>
    /// <exception cref="OperationCanceledException">Stopped; the same call goes on.</exception>
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
        // A size that the model cannot have is said now, not after the bank.
        StudyStage.Sampler(model, options.Study);
        options.Study.Scoring.Require(options.Objective);
        StageTimings.Measure(run, "bank", () => BankStage.Run(model, run, progress, cancellationToken));
        // After the bank, whose sizes and errors it states: a run that goes on leaves the same dag.json.
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
                    options.Study.RetryFailed,
                    progress,
                    cancellationToken
                )
        );
        (BitAllocation allocation, JsonObject origin) = PackStage.FromPlan(plan, null);
        PackedModelSummary packed = StageTimings.Measure(
            run,
            "pack",
            () =>
                PackStage.Run(
                    model,
                    run,
                    allocation,
                    run.Packed,
                    origin,
                    activationBits: options.Study.ActivationBits,
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
