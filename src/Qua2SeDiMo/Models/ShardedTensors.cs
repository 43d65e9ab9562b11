using System.Runtime.InteropServices;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Models;

/// <summary>
/// The tensors of a component, stored in one safetensors file or in shards with an index. Headers and scales are read
/// on opening, data on demand. Weights stored as 8-bit floats are widened.
/// </summary>
internal sealed class ShardedTensors : ITensorSource
{
    private readonly StoredTensors stored;
    private readonly WeightScales scales;

    private ShardedTensors(string directory, StoredTensors stored)
    {
        DirectoryPath = directory;
        this.stored = stored;
        scales = new WeightScales(stored);
    }

    /// <summary>The component's folder.</summary>
    public string DirectoryPath { get; }

    /// <summary>Paths of the files with the tensors.</summary>
    public IReadOnlyList<string> FilePaths => [.. stored.Files.Select(file => file.FilePath)];

    /// <summary>All tensors as they are read: 8-bit floats with their widened type, without the scales that are applied
    /// to them.</summary>
    public IReadOnlyDictionary<string, TensorInfo> Tensors => scales.Tensors;

    /// <summary>All tensors as stored in the files.</summary>
    public IReadOnlyDictionary<string, TensorInfo> Stored => stored.Tensors;

    /// <summary>Opens the weights of a folder, named as in diffusers or transformers.</summary>
    /// <exception cref="ModelFolderException">The folder has no safetensors file with an expected name.</exception>
    /// <exception cref="SafetensorsException">A file is damaged, or the index does not match the shards.</exception>
    public static ShardedTensors Open(string directory) => Open(ComponentFiles.OfNetwork(directory));

    /// <summary>Opens the safetensors files that were chosen for a component.</summary>
    /// <exception cref="ModelFolderException">The folder has no safetensors file with an expected name.</exception>
    /// <exception cref="SafetensorsException">A file is damaged, or the index does not match the shards.</exception>
    public static ShardedTensors Open(ComponentFiles chosen)
    {
        ArgumentNullException.ThrowIfNull(chosen);
        var stored = new StoredTensors(chosen.DirectoryPath, chosen.Weights);
        try
        {
            chosen.Index?.Check(stored.ShardOf);
            return new ShardedTensors(chosen.DirectoryPath, stored);
        }
        catch
        {
            stored.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void ReadSingle(string name, long start, Span<float> destination)
    {
        if (Find(name).Fault is { } fault)
            throw new SafetensorsException(stored.PathOf(name), name, $"{fault}.");
        stored.ReadSingle(name, start, destination);
        scales.Apply(name, start, destination);
    }

    /// <summary>
    /// Reads bytes, starting at byte <paramref name="start"/> of the tensor; for 8-bit floats the bytes of the widened
    /// values.
    /// </summary>
    public void ReadBytes(string name, long start, Span<byte> destination)
    {
        ElementType type = Find(name).Type;
        if (type == stored.Tensors[name].Type)
        {
            stored.ReadBytes(name, start, destination);
            return;
        }
        int size = type.SizeBytes();
        long first = start / size;
        float[] values = new float[((start + destination.Length + size - 1) / size) - first];
        ReadSingle(name, first, values);
        Span<byte> bytes =
            type == ElementType.Float16
                ? MemoryMarshal.AsBytes(Array.ConvertAll(values, value => (Half)value).AsSpan())
                : MemoryMarshal.AsBytes(values.AsSpan());
        bytes.Slice((int)(start - (first * size)), destination.Length).CopyTo(destination);
    }

    /// <inheritdoc/>
    public void Dispose() => stored.Dispose();

    /// <inheritdoc/>
    public override string ToString() => DirectoryPath;

    private TensorInfo Find(string name) =>
        Tensors.TryGetValue(name, out TensorInfo? tensor) ? tensor : throw MissingTensorException.For(this, name);
}
