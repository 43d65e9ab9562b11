using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Models;

/// <summary>
/// Writes a component folder of full size with random half-precision weights, to measure time and memory at real sizes
/// without a download. Equal seeds give equal bytes. Only one chunk of a tensor is in memory at a time.
/// </summary>
/// <remarks>
/// Linear and convolution weights are normal with standard deviation 1/√inputs, so that activations keep their
/// magnitude; norm weights are one; biases, tables and embeddings are normal with standard deviation 0.02.
/// </remarks>
internal static class RandomModelWriter
{
    private const string Stem = "diffusion_pytorch_model";
    private const int TableSize = 1 << 16;
    private const int ChunkElements = 1 << 18;
    private const double SmallDeviation = 0.02;
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Writes <c>config.json</c> and the weights, in shards with an index when they do not fit one
    /// file.</summary>
    /// <param name="spec">Structure of the model.</param>
    /// <param name="folder">Component folder; created when missing.</param>
    /// <param name="seed">Seed of the values. Each tensor has its own random stream, so that values do not depend on
    /// the shards.</param>
    /// <param name="shardBytes">Largest size of the tensors in one file, in bytes; a larger tensor gets its own
    /// file.</param>
    /// <param name="progress">Receives the bytes of tensors written so far.</param>
    /// <param name="cancellationToken">Checked before each chunk.</param>
    public static void Write(
        RandomModelSpec spec,
        string folder,
        ulong seed = 0,
        long shardBytes = 2L << 30,
        IProgress<long>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentOutOfRangeException.ThrowIfLessThan(shardBytes, 1);
        Directory.CreateDirectory(folder);
        AtomicFile.WriteText(Path.Combine(folder, "config.json"), spec.Config.ToJsonString(Indented) + "\n");
        var table = new Pcg32(seed, ulong.MaxValue >> 1);
        double[] normals = [.. Enumerable.Range(0, TableSize).Select(_ => table.NextNormal())];
        long written = 0;
        var map = new JsonObject();
        List<List<int>> shards = Shards(spec, shardBytes);
        for (int shard = 0; shard < shards.Count; shard++)
        {
            string file =
                shards.Count == 1
                    ? $"{Stem}.safetensors"
                    : string.Create(
                        CultureInfo.InvariantCulture,
                        $"{Stem}-{shard + 1:D5}-of-{shards.Count:D5}.safetensors"
                    );
            SafetensorsWriter.Item[] items =
            [
                .. shards[shard]
                    .Select(index => new SafetensorsWriter.Item(
                        spec.Tensors[index].Info,
                        stream =>
                        {
                            WriteTensor(
                                spec.Tensors[index],
                                new Pcg32(seed, (ulong)index),
                                normals,
                                stream,
                                cancellationToken
                            );
                            written += spec.Tensors[index].Info.SizeBytes;
                            progress?.Report(written);
                        }
                    )),
            ];
            foreach (SafetensorsWriter.Item item in items)
                map.Add(item.Info.Name, file);
            SafetensorsWriter.Write(
                Path.Combine(folder, file),
                items,
                new Dictionary<string, string> { ["format"] = "pt" }
            );
        }
        if (shards.Count == 1)
            return;
        var index = new JsonObject
        {
            ["metadata"] = new JsonObject { ["total_size"] = written },
            ["weight_map"] = map,
        };
        AtomicFile.WriteText(
            Path.Combine(folder, $"{Stem}.safetensors.index.json"),
            index.ToJsonString(Indented) + "\n"
        );
    }

    // Assigns tensors to shards in order; a new shard begins when the next tensor would not fit.
    private static List<List<int>> Shards(RandomModelSpec spec, long shardBytes)
    {
        var shards = new List<List<int>> { new() };
        long filled = 0;
        for (int i = 0; i < spec.Tensors.Count; i++)
        {
            long size = spec.Tensors[i].Info.SizeBytes;
            if (filled > 0 && filled + size > shardBytes)
            {
                shards.Add([]);
                filled = 0;
            }
            shards[^1].Add(i);
            filled += size;
        }
        return shards;
    }

    private static void WriteTensor(
        RandomModelTensor tensor,
        Pcg32 random,
        ReadOnlySpan<double> normals,
        Stream stream,
        CancellationToken cancellationToken
    )
    {
        (double mean, double deviation) = Distribution(tensor);
        // Sixteen random bits choose one of 65 536 draws from the normal distribution.
        var values = new Half[TableSize];
        for (int i = 0; i < values.Length; i++)
            values[i] = (Half)(mean + (deviation * normals[i]));
        var chunk = new Half[Math.Min(ChunkElements, tensor.Info.ElementCount)];
        for (long start = 0; start < tensor.Info.ElementCount; start += chunk.Length)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Span<Half> part = chunk.AsSpan(0, (int)Math.Min(chunk.Length, tensor.Info.ElementCount - start));
            int i = 0;
            for (; i < part.Length - 1; i += 2)
            {
                uint bits = random.NextUInt32();
                part[i] = values[bits & 0xFFFF];
                part[i + 1] = values[bits >> 16];
            }
            if (i < part.Length)
                part[i] = values[random.NextUInt32() & 0xFFFF];
            stream.Write(MemoryMarshal.AsBytes(part));
        }
    }

    private static (double Mean, double Deviation) Distribution(RandomModelTensor tensor)
    {
        bool isWeight = tensor.Info.Name.EndsWith(".weight", StringComparison.Ordinal);
        if (isWeight && tensor.Kind.EndsWith("Norm", StringComparison.Ordinal))
            return (1, 0);
        bool multiplies =
            isWeight && (tensor.Kind == "Linear" || tensor.Kind.StartsWith("Conv", StringComparison.Ordinal));
        return (
            0,
            multiplies ? 1 / Math.Sqrt((double)tensor.Info.ElementCount / tensor.Info.Shape[0]) : SmallDeviation
        );
    }
}
