using Qua2SeDiMo.Json;
using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Import;
using Qua2SeDiMo.Predictors.Training;
using Qua2SeDiMo.Sensitivity;

namespace Qua2SeDiMo.Runs;

/// <summary>Networks refitted on resampled trials: one after another, each kept as soon as it is done, so that a
/// stopped call goes on.</summary>
internal static class NetworkResamples
{
    /// <summary>Passes of each refit; a fit takes more, so refits vary somewhat more than the network whose spread they
    /// estimate.</summary>
    internal const int DefaultEpochs = 40;

    private sealed record ResampleFile(string Fingerprint, int Epochs, ulong Seed, List<double[]> Scores);

    /// <summary>Scores of the first resamples; missing ones are trained now.</summary>
    /// <param name="study">The trials.</param>
    /// <param name="run">Where they are kept.</param>
    /// <param name="fit">The fit whose spread is looked for.</param>
    /// <param name="count">How many; 0 takes those that are there.</param>
    /// <param name="epochs">Passes of each refit; 0 takes those of the stored ones, or the default.</param>
    /// <param name="progress">Told after each.</param>
    /// <param name="cancellationToken">Stops between epochs.</param>
    internal static IReadOnlyList<double[]> Collect(
        LabelledStudy study,
        RunDirectory run,
        Fit fit,
        int count,
        int epochs,
        IProgress<StageProgress>? progress,
        CancellationToken cancellationToken
    )
    {
        string path = run.BootstrapOf(fit.Options.Loss.ToString());
        ResampleFile? stored = File.Exists(path) ? RunFile.Read<ResampleFile>(path, Remedy.Bootstrap) : null;
        bool fits =
            stored is not null
            && stored.Fingerprint == study.Origin.Fingerprint
            && stored.Seed == fit.Options.Seed
            && (epochs == 0 || stored.Epochs == epochs);
        if (count == 0)
            return fits ? stored!.Scores : [];
        ResampleFile file = fits
            ? stored!
            : new ResampleFile(study.Origin.Fingerprint, epochs > 0 ? epochs : DefaultEpochs, fit.Options.Seed, []);
        var rows = new StudyRows(study.Training);
        while (file.Scores.Count < count)
        {
            progress?.Report(
                new StageProgress(
                    "Refitting on resampled trials",
                    file.Scores.Count,
                    count,
                    fit.Options.Loss.ToString().ToLowerInvariant()
                )
            );
            PredictorOptions options = fit.Options with { Epochs = file.Epochs };
            file.Scores.Add(
                NetworkBootstrap.Scores(study.Training, rows, options, file.Scores.Count, cancellationToken)
            );
            OwnJson.Write(path, file);
        }
        progress?.Report(new StageProgress("Refitting on resampled trials", count, count));
        return file.Scores;
    }
}
