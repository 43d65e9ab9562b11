using Qua2SeDiMo.Json;
using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Import;
using Qua2SeDiMo.Predictors.Training;
using Qua2SeDiMo.Sensitivity;

namespace Qua2SeDiMo.Runs;

/// <summary>Networks refitted on resampled trials. Each one's scores are stored as soon as it is trained, so that an
/// interrupted call can resume.</summary>
internal static class NetworkResamples
{
    /// <summary>Epochs of each refit. A fit has more, so refits vary somewhat more than the network whose spread they
    /// estimate.</summary>
    internal const int DefaultEpochs = 40;

    private sealed record ResampleFile(string Fingerprint, int Epochs, ulong Seed, List<double[]> Scores);

    /// <summary>Scores of the first resamples; those that are not stored yet are trained now.</summary>
    /// <param name="study">The trials.</param>
    /// <param name="run">Run directory with the stored scores.</param>
    /// <param name="fit">The fit whose spread is estimated.</param>
    /// <param name="count">Number of resamples; 0 returns those that are stored.</param>
    /// <param name="epochs">Epochs of each refit; 0 uses those of the stored ones, or the default.</param>
    /// <param name="progress">Receives the number of finished resamples.</param>
    /// <param name="cancellationToken">Cancels between epochs.</param>
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
