using Qua2SeDiMo.Models.Configs;
using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Predictors.Import;
using Qua2SeDiMo.Predictors.Training;

namespace Qua2SeDiMo.Runs;

/// <summary>Reads the fits of a run directory, which holds one per loss.</summary>
internal static class FittedFiles
{
    /// <summary>All fits to the same trials as the latest fit, in the order of the losses.</summary>
    /// <exception cref="Q2Exception">A file is damaged or of another version.</exception>
    public static IReadOnlyList<Fit> All(RunDirectory run)
    {
        ArgumentNullException.ThrowIfNull(run);
        Fit[] found = [.. Files(run, Enum.GetValues<PredictorLoss>()).Select(Read)];
        if (found.Length == 0)
            return [];
        Fit latest = found.MaxBy(fit => fit.Order)!;
        return
        [
            .. found.Where(fit =>
                fit.Objective == latest.Objective && fit.TrainedOn?.Fingerprint == latest.TrainedOn?.Fingerprint
            ),
        ];
    }

    /// <summary>The fit with a given loss; without one, the fit whose network has the highest held-out SRCC.</summary>
    /// <exception cref="Q2Exception">There is no such fit, or a file is damaged or of another version.</exception>
    public static Fit Main(RunDirectory run, PredictorLoss? loss = null)
    {
        IReadOnlyList<Fit> all = All(run);
        if (loss is { } wanted)
        {
            return all.FirstOrDefault(fit => fit.Options.Loss == wanted)
                ?? throw new ModelFolderException(
                    $"{run.PredictorReportOf(wanted.ToString())}: no fit by {Word(wanted)} of these trials; make it first"
                        + (
                            all.Count > 0
                                ? $" (there are fits by {string.Join(", ", all.Select(fit => Word(fit.Options.Loss)))})."
                                : "."
                        )
                )
                {
                    Remedy = Remedy.FitByLoss,
                };
        }
        return all.MaxBy(fit => fit.Result.Find(ModelNames.Network)?.Srcc.Mean ?? double.NegativeInfinity)
            ?? throw new ModelFolderException($"{run.PredictorReport}: not there yet; make it first.")
            {
                Remedy = Remedy.Fit,
            };
    }

    /// <summary>Checks that a fit was made from the current trials.</summary>
    /// <exception cref="RunIdentityException">The fit was made from other trials.</exception>
    public static void RequireOf(this Fit fit, TrainedOn now, RunDirectory run)
    {
        ArgumentNullException.ThrowIfNull(fit);
        ArgumentNullException.ThrowIfNull(now);
        ArgumentNullException.ThrowIfNull(run);
        if (fit.TrainedOn is { } trained && trained.Fingerprint == now.Fingerprint)
            return;
        throw RunIdentityException.Stale(
            run.PredictorReportOf(fit.Options.Loss.ToString()),
            $"its fit is of other trials ({fit.TrainedOn?.TrialCount} of '{fit.TrainedOn?.Target}') than there are now "
                + $"({now.TrialCount} of '{now.Target}')",
            Remedy.Fit
        );
    }

    /// <summary>Sequence number of a new fit with this loss: one more than the highest of the other losses'
    /// fits.</summary>
    internal static int NextOrder(RunDirectory run, PredictorLoss loss)
    {
        int last = 0;
        foreach (string path in Files(run, Enum.GetValues<PredictorLoss>().Where(other => other != loss)))
        {
            try
            {
                last = Math.Max(last, Read(path).Order);
            }
            catch (Q2Exception)
            {
                // A file that cannot be read does not count.
            }
        }
        return last + 1;
    }

    private static string Word(PredictorLoss loss) => loss.ToString().ToLowerInvariant();

    private static IEnumerable<string> Files(RunDirectory run, IEnumerable<PredictorLoss> losses) =>
        losses.Select(loss => run.PredictorReportOf(loss.ToString())).Where(File.Exists);

    private static Fit Read(string path)
    {
        Fit fit = RunFile.Read<Fit>(path, Remedy.Fit);
        return fit.Algorithm == AlgorithmVersion.Current
            ? fit
            : throw RunIdentityException.OtherVersion(path, fit.Algorithm, Remedy.Fit);
    }
}
