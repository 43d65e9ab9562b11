using Qua2SeDiMo.Json;
using Qua2SeDiMo.Models.Fingerprints;
using Qua2SeDiMo.Pipelines;

namespace Qua2SeDiMo.Runs;

/// <summary>
/// Content of <c>run.json</c>: fingerprints of the model, part by part, that the results of a run directory belong to.
/// The folder is recorded for messages only: a moved model or a copied run directory is recognised by content.
/// </summary>
/// <param name="Algorithm">The <see cref="AlgorithmVersion"/> of the results.</param>
/// <param name="Model">Folder of the model when the run directory was created.</param>
/// <param name="Denoiser">Fingerprints of the parts of the denoiser, on which graphs and banks depend.</param>
/// <param name="Pipeline">Fingerprints of all parts of the model; null until a stage generates images.</param>
internal sealed record RunIdentity(
    int Algorithm,
    string Model,
    IReadOnlyDictionary<string, string> Denoiser,
    IReadOnlyDictionary<string, string>? Pipeline
)
{
    /// <summary>Records the model in a run directory before anything else is written, or checks the recorded
    /// one.</summary>
    /// <param name="model">The model.</param>
    /// <param name="run">The run directory.</param>
    /// <param name="withPipeline">Whether the results to be written depend on more than the denoiser.</param>
    /// <param name="progress">Receives the progress of reading the model.</param>
    /// <param name="cancellationToken">Cancels reading the model.</param>
    /// <exception cref="RunIdentityException">The directory belongs to another model or version; nothing was
    /// written.</exception>
    internal static void Claim(
        OpenModel model,
        RunDirectory run,
        bool withPipeline,
        IProgress<StageProgress>? progress,
        CancellationToken cancellationToken
    )
    {
        Check(model, run, withPipeline, progress, cancellationToken);
        RunIdentity? known = Read(run);
        if (known is not null && (known.Pipeline is not null || !withPipeline))
            return;
        var identity = new RunIdentity(
            AlgorithmVersion.Current,
            known?.Model ?? Folder(model),
            ByName(model.DenoiserFingerprint(progress, cancellationToken)),
            withPipeline ? ByName(model.Fingerprint(progress, cancellationToken)) : null
        );
        OwnJson.Write(run.Identity, identity);
        // Another process may have recorded another model at the same time.
        Check(model, run, withPipeline, progress, cancellationToken);
    }

    /// <summary>Checks that the results in a run directory belong to this model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="run">The run directory.</param>
    /// <param name="withPipeline">Whether the results to be read depend on more than the denoiser.</param>
    /// <param name="progress">Receives the progress of reading the model.</param>
    /// <param name="cancellationToken">Cancels reading the model.</param>
    /// <exception cref="RunIdentityException">The results belong to another model, another version, or an unknown
    /// model.</exception>
    internal static void Check(
        OpenModel model,
        RunDirectory run,
        bool withPipeline = true,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        if (Read(run) is not { } known)
        {
            if (run.Results.FirstOrDefault(File.Exists) is { } result)
                throw RunIdentityException.Unrecorded(run, result);
            return;
        }
        if (known.Algorithm != AlgorithmVersion.Current)
            throw RunIdentityException.OtherVersion(run, known.Algorithm);
        IReadOnlyList<string> differences =
            withPipeline && known.Pipeline is { } pipeline
                ? FingerprintWords.Differences(pipeline, ByName(model.Fingerprint(progress, cancellationToken)))
                : FingerprintWords.Differences(
                    known.Denoiser,
                    ByName(model.DenoiserFingerprint(progress, cancellationToken))
                );
        if (differences.Count > 0)
            throw RunIdentityException.OtherModel(run, known.Model, Folder(model), differences);
    }

    /// <summary>Checks that a run directory for an external study does not belong to a model.</summary>
    /// <exception cref="RunIdentityException">The directory belongs to a model.</exception>
    internal static void RequireNoModel(RunDirectory run)
    {
        if (Read(run) is not { } known)
            return;
        throw RunIdentityException.OfModel(run, known.Model);
    }

    private static RunIdentity? Read(RunDirectory run)
    {
        if (!File.Exists(run.Identity))
            return null;
        try
        {
            return OwnJson.Read<RunIdentity>(run.Identity, remedy: null);
        }
        catch (DamagedFileException error)
        {
            throw RunIdentityException.Damaged(run, error);
        }
    }

    private static string Folder(OpenModel model) =>
        Path.TrimEndingDirectorySeparator(Path.GetFullPath(model.Folder.DirectoryPath));

    private static Dictionary<string, string> ByName(ModelFingerprint fingerprint) =>
        fingerprint.Parts.ToDictionary(part => part.Name, part => part.Hex, StringComparer.Ordinal);
}
