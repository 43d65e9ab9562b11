using System.Text.Json;
using System.Text.Json.Nodes;

namespace Qua2SeDiMo.Models;

/// <summary>The tensors of a component that is stored in one file or in shards with an index; headers are read on opening, data on demand.</summary>
public sealed class ShardedTensors : ITensorSource
{
    private const string IndexSuffix = ".safetensors.index.json";
    private readonly Dictionary<string, SafetensorsFile> homes = new(StringComparer.Ordinal);
    private readonly List<SafetensorsFile> files;

    private ShardedTensors(string directory, List<SafetensorsFile> files)
    {
        DirectoryPath = directory;
        this.files = files;
        var tensors = new Dictionary<string, TensorInfo>(StringComparer.Ordinal);
        foreach (SafetensorsFile file in files)
        {
            foreach (TensorInfo tensor in file.Tensors.Values)
            {
                if (!homes.TryAdd(tensor.Name, file))
                {
                    throw new SafetensorsException(file.FilePath, tensor.Name, $"it also stands in {homes[tensor.Name].FilePath}.");
                }
                tensors.Add(tensor.Name, tensor);
            }
        }
        Tensors = tensors;
    }

    /// <summary>The component's folder.</summary>
    public string DirectoryPath { get; }

    /// <summary>The files that hold the tensors.</summary>
    public IReadOnlyList<string> FilePaths => [.. files.Select(file => file.FilePath)];

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <summary>Opens the weights of a component folder: an index with its shards, or the single file without variant in its name.</summary>
    /// <exception cref="ModelFolderException">The folder has no safetensors, or more than one candidate.</exception>
    /// <exception cref="SafetensorsException">A file is damaged, or the index does not fit the shards.</exception>
    public static ShardedTensors Open(string directory)
    {
        var files = new List<SafetensorsFile>();
        try
        {
            string? index = FindIndex(directory);
            if (index is null)
            {
                files.Add(SafetensorsFile.Open(FindSingle(directory)));
                return new ShardedTensors(directory, files);
            }
            Dictionary<string, string> map = ReadIndex(index);
            foreach (string name in map.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
            {
                string path = Path.Combine(directory, name);
                if (!File.Exists(path)) throw new SafetensorsException(index, $"shard '{name}' is not there; was the download complete?");
                files.Add(SafetensorsFile.Open(path));
            }
            var tensors = new ShardedTensors(directory, files);
            tensors.CheckIndex(index, map);
            return tensors;
        }
        catch
        {
            foreach (SafetensorsFile file in files) file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void ReadSingle(string name, long start, Span<float> destination) => Find(name).ReadSingle(name, start, destination);

    /// <inheritdoc/>
    public void ReadBytes(string name, long start, Span<byte> destination) => Find(name).ReadBytes(name, start, destination);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (SafetensorsFile file in files) file.Dispose();
    }

    /// <inheritdoc/>
    public override string ToString() => DirectoryPath;

    private SafetensorsFile Find(string name) =>
        homes.TryGetValue(name, out SafetensorsFile? file) ? file : throw MissingTensorException.For(this, name);

    private static string? FindIndex(string directory)
    {
        string[] found = [.. Directory.EnumerateFiles(directory, "*" + IndexSuffix).Where(path => !HasVariant(Path.GetFileName(path)[..^IndexSuffix.Length]))];
        return found.Length switch
        {
            0 => null,
            1 => found[0],
            _ => throw new ModelFolderException($"{directory}: {found.Length} shard indices ({string.Join(", ", found.Select(Path.GetFileName))}); keep one."),
        };
    }

    private static string FindSingle(string directory)
    {
        string[] all = [.. Directory.EnumerateFiles(directory, "*.safetensors").Order(StringComparer.Ordinal)];
        string[] found = all.Length > 1 ? [.. all.Where(path => !HasVariant(Path.GetFileNameWithoutExtension(path)))] : all;
        if (found.Length == 1) return found[0];
        if (found.Length > 1)
        {
            throw new ModelFolderException($"{directory}: {found.Length} safetensors files ({string.Join(", ", found.Select(Path.GetFileName))}) and no index that joins them; keep one.");
        }
        bool pickles = Directory.EnumerateFiles(directory, "*.bin").Any() || Directory.EnumerateFiles(directory, "*.pt").Any();
        throw new ModelFolderException($"{directory}: no safetensors file."
            + (pickles ? " Pickled weights (.bin, .pt) can run code when opened and are never read: convert them with the safetensors library." : ""));
    }

    // 'diffusion_pytorch_model.fp16' is the fp16 variant beside the main file.
    private static bool HasVariant(string stem) => stem.Contains('.', StringComparison.Ordinal);

    private static Dictionary<string, string> ReadIndex(string path)
    {
        ComponentConfig index = ComponentConfig.Read(path);
        if (index.Root["weight_map"] is not JsonObject map) throw new SafetensorsException(path, "'weight_map' is missing.");
        var result = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((string tensor, JsonNode? node) in map)
        {
            if (node?.GetValueKind() != JsonValueKind.String) throw new SafetensorsException(path, tensor, "its shard is not text.");
            string shard = node.GetValue<string>();
            if (shard.Length == 0 || Path.GetFileName(shard) != shard || shard is "." or ".." || shard.Contains('\\', StringComparison.Ordinal))
            {
                throw new SafetensorsException(path, tensor, $"shard '{shard}' is not a plain file name inside the folder.");
            }
            result[tensor] = shard;
        }
        return result;
    }

    private void CheckIndex(string index, Dictionary<string, string> map)
    {
        foreach ((string tensor, string shard) in map)
        {
            if (!homes.TryGetValue(tensor, out SafetensorsFile? file)) throw new SafetensorsException(index, tensor, $"the index places it in {shard}, no shard holds it.");
            if (Path.GetFileName(file.FilePath) != shard) throw new SafetensorsException(index, tensor, $"the index places it in {shard}, it stands in {Path.GetFileName(file.FilePath)}.");
        }
    }
}
