using System.Text.Json.Nodes;
using Qua2SeDiMo.Diffusion.Tokenizers;
using Qua2SeDiMo.Graphs.Onnx;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;
using Qua2SeDiMo.Models.Fingerprints;
using Qua2SeDiMo.Packing;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Pipelines;

/// <summary>
/// Computes fingerprints of the parts of a model that are read, and of the CLIP model and reference features that
/// images are scored with. Unread parts (safety checker, feature extractor, other variants of the weights, notes) do
/// not affect them.
/// </summary>
/// <param name="cache">Cache of fingerprints from earlier runs.</param>
/// <param name="progress">Receives the fraction read.</param>
/// <param name="cancellationToken">Checked between pieces.</param>
internal sealed class ContentReader(
    FingerprintCache cache,
    IProgress<StageProgress>? progress,
    CancellationToken cancellationToken
)
{
    private const string ImageFeatures = "image_features";

    // Configuration keys about the origin of a file, which do not affect results.
    private static readonly HashSet<string> Notes = new(StringComparer.Ordinal)
    {
        "_name_or_path",
        "_commit_hash",
        "transformers_version",
        "torch_dtype",
        "dtype",
    };

    // Such keys of model_index.json, including those about components that are not read.
    private static readonly HashSet<string> IndexNotes = new(Notes, StringComparer.Ordinal)
    {
        "_diffusers_version",
        "requires_safety_checker",
    };

    /// <summary>Fingerprint of a denoiser.</summary>
    internal ModelFingerprint OfDenoiser(ModelComponent denoiser, ITensorSource tensors) =>
        new([Config(denoiser.ReadConfig(), denoiser.Name), .. Tensors(denoiser, tensors)]);

    /// <summary>Fingerprint of a pipeline.</summary>
    /// <param name="folder">The pipeline.</param>
    /// <param name="denoiser">The fingerprint of its denoiser.</param>
    internal ModelFingerprint Of(ModelFolder folder, ModelFingerprint denoiser)
    {
        HashSet<string> read =
        [
            folder.Denoiser.Name,
            .. PipelineComponents.Of(folder.PipelineClass, folder.Components.ContainsKey) ?? [],
        ];
        bool IsNote(string key) =>
            IndexNotes.Contains(key) || (folder.Index[key] is JsonArray { Count: 2 } && !read.Contains(key));
        List<FingerprintPart> parts =
        [
            new("model_index.json", ContentHash.Of(folder.Index, IsNote)),
            .. denoiser.Parts,
        ];
        foreach (ModelComponent component in folder.Components.Values.Where(component => read.Contains(component.Name)))
        {
            if (component.Name == folder.Denoiser.Name)
                continue;
            ComponentRole role = ComponentRoles.Of(component.Name);
            if (role == ComponentRole.Tokenizer)
                parts.AddRange(Tokenizer(component.DirectoryPath, component.Name, component.ClassName));
            else
                parts.Add(Config(component.ReadConfig(), component.Name));
            if (role != ComponentRole.Network)
                continue;
            using ITensorSource tensors = OpenModel.OpenTensors(component);
            parts.AddRange(Tensors(component, tensors));
        }
        return new ModelFingerprint(parts);
    }

    /// <summary>
    /// Fingerprints of the scoring inputs: names of parts of the CLIP model begin with <c>clip</c>, the reference
    /// features are named <c>reference</c>.
    /// </summary>
    /// <param name="clipFolder">Folder of the CLIP model; null when none is used.</param>
    /// <param name="referenceFeatures">File of reference features of that model; null when none is used.</param>
    internal IReadOnlyList<FingerprintPart> OfScoring(string? clipFolder, string? referenceFeatures)
    {
        if (clipFolder is null)
            return [];
        return referenceFeatures is null
            ? OfClip(clipFolder)
            : [.. OfClip(clipFolder), new FingerprintPart("reference", OfReference(referenceFeatures))];
    }

    private FingerprintPart[] OfClip(string folder)
    {
        using ShardedTensors tensors = ShardedTensors.Open(folder);
        return
        [
            new("clip", Sharded(tensors, "clip")),
            Config(ComponentConfig.Read(Path.Combine(folder, "config.json")), "clip"),
            Config(ComponentConfig.Read(Path.Combine(folder, "preprocessor_config.json")), "clip"),
            .. Tokenizer(folder, "clip"),
        ];
    }

    private string OfReference(string path)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        return cache.Get(
            ImageFeatures,
            [path],
            () => TensorFingerprint.Of(file, [ImageFeatures], Share("reference features"), cancellationToken)
        );
    }

    private static FingerprintPart Config(ComponentConfig config, string component) =>
        new($"{component}/{Path.GetFileName(config.Source)}", ContentHash.Of(config.Root, Notes.Contains));

    private static IEnumerable<FingerprintPart> Tokenizer(string folder, string component, string className = "") =>
        TokenizerCatalog
            .FilesOf(folder, className)
            .Select(path => new FingerprintPart(
                $"{component}/{Path.GetFileName(path)}",
                ContentHash.Of(RegularFile.ReadAllBytes(path, ForeignJson.MaximumBytes))
            ));

    private IEnumerable<FingerprintPart> Tensors(ModelComponent component, ITensorSource source) =>
        source switch
        {
            // The manifest contains the hash of the packed weights, which was checked on opening. An exported denoiser
            // also has an ONNX model.
            PackedModelReader packed => new[] { PackedManifest.FileName, OnnxReader.FileName }
                .Select(name => Path.Combine(packed.DirectoryPath, name))
                .Where(File.Exists)
                .Select(path => WholeFile(component, path)),
            OnnxTensors exported => exported.FilePaths.Select(path => WholeFile(component, path)),
            ShardedTensors sharded => [new(component.Name, Sharded(sharded, component.Name))],
            _ => [new(component.Name, TensorFingerprint.Of(source, null, Share(component.Name), cancellationToken))],
        };

    private FingerprintPart WholeFile(ModelComponent component, string path) =>
        new(
            $"{component.Name}/{Path.GetRelativePath(component.DirectoryPath, path)}",
            cache.Get("file", [path], () => TensorFingerprint.OfFile(path, Share(component.Name), cancellationToken))
        );

    private string Sharded(ShardedTensors tensors, string name) =>
        cache.Get(
            "tensors",
            tensors.FilePaths,
            () => TensorFingerprint.Of(tensors, null, Share(name), cancellationToken)
        );

    private Relay<double>? Share(string what) =>
        progress is null
            ? null
            : new Relay<double>(share => progress.Report(new StageProgress("Reading the model", share, 1, what)));
}
