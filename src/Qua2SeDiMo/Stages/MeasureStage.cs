using Qua2SeDiMo.Diffusion.Schedulers;
using Qua2SeDiMo.Gradients;
using Qua2SeDiMo.Graphs.Operations;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Measurement;
using Qua2SeDiMo.Measurement.Methods;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Quantizers.Bank;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Stages;

/// <summary>Measures the effect of every option of every weight.</summary>
internal static class MeasureStage
{
    private static readonly TimeSpan WaitInterval = TimeSpan.FromMilliseconds(200);

    /// <summary>Measures, or resumes where an earlier call stopped. Several processes may share the work.</summary>
    /// <param name="model">The model.</param>
    /// <param name="run">The run directory.</param>
    /// <param name="options">Method, images and settings of the measurement.</param>
    /// <param name="progress">Receives the progress of every step.</param>
    /// <param name="cancellationToken">Cancels between calls of the denoiser; finished images are kept.</param>
    /// <exception cref="Q2Exception">The method does not support the model, or the run directory belongs to another
    /// model.</exception>
    public static MeasuredModel Run(
        OpenModel model,
        RunDirectory run,
        MeasureOptions options,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(options);
        Preflight.Measure(model, run, options);
        RunIdentity.Claim(model, run, withPipeline: true, progress, cancellationToken);
        QuantizerBank bank = BankStage.Run(model, run, progress, cancellationToken);
        var files = new MeasuredFiles(model, bank, run, options);
        Complete(model, bank, options, files, progress, cancellationToken);
        Effects effects =
            files.ReadAll()
            ?? throw new MeasurementException(
                $"{run.MeasuredImages}: files of images went away while they were measured. Leave the folder "
                    + "alone and run the command again."
            );
        var record = new MeasurementRecord(
            AlgorithmVersion.Current,
            options with
            {
                Study = options.Study.ToBeKept(),
            },
            new CostTable(effects).Tabulate(Positions(model))
        );
        OwnJson.Write(run.Measurement, record);
        return new MeasuredModel(record, effects, MeasuredModel.TiesOf(model));
    }

    /// <summary>
    /// Measures on the images of a study. If the reverse pass does not support whole runs of this model, calls are
    /// sketched one by one; if it does not support the model at all, single calls with one changed weight are measured.
    /// Both fallbacks add a note.
    /// </summary>
    internal static MeasuredSensitivity RunWithin(
        OpenModel model,
        RunDirectory run,
        StudyOptions study,
        Notes? notes,
        IProgress<StageProgress>? progress,
        CancellationToken cancellationToken
    )
    {
        var options = new MeasureOptions
        {
            Study = study.Unrounded(),
            ActivationBits = MeasureOptions.DefaultActivationBits(MeasureMethod.Sketch),
        };
        MeasureOptions[] ways =
        [
            options,
            options with
            {
                CallsOnly = true,
            },
            options with
            {
                Method = MeasureMethod.Call,
                ActivationBits = MeasureOptions.DefaultActivationBits(MeasureMethod.Call),
                Study = options.Study with
                {
                    ImageCount = Math.Min(study.ImageCount, MeasureOptions.DefaultImages(MeasureMethod.Call)),
                },
            },
        ];
        foreach (MeasureOptions way in ways.SkipLast(1))
        {
            try
            {
                return Run(model, run, way, progress, cancellationToken).Record.Sensitivity;
            }
            catch (Exception error) when (error is SchedulerException or GradientException)
            {
                notes?.Add(error.Message);
            }
        }
        return Run(model, run, ways[^1], progress, cancellationToken).Record.Sensitivity;
    }

    private static void Complete(
        OpenModel model,
        QuantizerBank bank,
        MeasureOptions options,
        MeasuredFiles files,
        IProgress<StageProgress>? progress,
        CancellationToken cancellationToken
    )
    {
        if (files.Missing().Length == 0)
            return;
        using var pipeline = new MeasuringPipeline(model, options);
        options.Steps(pipeline.StepCount);
        using IEffectSource source = options.Method switch
        {
            MeasureMethod.Call => new CallEffects(pipeline, bank),
            MeasureMethod.Probe => new ProbeEffects(pipeline, bank),
            _ => new SketchEffects(pipeline, bank),
        };
        while (files.Missing() is { Length: > 0 } missing)
        {
            bool worked = false;
            int done = files.Count - missing.Length;
            foreach ((int first, int count) in Batches(missing, source.BatchSize))
            {
                cancellationToken.ThrowIfCancellationRequested();
                using LockFile? held = files.TryTake(first);
                if (held is null)
                    continue;
                worked = true;
                if (files.Has(first))
                    continue;
                Effects effects = source.Measure(first, count, Report, cancellationToken);
                for (int row = 0; row < count; row++)
                    files.Write(first + row, effects, row);
                done += count;

                void Report(double share) => Say(progress, done + (share * count), files.Count, "images");
            }
            if (worked)
                continue;
            Say(progress, files.Count - missing.Length, files.Count, "waiting for images of other processes");
            Task.Delay(WaitInterval, model.Time, CancellationToken.None).Wait(cancellationToken);
        }
        Say(progress, files.Count, files.Count, null);
    }

    private static void Say(IProgress<StageProgress>? progress, double done, int total, string? detail) =>
        progress?.Report(new StageProgress("Measuring sensitivities", done, total, detail));

    // Groups consecutive missing images, within batches whose borders are the same for every process.
    private static IEnumerable<(int First, int Count)> Batches(int[] missing, int size)
    {
        for (int i = 0; i < missing.Length; )
        {
            int first = missing[i],
                count = 1;
            while (i + count < missing.Length && missing[i + count] == first + count && (first + count) % size != 0)
                count++;
            yield return (first, count);
            i += count;
        }
    }

    private static Dictionary<string, WeightPosition> Positions(OpenModel model)
    {
        var known = TopologyBuilder
            .Positions(model.Operations)
            .ToDictionary(position => position.Name, StringComparer.Ordinal);
        Dictionary<string, string> ties = MeasuredModel.TiesOf(model);
        return model.Weights.ToDictionary(
            weight => weight.Name,
            weight => known.GetValueOrDefault(weight.Name) ?? known[ties[weight.Name]] with { Name = weight.Name },
            StringComparer.Ordinal
        );
    }
}
