using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Models;

/// <summary>How a component's weights are stored.</summary>
internal enum WeightForm
{
    /// <summary>No weights: a scheduler or tokenizer, or a network whose weights are missing.</summary>
    None,

    /// <summary>Safetensors files: one file, or shards with an index.</summary>
    Safetensors,

    /// <summary>An exported ONNX model, <c>model.onnx</c>.</summary>
    Program,

    /// <summary>Packed by <c>q2 pack</c>.</summary>
    Packed,
}

/// <summary>
/// Determines which files of a component's folder are read, for all code that opens, copies or fingerprints them. It
/// uses file names and, for shards, the index; no other file is opened. Files whose names begin with a dot are never
/// read.
/// </summary>
internal sealed class ComponentFiles
{
    /// <summary>Name of an exported denoiser's file.</summary>
    public const string ProgramName = "model.onnx";

    /// <summary>Name of the manifest of a packed denoiser.</summary>
    public const string ManifestName = "q2_manifest.json";

    /// <summary>Name of the weights file of a packed denoiser.</summary>
    public const string PackedWeightsName = "q2_weights.safetensors";

    private const string DiffusersStem = "diffusion_pytorch_model",
        TransformersStem = "model";

    private readonly ComponentRole role;
    private readonly string[] names;
    private readonly WeightCandidates candidates;
    private readonly Lazy<ShardIndex?> index;

    private ComponentFiles(string directory, string? library, ComponentRole role, Notes? notes)
    {
        DirectoryPath = directory;
        this.role = role;
        names =
        [
            .. Directory
                .EnumerateFileSystemEntries(directory)
                .Select(path => Path.GetFileName(path) + (Directory.Exists(path) ? "/" : ""))
                .Order(StringComparer.Ordinal),
        ];
        candidates = WeightCandidates.Choose(
            names,
            library switch
            {
                "diffusers" => [DiffusersStem],
                "transformers" => [TransformersStem],
                _ => [DiffusersStem, TransformersStem],
            }
        );
        index = new Lazy<ShardIndex?>(() =>
            candidates.IsIndex ? ShardIndex.Read(PathOf(candidates.Chosen!), notes) : null
        );
        Form =
            role != ComponentRole.Network ? WeightForm.None
            : names.Contains(ManifestName) ? WeightForm.Packed
            : candidates.Chosen is not null ? WeightForm.Safetensors
            : names.Contains(ProgramName) ? WeightForm.Program
            : WeightForm.None;
    }

    /// <summary>The folder.</summary>
    public string DirectoryPath { get; }

    /// <summary>How the weights are stored.</summary>
    public WeightForm Form { get; }

    /// <summary>Variant of the safetensors files, for instance <c>fp16</c>; null for canonical names.</summary>
    public string? Variant => Form == WeightForm.Safetensors ? candidates.Variant : null;

    /// <summary>
    /// Why these weights were chosen, when they do not have the canonical name or an index exists besides the file;
    /// otherwise null.
    /// </summary>
    public string? Reason => Form == WeightForm.Safetensors ? candidates.Reason : null;

    /// <summary>
    /// Path of the ONNX model of an exported denoiser, also when it is packed; null when the graph is built from the
    /// configuration.
    /// </summary>
    public string? Program =>
        Form is WeightForm.Program or WeightForm.Packed && names.Contains(ProgramName) ? PathOf(ProgramName) : null;

    /// <summary>
    /// Paths of the safetensors files with the weights, or of the ONNX model; <c>OnnxTensors.FilePaths</c> lists the
    /// data files of an ONNX model.
    /// </summary>
    /// <exception cref="ModelFolderException">There are no weights (the message lists the files and why none was
    /// taken), or a file is missing.</exception>
    /// <exception cref="SafetensorsException">The index is damaged, or a shard is missing.</exception>
    public IReadOnlyList<string> Weights
    {
        get
        {
            IReadOnlyList<string> paths = Form switch
            {
                WeightForm.Packed => [PathOf(PackedWeightsName)],
                WeightForm.Program => [PathOf(ProgramName)],
                WeightForm.Safetensors => index.Value?.Shards ?? [PathOf(candidates.Chosen!)],
                _ => throw new ModelFolderException($"{DirectoryPath}: {candidates.Reason}"),
            };
            // A listed name may be a broken link.
            string? broken = paths.FirstOrDefault(path => !IsThere(path));
            if (broken is null)
                return paths;
            string what = names.Contains(Path.GetFileName(broken))
                ? "a link to a file that is not there"
                : "there is no such file";
            throw new ModelFolderException($"{broken}: {what}; was the download complete?");
        }
    }

    /// <summary>Paths of every file that is read, in ordinal order: settings, index, weights.</summary>
    /// <exception cref="Q2Exception">Thrown for networks, for the reasons of <see cref="Weights"/>.</exception>
    public IReadOnlyList<string> Read
    {
        get
        {
            IEnumerable<string> settings = role.Settings().Where(name => names.Contains(name)).Select(PathOf);
            if (role != ComponentRole.Network)
                return [.. settings.Order(StringComparer.Ordinal)];
            IEnumerable<string?> beside =
            [
                Form == WeightForm.Packed ? PathOf(ManifestName) : null,
                Program,
                index.Value?.FilePath,
            ];
            return
            [
                .. settings
                    .Concat(beside.OfType<string>())
                    .Concat(Weights)
                    .Distinct(StringComparer.Ordinal)
                    .Order(StringComparer.Ordinal),
            ];
        }
    }

    /// <summary>The parsed shard index; null for a single file.</summary>
    internal ShardIndex? Index => Form == WeightForm.Safetensors ? index.Value : null;

    /// <summary>Examines the folder of a pipeline's component.</summary>
    public static ComponentFiles Of(ModelComponent component)
    {
        ArgumentNullException.ThrowIfNull(component);
        return new ComponentFiles(
            component.DirectoryPath,
            component.Library,
            ComponentRoles.Of(component.Name),
            component.Notes
        );
    }

    /// <summary>Examines the folder of a network.</summary>
    /// <param name="directory">The folder.</param>
    /// <param name="library"><c>diffusers</c> or <c>transformers</c>, which determines the name of the weights; null to
    /// accept both names.</param>
    /// <exception cref="ModelFolderException">The folder does not exist.</exception>
    public static ComponentFiles OfNetwork(string directory, string? library = null) =>
        Directory.Exists(directory)
            ? new ComponentFiles(directory, library, ComponentRole.Network, notes: null)
            : throw new ModelFolderException($"{directory}: there is no such folder.");

    /// <summary>
    /// Names of files and folders that are not read, in ordinal order. Folder names end with a slash; names that begin
    /// with a dot are left out.
    /// </summary>
    /// <param name="alsoRead">Paths of further files that are read, such as the data files of an ONNX model.</param>
    /// <exception cref="Q2Exception">Thrown for networks, for the reasons of <see cref="Weights"/>.</exception>
    public IReadOnlyList<string> Unread(IEnumerable<string>? alsoRead = null)
    {
        HashSet<string> read = [.. Read.Concat(alsoRead ?? []).Select(NameInFolder)];
        return [.. names.Where(name => !name.StartsWith('.') && !read.Contains(name))];
    }

    /// <summary>
    /// Name of a file in a copy that can be opened without naming a variant; shards keep their names, which the index
    /// contains.
    /// </summary>
    internal string CanonicalName(string path)
    {
        string name = Path.GetFileName(path);
        return Variant is null || name != candidates.Chosen ? name : candidates.CanonicalName;
    }

    // Name of a file, or of the subfolder that contains it, as in names.
    private string NameInFolder(string path) =>
        Path.GetRelativePath(DirectoryPath, path).Split(Path.DirectorySeparatorChar) is [var first, _, ..]
            ? first + "/"
            : Path.GetFileName(path);

    // File.Exists is true for a broken link, so the target is checked.
    private static bool IsThere(string path) =>
        File.Exists(path) && new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true) is not { Exists: false };

    private string PathOf(string name) => Path.Combine(DirectoryPath, name);
}
