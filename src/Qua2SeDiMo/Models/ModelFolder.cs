using System.Text.Json;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Models.Configs;
using Qua2SeDiMo.Models.Known;

namespace Qua2SeDiMo.Models;

/// <summary>One part of a pipeline: a folder with a configuration and, for networks, weights.</summary>
/// <param name="Name">Name in <c>model_index.json</c>, for instance <c>transformer</c>.</param>
/// <param name="Library">Library that defines its class: diffusers or transformers.</param>
/// <param name="ClassName">Class, for instance <c>PixArtTransformer2DModel</c>.</param>
/// <param name="DirectoryPath">Folder of the component.</param>
internal sealed record ModelComponent(string Name, string Library, string ClassName, string DirectoryPath)
{
    // Libraries whose classes are taken from model_index.json. Any other library wraps a model whose class is named in
    // its own configuration.
    private static readonly string[] Libraries = ["diffusers", "transformers"];
    private const string OnnxWrapper = "OnnxRuntimeModel";

    /// <summary>Remarks for the user, added while files are read; shared by the whole pipeline.</summary>
    public Notes Notes { get; init; } = new();

    /// <summary>Corrections that the pipeline class makes in this component's configuration, for files of early
    /// releases.</summary>
    public IReadOnlyList<ConfigCorrection> Corrections { get; init; } = [];

    /// <summary>
    /// Reads the configuration (<c>config.json</c>, <c>scheduler_config.json</c> or <c>tokenizer_config.json</c>) as
    /// the class that <c>model_index.json</c> names, with the pipeline's corrections, which are added to
    /// <see cref="Notes"/>.
    /// </summary>
    /// <exception cref="ModelFolderException">The file is missing.</exception>
    /// <exception cref="Q2Exception">The file is not a JSON object.</exception>
    public ComponentConfig ReadConfig()
    {
        ComponentConfig stored = ReadAsStored();
        foreach (string note in CorrectionNotes(stored))
            Notes.Add(note);
        return Corrections.Aggregate(stored, (config, correction) => correction.Apply(config));
    }

    /// <summary>One sentence per correction that is needed.</summary>
    /// <exception cref="ModelFolderException">The configuration is missing.</exception>
    public IReadOnlyList<string> CorrectionNotes() => Corrections.Count == 0 ? [] : CorrectionNotes(ReadAsStored());

    private string[] CorrectionNotes(ComponentConfig stored) =>
        [.. Corrections.Where(correction => correction.IsNeeded(stored)).Select(correction => correction.Note(stored))];

    private ComponentConfig ReadAsStored()
    {
        ComponentConfig config = ComponentConfig.Read(
            Path.Combine(DirectoryPath, ComponentRoles.Of(Name).ConfigName()),
            Notes
        );
        return Libraries.Contains(Library) && ClassName != OnnxWrapper ? config.As(ClassName) : config;
    }
}

/// <summary>
/// A pipeline on disk in the layout of diffusers: <c>model_index.json</c> and a folder per component. Opening reads
/// only that index. Components that the pipeline's class does not read (a safety checker, an image encoder) may be
/// missing.
/// </summary>
internal sealed class ModelFolder
{
    /// <summary>Name of the file that lists the components.</summary>
    public const string IndexName = "model_index.json";

    private readonly IReadOnlyList<string> missing;

    private ModelFolder(
        string path,
        string pipelineClass,
        ComponentConfig index,
        Dictionary<string, ModelComponent> components,
        IReadOnlyList<string> missing,
        Notes notes
    )
    {
        Notes = notes;
        DirectoryPath = path;
        PipelineClass = pipelineClass;
        IndexFile = index;
        Components = components;
        this.missing = missing;
    }

    /// <summary>Remarks for the user, added while files are read.</summary>
    public Notes Notes { get; }

    /// <summary>The folder.</summary>
    public string DirectoryPath { get; }

    /// <summary>Last part of the path.</summary>
    public string Name => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(DirectoryPath)));

    /// <summary>
    /// Pipeline class, for instance <c>PixArtAlphaPipeline</c>; <c>module.Class</c> for a class whose code is in the
    /// folder.
    /// </summary>
    public string PipelineClass { get; }

    /// <summary>The root object of <c>model_index.json</c>.</summary>
    public JsonObject Index => IndexFile.Root;

    /// <summary>Typed access to <c>model_index.json</c>.</summary>
    public ComponentConfig IndexFile { get; }

    /// <summary>Components that are present, by name.</summary>
    public IReadOnlyDictionary<string, ModelComponent> Components { get; }

    /// <summary>The component that is called once per step: <c>transformer</c> or <c>unet</c>.</summary>
    /// <exception cref="ModelFolderException">The pipeline has neither, or its folder is missing.</exception>
    public ModelComponent Denoiser =>
        Components.GetValueOrDefault("transformer")
        ?? Components.GetValueOrDefault("unet")
        ?? throw (
            missing.FirstOrDefault(name => name is "transformer" or "unet") is { } lost
                ? Lost(lost)
                : new ModelFolderException(
                    $"{DirectoryPath}: the pipeline has neither 'transformer' nor 'unet'; its components are "
                        + $"{string.Join(", ", Components.Keys)}."
                )
        );

    /// <summary>
    /// The components that are read, denoiser first; for an unsupported pipeline class, all that are present. The index
    /// may name fewer than image generation needs: a denoiser alone can be quantized and packed.
    /// </summary>
    /// <exception cref="ModelFolderException">The folder of one is missing.</exception>
    public IReadOnlyList<ModelComponent> Used
    {
        get
        {
            ModelComponent denoiser = Denoiser;
            IEnumerable<string> others =
                PipelineComponents.Of(PipelineClass, IsNamed)?.Where(IsNamed)
                ?? Components.Keys.Where(name => name != denoiser.Name);
            return [denoiser, .. others.Select(Component)];
        }
    }

    /// <summary>Opens a folder.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="notes">Receives remarks for the user; null creates a new list.</param>
    /// <exception cref="ModelFolderException"> The folder or its <c>model_index.json</c> does not exist, the pipeline
    /// was exported as a whole, or the folder of a component that is read is missing.
    /// </exception>
    public static ModelFolder Open(string path, Notes? notes = null)
    {
        notes ??= new Notes();
        if (File.Exists(path))
            throw new ModelFolderException(ForeignPath.OfFile(path));
        if (!Directory.Exists(path))
            throw new ModelFolderException($"{path}: there is no such folder.");
        string indexPath = Path.Combine(path, IndexName);
        if (!File.Exists(indexPath))
            throw new ModelFolderException(ForeignPath.OfFolder(path));
        ComponentConfig index = ComponentConfig.Read(indexPath, notes);
        var components = new Dictionary<string, ModelComponent>(StringComparer.Ordinal);
        var missing = new List<string>();
        foreach ((string name, JsonNode? node) in index.Root)
        {
            if (ComponentPair(name, node) is not { } pair)
                continue;
            if (name is "." or ".." || name.AsSpan().IndexOfAny('/', '\\', '\0') >= 0)
            {
                throw new ModelFolderException($"{indexPath}: component '{name}' is not a plain folder name.");
            }
            string directory = Path.Combine(path, name);
            if (!Directory.Exists(directory))
            {
                missing.Add(name);
                continue;
            }
            components.Add(
                name,
                new ModelComponent(name, pair.Library, pair.Class, directory)
                {
                    Notes = notes,
                    Corrections = ConfigCorrection.Of(index.ClassName, name),
                }
            );
        }
        string pipelineClass =
            index.Root["_class_name"] is JsonArray ? string.Join('.', index.Strings("_class_name")) : index.ClassName;
        if (PipelineSupport.FaultOfExport(pipelineClass, [.. components.Keys, .. missing]) is { } fault)
        {
            throw new ModelFolderException($"{path}: {fault}");
        }
        var folder = new ModelFolder(path, pipelineClass, index, components, missing, notes);
        foreach (ModelComponent component in folder.Used)
        {
            if (ComponentFiles.Of(component).Reason is { } reason)
                notes.Add($"{component.Name}: {reason}.");
        }
        return folder;
    }

    /// <summary>A required component.</summary>
    /// <exception cref="ModelFolderException">The component is missing.</exception>
    public ModelComponent Component(string name) =>
        Components.GetValueOrDefault(name)
        ?? throw (
            missing.Contains(name)
                ? Lost(name)
                : new ModelFolderException(
                    $"{DirectoryPath}: component '{name}' is missing, which {PipelineClass} needs; present are "
                        + $"{string.Join(", ", Components.Keys)}."
                )
        );

    /// <summary>
    /// Library and class of a component's entry in the index, a pair [library, class]; null for other entries and for
    /// [null, null], which means that the pipeline does not have the component.
    /// </summary>
    internal static (string Library, string Class)? ComponentPair(string name, JsonNode? node) =>
        !name.StartsWith('_')
        && node is JsonArray { Count: 2 } pair
        && pair[0]?.GetValueKind() == JsonValueKind.String
        && pair[1]?.GetValueKind() == JsonValueKind.String
            ? (pair[0]!.GetValue<string>(), pair[1]!.GetValue<string>())
            : null;

    private bool IsNamed(string name) => Components.ContainsKey(name) || missing.Contains(name);

    private ModelFolderException Lost(string name) =>
        new(
            $"{Path.Combine(DirectoryPath, IndexName)} names component '{name}', which {PipelineClass} needs, but "
                + $"{Path.Combine(DirectoryPath, name)} is not there; was the download complete?"
        );
}
