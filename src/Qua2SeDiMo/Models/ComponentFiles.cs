using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Models;

/// <summary>How a component's weights are stored.</summary>
internal enum WeightForm
{
    /// <summary>Not at all: a scheduler or tokenizer, or a network whose weights are missing.</summary>
    None,

    /// <summary>Safetensors, in one file or in shards with an index.</summary>
    Safetensors,

    /// <summary>An exported program, <c>model.onnx</c>.</summary>
    Program,

    /// <summary>Packed by <c>q2 pack</c>.</summary>
    Packed,
}

/// <summary>
/// Which files of a component's folder are read: decided here once, for everything that opens, copies or fingerprints
/// them. Looks at names (and, for shards, at the index); nothing else is opened. Files whose names begin with a dot are
/// never read.
/// </summary>
internal sealed class ComponentFiles
{
    /// <summary>Name of an exported denoiser's program.</summary>
    public const string ProgramName = "model.onnx";

    /// <summary>Name of the manifest of a packed denoiser.</summary>
    public const string ManifestName = "q2_manifest.json";

    /// <summary>Name of the weights file beside that manifest.</summary>
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
    /// Why these weights were chosen: they do not have the canonical name, or an index is there too; null where there
    /// is nothing to say.
    /// </summary>
    public string? Reason => Form == WeightForm.Safetensors ? candidates.Reason : null;

    /// <summary>
    /// Path of the program of an exported denoiser, also of a packed one; null where the program is built from the
    /// configuration.
    /// </summary>
    public string? Program =>
        Form is WeightForm.Program or WeightForm.Packed && names.Contains(ProgramName) ? PathOf(ProgramName) : null;

    /// <summary>
    /// Paths of the safetensors files with the weights, or of the program; data files beside a program are known to
    /// <c>OnnxTensors.FilePaths</c>.
    /// </summary>
    /// <exception cref="ModelFolderException">There are no weights; the message lists what was seen and why none was
    /// taken.</exception>
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
            // A name may be listed and lead nowhere.
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
    /// <exception cref="Q2Exception">As <see cref="Weights"/>, for a network.</exception>
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

    /// <summary>The index and what it says; null for a single file.</summary>
    internal ShardIndex? Index => Form == WeightForm.Safetensors ? index.Value : null;

    /// <summary>Looks at the folder of a component of a pipeline.</summary>
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

    /// <summary>Looks at the folder of a network.</summary>
    /// <param name="directory">The folder.</param>
    /// <param name="library"><c>diffusers</c> or <c>transformers</c>, whose names the weights have; null for
    /// either.</param>
    /// <exception cref="ModelFolderException">There is no such folder.</exception>
    public static ComponentFiles OfNetwork(string directory, string? library = null) =>
        Directory.Exists(directory)
            ? new ComponentFiles(directory, library, ComponentRole.Network, notes: null)
            : throw new ModelFolderException($"{directory}: there is no such folder.");

    /// <summary>
    /// Names of what lies in the folder and is not read, in ordinal order; a folder ends with a slash, files that begin
    /// with a dot are left out.
    /// </summary>
    /// <param name="alsoRead">Paths of files that something else reads, such as the data files of a program.</param>
    /// <exception cref="Q2Exception">As <see cref="Weights"/>, for a network.</exception>
    public IReadOnlyList<string> Unread(IEnumerable<string>? alsoRead = null)
    {
        HashSet<string> read = [.. Read.Concat(alsoRead ?? []).Select(NameInFolder)];
        return [.. names.Where(name => !name.StartsWith('.') && !read.Contains(name))];
    }

    /// <summary>
    /// Name of a file in a copy that any reader opens without naming a variant; shards keep theirs, which the index
    /// knows.
    /// </summary>
    internal string CanonicalName(string path)
    {
        string name = Path.GetFileName(path);
        return Variant is null || name != candidates.Chosen ? name : candidates.CanonicalName;
    }

    // Of a file further down the folder that it lies in.
    private string NameInFolder(string path) =>
        Path.GetRelativePath(DirectoryPath, path).Split(Path.DirectorySeparatorChar) is [var first, _, ..]
            ? first + "/"
            : Path.GetFileName(path);

    // A link exists whether or not it leads anywhere.
    private static bool IsThere(string path) =>
        File.Exists(path) && new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true) is not { Exists: false };

    private string PathOf(string name) => Path.Combine(DirectoryPath, name);
}
