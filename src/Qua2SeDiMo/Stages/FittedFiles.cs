using Qua2SeDiMo.Models;
using Qua2SeDiMo.Predictors;

namespace Qua2SeDiMo.Stages;

/// <summary>The fits of a run directory: one per loss, side by side.</summary>
public static class FittedFiles
{
    /// <summary>All fits of the same trials as the latest one, in the order of the losses.</summary>
    /// <exception cref="Q2Exception">A file is damaged.</exception>
    public static IReadOnlyList<FitRecord> All(RunDirectory run)
    {
        ArgumentNullException.ThrowIfNull(run);
        (FitRecord Fit, DateTime Written)[] found =
        [
            .. Enum.GetValues<PredictorLoss>().Select(loss => run.PredictorReportOf(loss.ToString())).Where(File.Exists)
                .Select(path => (StudyRecord.ReadFile<FitRecord>(path, "fit"), File.GetLastWriteTimeUtc(path))),
        ];
        if (found.Length == 0) return [];
        FitRecord latest = found.MaxBy(pair => pair.Written).Fit;
        return [.. found.Select(pair => pair.Fit).Where(fit => fit.Objective == latest.Objective && fit.TrainedOn?.Fingerprint == latest.TrainedOn?.Fingerprint)];
    }

    /// <summary>The fit of a loss; without one, that whose network ranks held-out trials best.</summary>
    /// <exception cref="ModelFolderException">There is none.</exception>
    public static FitRecord Main(RunDirectory run, PredictorLoss? loss = null)
    {
        IReadOnlyList<FitRecord> all = All(run);
        if (loss is { } wanted)
        {
            return all.FirstOrDefault(fit => fit.Options.Loss == wanted) ?? throw new ModelFolderException(
                $"{run.PredictorReportOf(wanted.ToString())}: not there for these trials; run `q2 fit --loss {wanted.ToString().ToLowerInvariant()}` first"
                + (all.Count > 0 ? $" (there are fits by {string.Join(", ", all.Select(fit => fit.Options.Loss.ToString().ToLowerInvariant()))})." : "."));
        }
        return all.MaxBy(fit => fit.Result.Find(ModelNames.Network)?.Srcc.Mean ?? double.NegativeInfinity)
            ?? throw new ModelFolderException($"{run.PredictorReport}: not there yet; run `q2 fit` first.");
    }
}
