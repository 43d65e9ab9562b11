using System.Text.Json;
using System.Text.Json.Nodes;

namespace Qua2SeDiMo.Models;

/// <summary>One part of a pipeline: a folder with a configuration and, for networks, weights.</summary>
/// <param name="Name">Name in <c>model_index.json</c>, for instance <c>transformer</c>.</param>
/// <param name="Library">Library that defines its class: diffusers or transformers.</param>
/// <param name="ClassName">Class, for instance <c>PixArtTransformer2DModel</c>.</param>
/// <param name="DirectoryPath">Its folder.</param>
public sealed record ModelComponent(string Name, string Library, string ClassName, string DirectoryPath)
{
    /// <summary>Reads <c>config.json</c>, <c>scheduler_config.json</c> or <c>tokenizer_config.json</c>, whichever is there.</summary>
    /// <exception cref="ModelFolderException">There is none, or it is not JSON.</exception>
    public ComponentConfig ReadConfig()
    {
        string[] names = ["config.json", "scheduler_config.json", "tokenizer_config.json"];
        string? found = names.Select(name => Path.Combine(DirectoryPath, name)).FirstOrDefault(File.Exists);
        return ComponentConfig.Read(found ?? Path.Combine(DirectoryPath, names[0]));
    }
}

/// <summary>A pipeline on disk in the layout of diffusers: <c>model_index.json</c> and a folder per component. Opening reads only that index.</summary>
public sealed class ModelFolder
{
    private ModelFolder(string path, string pipelineClass, JsonObject index, Dictionary<string, ModelComponent> components)
    {
        DirectoryPath = path;
        PipelineClass = pipelineClass;
        Index = index;
        Components = components;
    }

    /// <summary>The folder.</summary>
    public string DirectoryPath { get; }

    /// <summary>Last part of the path.</summary>
    public string Name => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(DirectoryPath)));

    /// <summary>Pipeline class, for instance <c>PixArtAlphaPipeline</c>.</summary>
    public string PipelineClass { get; }

    /// <summary>The whole <c>model_index.json</c>.</summary>
    public JsonObject Index { get; }

    /// <summary>Components that are present, by name.</summary>
    public IReadOnlyDictionary<string, ModelComponent> Components { get; }

    /// <summary>The component that is called once per step: <c>transformer</c> or <c>unet</c>.</summary>
    /// <exception cref="ModelFolderException">There is neither.</exception>
    public ModelComponent Denoiser => Components.GetValueOrDefault("transformer") ?? Components.GetValueOrDefault("unet")
        ?? throw new ModelFolderException($"{DirectoryPath}: the pipeline has neither 'transformer' nor 'unet'; its components are {string.Join(", ", Components.Keys)}.");

    /// <summary>Opens a folder.</summary>
    /// <exception cref="ModelFolderException">No such folder, no <c>model_index.json</c>, or a component's folder is missing.</exception>
    public static ModelFolder Open(string path)
    {
        if (!Directory.Exists(path)) throw new ModelFolderException($"{path}: there is no such folder.");
        string indexPath = Path.Combine(path, "model_index.json");
        if (!File.Exists(indexPath))
        {
            throw new ModelFolderException($"{path}: no model_index.json; a diffusers pipeline folder is expected (one with transformer/ or unet/, vae/, scheduler/ inside).");
        }
        ComponentConfig index = ComponentConfig.Read(indexPath);
        var components = new Dictionary<string, ModelComponent>(StringComparer.Ordinal);
        foreach ((string name, JsonNode? node) in index.Root)
        {
            // A component is a pair [library, class]; [null, null] means that the pipeline goes without it.
            if (name.StartsWith('_') || node is not JsonArray { Count: 2 } pair) continue;
            if (pair[0]?.GetValueKind() != JsonValueKind.String || pair[1]?.GetValueKind() != JsonValueKind.String) continue;
            if (name is "." or ".." || name.AsSpan().IndexOfAny('/', '\\') >= 0) throw new ModelFolderException($"{indexPath}: component '{name}' is not a plain folder name.");
            string directory = Path.Combine(path, name);
            if (!Directory.Exists(directory)) throw new ModelFolderException($"{indexPath} names component '{name}', but {directory} is not there; was the download complete?");
            components.Add(name, new ModelComponent(name, pair[0]!.GetValue<string>(), pair[1]!.GetValue<string>(), directory));
        }
        return new ModelFolder(path, index.ClassName, index.Root, components);
    }

    /// <summary>A component that the pipeline must have.</summary>
    /// <exception cref="ModelFolderException">It is not there.</exception>
    public ModelComponent Component(string name) => Components.GetValueOrDefault(name)
        ?? throw new ModelFolderException($"{DirectoryPath}: component '{name}' is missing; present are {string.Join(", ", Components.Keys)}.");
}
