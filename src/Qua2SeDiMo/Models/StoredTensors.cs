namespace Qua2SeDiMo.Models;

/// <summary>The tensors of one or several safetensors files, as stored.</summary>
internal sealed class StoredTensors : ITensorSource
{
    private readonly string name;
    private readonly List<SafetensorsFile> files = [];
    private readonly Dictionary<string, SafetensorsFile> homes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TensorInfo> tensors = new(StringComparer.Ordinal);

    /// <summary>Opens the files.</summary>
    /// <param name="name">Name for error messages.</param>
    /// <param name="paths">The files.</param>
    /// <exception cref="SafetensorsException">A file is damaged, or two files contain a tensor with the same
    /// name.</exception>
    internal StoredTensors(string name, IEnumerable<string> paths)
    {
        this.name = name;
        try
        {
            foreach (string path in paths)
                Add(SafetensorsFile.Open(path));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The files.</summary>
    internal IReadOnlyList<SafetensorsFile> Files => files;

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, TensorInfo> Tensors => tensors;

    /// <inheritdoc/>
    public void ReadSingle(string name, long start, Span<float> destination) =>
        Find(name).ReadSingle(name, start, destination);

    /// <inheritdoc/>
    public void ReadBytes(string name, long start, Span<byte> destination) =>
        Find(name).ReadBytes(name, start, destination);

    /// <summary>Name of the file that contains a tensor; null when none does.</summary>
    internal string? ShardOf(string tensor) =>
        homes.TryGetValue(tensor, out SafetensorsFile? file) ? Path.GetFileName(file.FilePath) : null;

    /// <summary>Path of the file that contains a tensor.</summary>
    internal string PathOf(string tensor) => Find(tensor).FilePath;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (SafetensorsFile file in files)
            file.Dispose();
    }

    /// <inheritdoc/>
    public override string ToString() => name;

    private void Add(SafetensorsFile file)
    {
        files.Add(file);
        foreach (TensorInfo tensor in file.Tensors.Values)
        {
            if (!homes.TryAdd(tensor.Name, file))
            {
                throw new SafetensorsException(
                    file.FilePath,
                    tensor.Name,
                    $"it is also in {homes[tensor.Name].FilePath}."
                );
            }
            tensors.Add(tensor.Name, tensor);
        }
    }

    private SafetensorsFile Find(string tensor) =>
        homes.TryGetValue(tensor, out SafetensorsFile? file) ? file : throw MissingTensorException.For(this, tensor);
}
