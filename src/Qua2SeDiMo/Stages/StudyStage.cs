using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Quantizers.Bank;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Studies;
using Qua2SeDiMo.Studies.Objectives;
using Qua2SeDiMo.Studies.Sampling;
using Qua2SeDiMo.Studies.Storage;

namespace Qua2SeDiMo.Stages;

/// <summary>Labels allocations by generated images.</summary>
public static class StudyStage
{
    // Assumed number of tokens of a prompt; it affects only the cost of the few layers that process the text alone.
    private const int TextTokens = 24;

    /// <summary>Labels random allocations, or ones near the predicted front, until the study has the requested number
    /// of trials.</summary>
    /// <returns>All trials of the study.</returns>
    /// <exception cref="Q2Exception">The run directory holds a study with other settings, or several trials in a row
    /// fail.</exception>
    public static IReadOnlyList<Trial> Run(
        OpenModel model,
        RunDirectory run,
        StudyOptions options,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        Preflight.Study(model, run, options);
        IAllocationSampler sampler = Sampler(model, options);
        int? retryBelow = options.RetryFailed ? options.TrialCount : null;
        if (!options.NearFront)
        {
            return Label(
                model,
                run,
                options,
                sampler,
                Study.DefaultName,
                options.TrialCount,
                retryBelow,
                null,
                progress,
                cancellationToken
            );
        }
        var front = new FrontAllocationSampler(
            sampler,
            $"objective {options.FrontObjective ?? "most reliable"}",
            start => FrontRound.Propose(model, run, options, start, cancellationToken)
        );
        IReadOnlyList<Trial> trials = [];
        for (int done = 0; done < options.TrialCount; )
        {
            done = Math.Min(options.TrialCount, FrontAllocationSampler.RoundEnd(done));
            trials = Label(
                model,
                run,
                options,
                front,
                Study.DefaultName,
                done,
                retryBelow,
                null,
                progress,
                cancellationToken
            );
            // Retried once per call: a trial that fails again stays failed.
            retryBelow = null;
            // The next round would be proposed without the set-aside trials and would differ once they are labelled, so
            // it is not started.
            if (trials.Any(trial => trial.Number < done && trial.State == TrialState.SetAside))
                break;
        }
        return trials;
    }

    /// <summary>The sampler of random allocations.</summary>
    /// <exception cref="AllocationSizeException">No allocation of the model has the requested average bits.</exception>
    internal static IAllocationSampler Sampler(OpenModel model, StudyOptions options)
    {
        var space = new AllocationSpace(model.Weights, model.OriginalBits);
        return options.FixedAverageBits is { } bits
            ? new FixedSizeAllocationSampler(space, bits, options.SamplerSeed)
            : new RandomAllocationSampler(space, options.SamplerSeed);
    }

    /// <summary>Labels given allocations in a separate study of the same database.</summary>
    /// <param name="model">The model.</param>
    /// <param name="run">The run directory.</param>
    /// <param name="options">Prompts, seeds, steps and scoring.</param>
    /// <param name="allocations">Name and allocation of each trial.</param>
    /// <param name="studyName">Name of the study in the run's database.</param>
    /// <param name="pictures">Folder for the first images of each allocation, in a subfolder with its name; null to
    /// store none.</param>
    /// <param name="description">Identity of the list in the study's settings; null to derive it from the list. With a
    /// given identity, a later call may pass a longer list that begins with this one.</param>
    /// <param name="progress">Receives the progress of every step.</param>
    /// <param name="cancellationToken">Cancels between steps of the denoiser; finished trials are kept.</param>
    internal static IReadOnlyList<Trial> RunListed(
        OpenModel model,
        RunDirectory run,
        StudyOptions options,
        IReadOnlyList<(string Name, BitAllocation Allocation)> allocations,
        string studyName,
        string? pictures = null,
        string? description = null,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(options);
        var sampler = new ListedAllocationSampler(allocations, description);
        int? retryBelow = options.RetryFailed ? allocations.Count : null;
        return Label(
            model,
            run,
            options,
            sampler,
            studyName,
            allocations.Count,
            retryBelow,
            pictures,
            progress,
            cancellationToken
        );
    }

    /// <summary>Summarises a study (speed, and how reliably each metric ranks its trials) and writes its record for
    /// later stages.</summary>
    /// <param name="model">The model.</param>
    /// <param name="run">The run directory.</param>
    /// <param name="options">Options of the study.</param>
    /// <param name="trials">All trials of the study.</param>
    /// <param name="objective">Metric chosen by the user; null for the most reliable one.</param>
    /// <exception cref="TrialsIncompleteException">No trial is complete.</exception>
    public static StudySummary Summarise(
        OpenModel model,
        RunDirectory run,
        StudyOptions options,
        IReadOnlyList<Trial> trials,
        string? objective = null
    )
    {
        ArgumentNullException.ThrowIfNull(options);
        Trial[] complete = [.. trials.Where(trial => trial.State == TrialState.Complete)];
        if (complete.Length == 0)
        {
            throw new TrialsIncompleteException(
                "There is nothing to summarise",
                UnfinishedTrials.Of(trials, options.TrialCount)
            );
        }
        StoredTrials.CheckMetrics(run.StudyDatabase, complete);
        IReadOnlyList<ObjectiveReliability> reliabilities = StudyReliability.Measure(run, options, complete);
        Objective chosen =
            objective is not null ? new Objective(StudyMetric.OfQuality(objective))
            : reliabilities.Count > 0 ? Objective.MostReliable(reliabilities)
            : new Objective(
                StudyMetric.Quality.FirstOrDefault(metric => complete[0].Metrics.ContainsKey(metric.Name))
                    ?? StudyMetric.Psnr
            );
        double whole = complete.Sum(trial => Seconds(trial, "whole")),
            runtime = complete.Sum(trial => Seconds(trial, "runtime"));
        var summary = new StudySummary(
            complete.Length,
            trials.Count(trial => trial.State == TrialState.Failed),
            options.ImageCount,
            options.Generation.StepCount,
            whole / complete.Length,
            whole == 0 ? 0 : 1 - (runtime / whole),
            Speed(model, options, complete),
            chosen.Metric.Name,
            reliabilities
        )
        {
            SetAside = trials.Count(trial => trial.State == TrialState.SetAside),
        };
        new StudyRecord(options.ToBeKept(), summary) { Study = RunStudy.Open(run).Settings.Fingerprint }.Write(run);
        return summary;
    }

    /// <summary>A trial as it is printed in JSON output.</summary>
    internal static object Describe(Trial trial)
    {
        ArgumentNullException.ThrowIfNull(trial);
        return new
        {
            trial.Number,
            trial.Name,
            trial.State,
            trial.Seed,
            trial.Metrics,
            Allocation = trial.Allocation.ToJsonObject(),
            trial.Failure,
        };
    }

    private static GenerationSpeed? Speed(OpenModel model, StudyOptions options, Trial[] complete)
    {
        double seconds = complete.Sum(trial => Seconds(trial, "generate"));
        if (seconds == 0)
            return null;
        double imagesPerSecond = complete.Length * options.ImageCount / seconds;
        int halves = options.Generation.GuidanceScale > 1 ? 2 : 1;
        double gflop =
            2e-9
            * halves
            * options.Generation.StepCount
            * WeightCost.MultiplyAccumulates(model.Graph, TextTokens).Values.Sum(macs => (double)macs);
        return new GenerationSpeed(60 * imagesPerSecond, gflop, gflop * imagesPerSecond, RuntimePeak.MatMulGflops());
    }

    private static double Seconds(Trial trial, string part) =>
        trial.Durations.TryGetValue(part, out TimeSpan span) ? span.TotalSeconds : 0;

    // Failed and set-aside trials with numbers below retryBelow are set back to waiting first; null leaves them.
    private static IReadOnlyList<Trial> Label(
        OpenModel model,
        RunDirectory run,
        StudyOptions options,
        IAllocationSampler sampler,
        string studyName,
        int trialCount,
        int? retryBelow,
        string? pictures,
        IProgress<StageProgress>? progress,
        CancellationToken cancellationToken
    )
    {
        BankStage.RequireOriginal(model);
        RunIdentity.Claim(model, run, withPipeline: true, progress, cancellationToken);
        using SqliteStudyStore store = SqliteStudyStore.OpenOrCreate(
            run.StudyDatabase,
            options.ToSettings(model, sampler.Description),
            model.Time,
            studyName
        );
        cancellationToken.ThrowIfCancellationRequested();
        if (retryBelow is { } count)
            store.RetryFailed(count);
        IReadOnlyList<Trial> known = store.List();
        StoredTrials.CheckProposals(
            run.StudyDatabase,
            known,
            sampler,
            [.. model.Weights.Select(weight => weight.Name)],
            options.Seed
        );
        if (known.Count(trial => trial.IsFinished && trial.Number < trialCount) >= trialCount)
            return known;
        QuantizerBank bank = BankStage.Run(model, run, progress, cancellationToken);
        Func<int, string>? folder = pictures is null ? null : number => Path.Combine(pictures, sampler.NameOf(number));
        string cache = options.FirstPrompt == 0 ? run.FullPrecisionImages : run.FreshFullPrecisionImages;
        using var objective = new ImageObjective(model, bank, options, cache, folder, progress, cancellationToken);
        var runner = new StudyRunner(
            store,
            sampler,
            objective,
            StudyWorker.ThisProcess(ProgramVersions.All),
            model.Time
        );
        IProgress<StudyProgress>? inner = progress is null
            ? null
            : new Relay<StudyProgress>(step => progress.Report(Describe(step)));
        return runner.Run(trialCount, options.Seed, inner, cancellationToken);
    }

    private static StageProgress Describe(StudyProgress step)
    {
        string? latest =
            step.Latest is not { } trial || !trial.Metrics.TryGetValue(StudyMetric.AverageBits.Name, out double bits)
                ? null
            : trial.Metrics.TryGetValue(StudyMetric.Psnr.Name, out double psnr) ? $"{bits:0.00} bits, {psnr:0.0} dB"
            : $"{bits:0.00} bits";
        double current = step.Current is null ? 0 : step.CurrentProgress.Fraction;
        string? detail =
            step.Current is null && step.Counts.Running > 0 ? "waiting for trials of other processes" : latest;
        return new StageProgress("Labelling allocations", step.Counts.Finished + current, step.Counts.Total, detail);
    }
}
