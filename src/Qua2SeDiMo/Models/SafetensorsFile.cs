using Microsoft.Win32.SafeHandles;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Models;

/// <summary>One safetensors file. Opening reads only the header; data are read on demand, from any thread.</summary>
internal sealed class SafetensorsFile : ITensorSource
{
    private const int ConversionBytes = 1 << 16;
    private readonly SafeFileHandle handle;
    private readonly SafetensorsHeader header;

    private SafetensorsFile(string path, SafeFileHandle handle, SafetensorsHeader header)
    {
        FilePath = path;
        this.handle = handle;
        this.header = header;
        Tensors = header.Entries.ToDictionary(pair => pair.Key, pair => pair.Value.Info, StringComparer.Ordinal);
    }

    /// <summary>Path of the file.</summary>
    public string FilePath { get; }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <summary>Text metadata in the header.</summary>
    public IReadOnlyDictionary<string, string> Metadata => header.Metadata;

    /// <summary>Opens a file and checks its header.</summary>
    /// <exception cref="SafetensorsException">The header is inconsistent with the file, or the file has another
    /// format.</exception>
    /// <exception cref="InputFileException">The file does not exist, is empty, or is not a regular file.</exception>
    public static SafetensorsFile Open(string path)
    {
        SafetensorsHeader header;
        using (FileStream stream = RegularFile.Open(path))
            header = SafetensorsHeader.Read(stream, path);
        return new SafetensorsFile(path, File.OpenHandle(path, options: FileOptions.RandomAccess), header);
    }

    /// <inheritdoc/>
    public void ReadBytes(string name, long start, Span<byte> destination)
    {
        SafetensorsHeader.Entry entry = Find(name);
        if (start < 0 || start + destination.Length > entry.Info.SizeBytes)
        {
            throw new ArgumentOutOfRangeException(
                nameof(start),
                start,
                $"Tensor '{name}' has {entry.Info.SizeBytes} bytes."
            );
        }
        long position = header.DataStart + entry.Offset + start;
        while (destination.Length > 0)
        {
            int read = RandomAccess.Read(handle, destination, position);
            if (read == 0)
                throw new SafetensorsException(FilePath, name, "the file became shorter while it was open.");
            destination = destination[read..];
            position += read;
        }
    }

    /// <inheritdoc/>
    public void ReadSingle(string name, long start, Span<float> destination)
    {
        ElementType type = Find(name).Info.Type;
        if (!type.IsFloatingPoint() && !type.IsInteger())
            throw new SafetensorsException(
                FilePath,
                name,
                $"it is stored as {Find(name).Info.TypeName}, which cannot be read as numbers."
            );
        int size = type.SizeBytes();
        if (type == ElementType.Float32)
        {
            ReadBytes(name, start * size, System.Runtime.InteropServices.MemoryMarshal.AsBytes(destination));
            return;
        }
        Span<byte> buffer = stackalloc byte[Math.Min(ConversionBytes, Math.Max(1, destination.Length * size))];
        while (destination.Length > 0)
        {
            int count = Math.Min(buffer.Length / size, destination.Length);
            Span<byte> bytes = buffer[..(count * size)];
            ReadBytes(name, start * size, bytes);
            type.ToSingle(bytes, destination[..count]);
            destination = destination[count..];
            start += count;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => handle.Dispose();

    /// <inheritdoc/>
    public override string ToString() => FilePath;

    private SafetensorsHeader.Entry Find(string name) =>
        header.Entries.TryGetValue(name, out SafetensorsHeader.Entry entry)
            ? entry
            : throw MissingTensorException.For(this, name);
}
