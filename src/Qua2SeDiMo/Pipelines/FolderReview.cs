using System.Text.Json.Nodes;
using Qua2SeDiMo.Graphs.Onnx;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Known;

namespace Qua2SeDiMo.Pipelines;

/// <summary>Report on the parts of a pipeline folder that are not read. Everything in the folder is read, known to be
/// harmless, or listed here.</summary>
/// <param name="Name">Name of the folder.</param>
/// <param name="UnreadKeys">Keys of <c>model_index.json</c> that are neither read nor known to be harmless.</param>
/// <param name="UnreadFiles">Adapters and embeddings beside <c>model_index.json</c>, which are not loaded.</param>
/// <param name="Components">Reports on the components that the pipeline uses.</param>
internal sealed record FolderReview(
    string Name,
    IReadOnlyList<string> UnreadKeys,
    IReadOnlyList<string> UnreadFiles,
    IReadOnlyList<ComponentReview> Components
)
{
    private const int NamedAtOnce = 3;

    /// <summary>One sentence that lists everything unread; null when there is nothing.</summary>
    public string? Note()
    {
        var unread = new List<string>();
        if (UnreadKeys.Count > 0)
            unread.Add($"{Listed("key", UnreadKeys)} of model_index.json");
        if (UnreadFiles.Count > 0)
            unread.Add(Listed("file", UnreadFiles));
        foreach (ComponentReview component in Components)
        {
            if (component.UnreadKeys.Count > 0)
                unread.Add($"{Listed("key", component.UnreadKeys)} of {component.Component}'s configuration");
            if (component.UnreadTensors.Count > 0)
                unread.Add($"{Listed("tensor", component.UnreadTensors)} of {component.Component}");
            if (component.UnreadFiles.Count > 0)
                unread.Add($"{Listed("file", component.UnreadFiles)} of {component.Component}");
        }
        return unread.Count == 0 ? null : $"{Name}: not read: {string.Join("; ", unread)}.";
    }

    /// <summary>Reviews the components that the pipeline uses.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="denoiser">The open tensors of the denoiser.</param>
    /// <param name="open">Opens the weights of any other network.</param>
    internal static FolderReview Of(
        ModelFolder folder,
        ITensorSource denoiser,
        Func<ModelComponent, ITensorSource> open
    )
    {
        ComponentReview Review(ModelComponent component) =>
            component.Name == folder.Denoiser.Name
                ? ComponentReview.Of(
                    component,
                    _ => new AskedTensors(denoiser),
                    denoiser is OnnxTensors exported ? exported.FilePaths : []
                )
                : ComponentReview.Of(component, open, []);

        IEnumerable<string> keys = KnownConfigs.Find(folder.IndexFile) is null
            ? []
            : KnownConfigs.Unread(folder.IndexFile).Where(key => !IsAbsent(folder.Index[key]));
        string[] loose =
        [
            .. Directory
                .EnumerateFiles(folder.DirectoryPath)
                .Select(path => Path.GetFileName(path))
                .Where(KnownFiles.LooseAdapters.Matches)
                .Order(StringComparer.Ordinal),
        ];
        return new FolderReview(folder.Name, [.. keys], loose, [.. folder.Used.Select(Review)]);
    }

    // An entry [null, null] means that the pipeline does not have the component.
    private static bool IsAbsent(JsonNode? value) =>
        value is JsonArray { Count: 2 } pair && pair.All(item => item is null);

    private static string Listed(string noun, IReadOnlyList<string> names)
    {
        string named = string.Join(", ", names.Take(NamedAtOnce).Select(name => $"'{name}'"));
        string others = names.Count > NamedAtOnce ? $" and {names.Count - NamedAtOnce} more" : "";
        return $"{noun}{(names.Count == 1 ? "" : "s")} {named}{others}";
    }
}
