using Qua2SeDiMo.Json;
using Qua2SeDiMo.Models.Fingerprints;
using Qua2SeDiMo.Pipelines;

namespace Qua2SeDiMo.Runs;

/// <summary>
/// What the results of a run directory belong to, <c>run.json</c>: the content of the model, part by part. The folder
/// is only kept for messages; a model that was moved, or a directory that was copied, is known by its content.
/// </summary>
/// <param name="Algorithm">The <see cref="AlgorithmVersion"/> of the results.</param>
/// <param name="Model">Folder of the model when the directory was begun.</param>
/// <param name="Denoiser">Fingerprint by part of the denoiser: all that graphs and banks depend on.</param>
/// <param name="Pipeline">Fingerprint by part of everything; null until images were asked for.</param>
internal sealed record RunIdentity(
    int Algorithm,
    string Model,
    IReadOnlyDictionary<string, string> Denoiser,
    IReadOnlyDictionary<string, string>? Pipeline
)
{
    /// <summary>Makes an unclaimed directory the model's, before anything is written into it.</summary>
    /// <param name="model">The model.</param>
    /// <param name="run">The directory.</param>
    /// <param name="withPipeline">Whether what is to be written depends on more than the denoiser.</param>
    /// <param name="progress">Told while the model is read.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="RunIdentityException">It is another model's; nothing was written.</exception>
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
        // Another process may have had the same idea about another model.
        Check(model, run, withPipeline, progress, cancellationToken);
    }

    /// <summary>Makes sure that what is there is of this model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="run">The directory.</param>
    /// <param name="withPipeline">Whether what is to be read depends on more than the denoiser.</param>
    /// <param name="progress">Told while the model is read.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="RunIdentityException">It is another model's, or of another version.</exception>
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

    /// <summary>Makes sure that a directory for trials from outside is no model's.</summary>
    /// <exception cref="RunIdentityException">It is a model's.</exception>
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
