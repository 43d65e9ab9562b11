using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>One tensor of a safetensors file, as stored.</summary>
internal sealed record StoredTensor(string Type, long[] Shape, byte[] Data)
{
    internal static StoredTensor Single(long[] shape, params float[] values) =>
        new("F32", shape, MemoryMarshal.AsBytes<float>(values).ToArray());

    /// <summary>Values of a single-precision tensor.</summary>
    internal float[] Singles() => MemoryMarshal.Cast<byte, float>(Data).ToArray();

    /// <summary>A single-precision tensor rounded to half precision; other tensors unchanged.</summary>
    internal StoredTensor Half() =>
        Type != "F32"
            ? this
            : new StoredTensor(
                "F16",
                Shape,
                MemoryMarshal.AsBytes<Half>(Array.ConvertAll(Singles(), value => (Half)value)).ToArray()
            );

    /// <summary>A single-precision tensor whose values are mapped by a function of value and index.</summary>
    internal StoredTensor Map(Func<float, int, float> change) => Single(Shape, [.. Singles().Select(change)]);
}

/// <summary>
/// A copy of a small reference pipeline in a temporary folder, which tests change as users' folders may differ. It
/// writes files without the library, so that it can write files that the library must reject.
/// </summary>
internal sealed class ModelCopy : IDisposable
{
    internal const string UNet = "unet/diffusion_pytorch_model.safetensors";
    internal const string TextEncoder = "text_encoder/model.safetensors";
    internal const string Vae = "vae/diffusion_pytorch_model.safetensors";
    private readonly DirectoryInfo parent = Directory.CreateTempSubdirectory("q2-case-");

    /// <summary>Copies a pipeline of tests/golden/pipelines, without its references; an empty name makes an empty
    /// folder.</summary>
    internal ModelCopy(string pipeline = "stable-diffusion-15", string name = "m")
    {
        Path = parent.CreateSubdirectory(name).FullName;
        if (pipeline.Length == 0)
            return;
        CopyFolder(RepositoryFiles.Golden($"pipelines/{pipeline}"), Path);
        File.Delete(In("pipeline.json"));
        File.Delete(In("reference.safetensors"));
    }

    /// <summary>The model folder.</summary>
    internal string Path { get; }

    /// <summary>A path next to the model folder, for run directories and outputs.</summary>
    internal string Beside(string name) => System.IO.Path.Combine(parent.FullName, name);

    /// <summary>A path inside the model folder.</summary>
    internal string In(string relative) => System.IO.Path.Combine(Path, relative);

    /// <summary>Changes top-level keys of a JSON file; a null value removes the key.</summary>
    internal void Edit(string relative, params (string Key, JsonNode? Value)[] changes)
    {
        JsonObject root = JsonNode.Parse(File.ReadAllText(In(relative)))!.AsObject();
        foreach ((string key, JsonNode? value) in changes)
        {
            if (value is null)
                root.Remove(key);
            else
                root[key] = value;
        }
        File.WriteAllText(In(relative), root.ToJsonString());
    }

    /// <summary>Reads the tensors of a safetensors file, in the order of its header.</summary>
    internal Dictionary<string, StoredTensor> Load(string relative)
    {
        byte[] file = File.ReadAllBytes(In(relative));
        int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(file);
        var tensors = new Dictionary<string, StoredTensor>();
        foreach ((string name, JsonNode? entry) in JsonNode.Parse(file.AsSpan(8, length))!.AsObject())
        {
            if (name == "__metadata__")
                continue;
            int start = 8 + length + entry!["data_offsets"]![0]!.GetValue<int>(),
                end = 8 + length + entry["data_offsets"]![1]!.GetValue<int>();
            tensors.Add(
                name,
                new StoredTensor(
                    entry["dtype"]!.GetValue<string>(),
                    entry["shape"]!.Deserialize<long[]>()!,
                    file[start..end]
                )
            );
        }
        return tensors;
    }

    /// <summary>Writes a safetensors file, with any type name and any number of bytes.</summary>
    internal void Save(string relative, IReadOnlyDictionary<string, StoredTensor> tensors)
    {
        var header = new JsonObject { ["__metadata__"] = new JsonObject { ["format"] = "pt" } };
        long offset = 0;
        foreach ((string name, StoredTensor tensor) in tensors)
        {
            header[name] = new JsonObject
            {
                ["dtype"] = tensor.Type,
                ["shape"] = new JsonArray([.. tensor.Shape.Select(extent => JsonValue.Create(extent))]),
                ["data_offsets"] = new JsonArray(offset, offset + tensor.Data.Length),
            };
            offset += tensor.Data.Length;
        }
        byte[] text = Encoding.UTF8.GetBytes(header.ToJsonString());
        Array.Resize(ref text, (text.Length + 7) / 8 * 8);
        text.AsSpan().Replace((byte)0, (byte)' ');
        using FileStream stream = File.Create(In(relative));
        Span<byte> prefix = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(prefix, (ulong)text.Length);
        stream.Write(prefix);
        stream.Write(text);
        foreach (StoredTensor tensor in tensors.Values)
            stream.Write(tensor.Data);
    }

    /// <summary>Changes the tensors of one file in place.</summary>
    internal void EditTensors(string relative, Action<Dictionary<string, StoredTensor>> change)
    {
        Dictionary<string, StoredTensor> tensors = Load(relative);
        change(tensors);
        Save(relative, tensors);
    }

    /// <summary>Replaces a file by shards and an index, by default in half precision. In the pattern, {0} is the number
    /// of a shard from 1 and {1} their count, both with five digits.</summary>
    internal void Shard(string relative, string index, string pattern, int count = 2, bool half = true)
    {
        Dictionary<string, StoredTensor> tensors = Load(relative);
        string folder = System.IO.Path.GetDirectoryName(relative)!;
        File.Delete(In(relative));
        string[] names = [.. tensors.Keys.Order(StringComparer.Ordinal)];
        var places = new JsonObject();
        int size = (names.Length + count - 1) / count;
        for (int shard = 0; shard < count; shard++)
        {
            string file = pattern
                .Replace("{0}", $"{shard + 1:00000}", StringComparison.Ordinal)
                .Replace("{1}", $"{count:00000}", StringComparison.Ordinal);
            string[] part = [.. names.Skip(shard * size).Take(size)];
            Save(
                System.IO.Path.Combine(folder, file),
                part.ToDictionary(name => name, name => half ? tensors[name].Half() : tensors[name])
            );
            foreach (string name in part)
                places[name] = file;
        }
        File.WriteAllText(
            In(System.IO.Path.Combine(folder, index)),
            new JsonObject { ["metadata"] = new JsonObject(), ["weight_map"] = places }.ToJsonString()
        );
    }

    /// <summary>Copies a folder with everything in it.</summary>
    internal static void CopyFolder(string source, string target)
    {
        foreach (string file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            string copy = System.IO.Path.Combine(target, System.IO.Path.GetRelativePath(source, file));
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(
                    copy,
                    UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead
                );
        }
    }

    public void Dispose() => parent.Delete(recursive: true);
}
