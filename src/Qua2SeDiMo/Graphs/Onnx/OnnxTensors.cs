using System.Globalization;
using System.Runtime.InteropServices;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Graphs.OnnxSchema;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Graphs.Onnx;

/// <summary>
/// The initializers of an ONNX model as named tensors, stored in the model file or in data files beside it. A matrix
/// that the export stores as [in, out] can get an alias under which it is read as [out, in].
/// </summary>
internal sealed class OnnxTensors : ITensorSource
{
    private readonly string modelPath;
    private readonly Dictionary<string, TensorInfo> infos = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Stored> stored = new(StringComparer.Ordinal);
    private readonly Dictionary<string, FileStream> files = new(StringComparer.Ordinal);
    private readonly Lock gate = new();
    private (string Name, float[] Values)? turned;

    internal OnnxTensors(string modelPath) => this.modelPath = modelPath;

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, TensorInfo> Tensors => infos;

    /// <summary>The model file and the data files of its tensors, in ordinal order.</summary>
    public IReadOnlyList<string> FilePaths =>
        [.. files.Values.Select(file => file.Name).Prepend(Path.GetFullPath(modelPath)).Order(StringComparer.Ordinal)];

    /// <inheritdoc/>
    public void ReadSingle(string name, long start, Span<float> destination)
    {
        Stored tensor = Find(name, start, destination.Length);
        if (tensor.TransposedOf is { } source)
        {
            lock (gate)
                Transposed(name, source).AsSpan((int)start, destination.Length).CopyTo(destination);
            return;
        }
        int size = tensor.Info.Type.SizeBytes();
        if (tensor.Info.Type == ElementType.Float32)
        {
            Read(tensor, start * size, MemoryMarshal.AsBytes(destination));
            return;
        }
        byte[] bytes = new byte[destination.Length * size];
        Read(tensor, start * size, bytes);
        tensor.Info.Type.ToSingle(bytes, destination);
    }

    /// <inheritdoc/>
    public void ReadBytes(string name, long start, Span<byte> destination)
    {
        if (!infos.TryGetValue(name, out TensorInfo? info))
            throw MissingTensorException.For(this, name);
        Stored tensor = stored[name];
        if (start < 0 || start + destination.Length > info.SizeBytes)
            throw new ArgumentOutOfRangeException(nameof(start), start, $"'{name}' has {info.SizeBytes} bytes.");
        if (tensor.TransposedOf is not { } source)
        {
            Read(tensor, start, destination);
            return;
        }
        int size = info.Type.SizeBytes();
        (long rows, long columns) = (info.Shape[0], info.Shape[1]);
        byte[] all = new byte[info.SizeBytes];
        Read(stored[source], 0, all);
        for (int i = 0; i < destination.Length; i++)
        {
            (long element, long part) = Math.DivRem(start + i, size);
            (long row, long column) = Math.DivRem(element, columns);
            destination[i] = all[(((column * rows) + row) * size) + part];
        }
    }

    /// <summary>Closes the data files.</summary>
    public void Dispose()
    {
        foreach (FileStream file in files.Values)
            file.Dispose();
    }

    /// <inheritdoc/>
    public override string ToString() => modelPath;

    /// <summary>Adds an initializer and checks the location and length of its data.</summary>
    /// <param name="proto">The initializer.</param>
    /// <param name="isElsewhere">Whether another file holds the data; then only name, type and shape are available
    /// here.</param>
    internal TensorInfo Add(TensorProto proto, bool isElsewhere)
    {
        TensorInfo info = Describe(proto, modelPath);
        if (!infos.TryAdd(info.Name, info))
            throw new OnnxFormatException($"{modelPath}: two initializers are named '{info.Name}'.");
        if (isElsewhere)
            stored[info.Name] = new Stored(info);
        else
            stored[info.Name] =
                proto.DataLocation == TensorProto.Types.DataLocation.External
                    ? External(proto, info)
                    : new Stored(info) { Bytes = Bytes(proto, info, modelPath) };
        return info;
    }

    /// <summary>Gives a stored tensor a second name, optionally transposed. Does nothing when the name
    /// exists.</summary>
    internal void Alias(string name, string source, bool transposed)
    {
        TensorInfo info = infos[source];
        info = new TensorInfo(name, info.Type, transposed ? [info.Shape[1], info.Shape[0]] : info.Shape);
        if (!infos.TryAdd(name, info))
            return;
        stored[name] = transposed ? new Stored(info) { TransposedOf = source } : stored[source] with { Info = info };
    }

    /// <summary>Removes all other tensors from <see cref="Tensors"/>; their data stay readable through
    /// aliases.</summary>
    internal void Keep(IEnumerable<string> names)
    {
        HashSet<string> kept = [.. names];
        foreach (string name in infos.Keys.Where(name => !kept.Contains(name)).ToList())
            infos.Remove(name);
    }

    /// <summary>Name, type and shape of a tensor, checked: no negative extent, at most 2⁴⁰ elements.</summary>
    internal static TensorInfo Describe(TensorProto proto, string path)
    {
        ElementType type =
            OnnxTypes.FromOnnx(proto.DataType)
            ?? throw new OnnxFormatException(
                $"{path}: tensor '{proto.Name}' has element type {proto.DataType}, which is not supported; float, "
                    + "half, bfloat16, double, int8, int32, int64, uint8, uint4 and bool are."
            );
        long[] shape = [.. proto.Dims];
        long count = 1;
        foreach (long extent in shape)
        {
            if (extent < 0 || (extent > 0 && count > (1L << 40) / extent))
                throw new OnnxFormatException(
                    $"{path}: tensor '{proto.Name}' claims the shape "
                        + $"[{string.Join(", ", shape.Select(extent => $"{extent}"))}], which is negative or too large "
                        + "to be true."
                );
            count *= extent;
        }
        return new TensorInfo(proto.Name, type, shape);
    }

    /// <summary>The little-endian elements stored in the tensor itself.</summary>
    internal static ReadOnlyMemory<byte> Bytes(TensorProto proto, TensorInfo info, string path)
    {
        byte[]? typed =
            proto.RawData.Length > 0 || info.ElementCount == 0
                ? null
                : info.Type switch
                {
                    ElementType.Float32 => MemoryMarshal.AsBytes<float>([.. proto.FloatData]).ToArray(),
                    ElementType.Float64 => MemoryMarshal.AsBytes<double>([.. proto.DoubleData]).ToArray(),
                    ElementType.Int64 => MemoryMarshal.AsBytes<long>([.. proto.Int64Data]).ToArray(),
                    ElementType.Int32 => MemoryMarshal.AsBytes<int>([.. proto.Int32Data]).ToArray(),
                    ElementType.Float16 or ElementType.BFloat16 => MemoryMarshal
                        .AsBytes<ushort>([.. proto.Int32Data.Select(value => (ushort)value)])
                        .ToArray(),
                    _ => [.. proto.Int32Data.Select(value => (byte)value)],
                };
        ReadOnlyMemory<byte> bytes = typed ?? proto.RawData.Memory;
        if (bytes.Length != info.SizeBytes)
            throw new OnnxFormatException(
                $"{path}: tensor '{info.Name}' of shape [{string.Join(", ", info.Shape)}] needs {info.SizeBytes} "
                    + $"bytes and has {bytes.Length}."
            );
        return bytes;
    }

    private Stored External(TensorProto proto, TensorInfo info)
    {
        string? Entry(string key) => proto.ExternalData.FirstOrDefault(entry => entry.Key == key)?.Value;
        long Number(string key, long otherwise) =>
            Entry(key) is not { } text ? otherwise
            : long.TryParse(text, CultureInfo.InvariantCulture, out long value) && value >= 0 ? value
            : throw new OnnxFormatException(
                $"{modelPath}: tensor '{info.Name}' has the external {key} '{text}'; a number of bytes is expected."
            );
        string location = Entry("location") ?? "";
        FileStream file = Open(info.Name, location);
        long offset = Number("offset", 0),
            length = Number("length", info.SizeBytes);
        if (length != info.SizeBytes)
            throw new OnnxFormatException(
                $"{modelPath}: tensor '{info.Name}' of shape [{string.Join(", ", info.Shape)}] needs "
                    + $"{info.SizeBytes} bytes; its external data has {length}."
            );
        if (offset > file.Length || length > file.Length - offset)
        {
            throw new OnnxFormatException(
                $"{modelPath}: tensor '{info.Name}' lies at {offset} to {offset + length} of '{location}', which "
                    + $"ends at {file.Length}; was the download complete?"
            );
        }
        return new Stored(info) { File = file, Offset = offset };
    }

    // Data files must lie in the model's folder or below it; no other file is read.
    private FileStream Open(string tensor, string location)
    {
        if (files.TryGetValue(location, out FileStream? open))
            return open;
        string folder = Path.GetFullPath(Path.GetDirectoryName(Path.GetFullPath(modelPath))!);
        bool isPlain =
            location.Length > 0
            && !Path.IsPathRooted(location)
            && location.AsSpan().IndexOfAny('\\', ':', '\0') < 0
            && location.Split('/').All(part => part is not ("" or "." or ".."));
        string path = isPlain ? Path.GetFullPath(Path.Combine(folder, location)) : "";
        if (!isPlain || !path.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal))
        {
            throw new OnnxFormatException(
                $"{modelPath}: tensor '{tensor}' names the data file '{location}', which is not a file beside the "
                    + "model. Such a path is never followed."
            );
        }
        var info = new FileInfo(path);
        if (!info.Exists)
            throw new OnnxFormatException(
                $"{modelPath}: tensor '{tensor}' needs the data file '{location}' beside the model, and it is not "
                    + "there; was the download complete?"
            );
        for (
            DirectoryInfo? part = info.Directory;
            part is not null && part.FullName.Length > folder.Length;
            part = part.Parent
        )
        {
            if (part.LinkTarget is not null)
                throw new OnnxFormatException(
                    $"{modelPath}: the data file '{location}' lies behind a linked folder, which is not followed."
                );
        }
        // Download caches keep files in one folder and link to them: a link is followed only into the model's folder or
        // into the folder that the model file itself is linked from.
        if (
            info.ResolveLinkTarget(returnFinalTarget: true) is { } target
            && Path.GetDirectoryName(target.FullName) is var place
            && place != folder
            && place
                != Path.GetDirectoryName(new FileInfo(modelPath).ResolveLinkTarget(returnFinalTarget: true)?.FullName)
        )
        {
            throw new OnnxFormatException(
                $"{modelPath}: the data file '{location}' is a link out of the model's folder, which is not followed."
            );
        }
        if (ForeignContent.Placeholder(ForeignContent.StartOf(path)) is { } placeholder)
            throw new OnnxFormatException($"{path}: {placeholder}");
        FileStream stream = RegularFile.Open(path);
        files.Add(location, stream);
        return stream;
    }

    private Stored Find(string name, long start, long count)
    {
        if (!stored.TryGetValue(name, out Stored? tensor))
            throw MissingTensorException.For(this, name);
        return start >= 0 && start + count <= tensor.Info.ElementCount
            ? tensor
            : throw new ArgumentOutOfRangeException(
                nameof(start),
                start,
                $"'{name}' has {tensor.Info.ElementCount} elements."
            );
    }

    private void Read(Stored tensor, long start, Span<byte> destination)
    {
        if (tensor.File is not { } file)
        {
            if (tensor.Bytes.Length == 0 && destination.Length > 0)
                throw new OnnxFormatException(
                    $"{modelPath}: the data of '{tensor.Info.Name}' lie in a packed model, not here."
                );
            tensor.Bytes.Span.Slice(checked((int)start), destination.Length).CopyTo(destination);
            return;
        }
        for (int done = 0; done < destination.Length; )
        {
            int read = RandomAccess.Read(file.SafeFileHandle, destination[done..], tensor.Offset + start + done);
            if (read == 0)
                throw new OnnxFormatException(
                    $"{modelPath}: the data of '{tensor.Info.Name}' end early; the file shrank while it was read."
                );
            done += read;
        }
    }

    // Matrices are read row by row, so the last transposed one is cached.
    private float[] Transposed(string name, string source)
    {
        if (turned is { } last && last.Name == name)
            return last.Values;
        TensorInfo info = stored[source].Info;
        float[] values = new float[checked((int)info.ElementCount)];
        float[] result = new float[values.Length];
        ReadSingle(source, 0, values);
        InitializerData.Transpose(values, (int)info.Shape[0], (int)info.Shape[1], result);
        turned = (name, result);
        return result;
    }

    private sealed record Stored(TensorInfo Info)
    {
        internal ReadOnlyMemory<byte> Bytes { get; init; }

        internal FileStream? File { get; init; }

        internal long Offset { get; init; }

        internal string? TransposedOf { get; init; }
    }
}
