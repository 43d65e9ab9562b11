namespace Qua2SeDiMo.Models;

/// <summary>The tensors of a component that is stored in one file or in shards with an index; headers are read on opening, data on demand.</summary>
public sealed class ShardedTensors : ITensorSource
{
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

    /// <summary>Opens the weights of a folder, whose names may be those of either library.</summary>
    /// <exception cref="ModelFolderException">The folder has no safetensors under a name that is read.</exception>
    /// <exception cref="SafetensorsException">A file is damaged, or the index does not fit the shards.</exception>
    public static ShardedTensors Open(string directory) => Open(ComponentFiles.OfNetwork(directory));

    /// <summary>Opens the safetensors files that were chosen for a component.</summary>
    /// <exception cref="ModelFolderException">The folder has no safetensors under a name that is read.</exception>
    /// <exception cref="SafetensorsException">A file is damaged, or the index does not fit the shards.</exception>
    public static ShardedTensors Open(ComponentFiles chosen)
    {
        ArgumentNullException.ThrowIfNull(chosen);
        var files = new List<SafetensorsFile>();
        try
        {
            foreach (string path in chosen.Weights) files.Add(SafetensorsFile.Open(path));
            var tensors = new ShardedTensors(chosen.DirectoryPath, files);
            chosen.Index?.Check(name => tensors.homes.TryGetValue(name, out SafetensorsFile? file) ? Path.GetFileName(file.FilePath) : null);
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
}
