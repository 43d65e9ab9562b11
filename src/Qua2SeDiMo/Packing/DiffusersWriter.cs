using System.Buffers;
using System.Globalization;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Quantizers.Bank;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Packing;

/// <summary>
/// Writes a pipeline folder that any reader of diffusers folders can load: the denoiser's quantized weights as float16
/// under their original names, with the parts of split weights joined, and everything else unchanged. The values are
/// those of the packed model, rounded to float16. The folder is as large as a float16 checkpoint.
/// </summary>
internal static class DiffusersWriter
{
    /// <summary>Largest number of bytes of tensors per file, as diffusers itself uses.</summary>
    public const long DefaultShardBytes = 10_000_000_000;

    private const string Stem = "diffusion_pytorch_model";
    private const int PieceLength = 1 << 18;

    /// <summary>Writes the folder, which becomes visible only when it is complete.</summary>
    /// <param name="source">Original pipeline, with a checkpoint.</param>
    /// <param name="weights">Quantizable weights of its denoiser.</param>
    /// <param name="allocation">Option of each weight; an unlisted weight keeps its precision.</param>
    /// <param name="bank">Bank made from this denoiser.</param>
    /// <param name="destination">Folder to write: missing, empty, or an earlier output of this program, which is
    /// replaced.</param>
    /// <param name="plan">Origin of the allocation; null to omit it.</param>
    /// <param name="activations">Bits that inputs of layers are rounded to by <c>q2 generate</c>; other programs leave
    /// them. Null leaves them.</param>
    /// <param name="shardBytes">Largest number of bytes of tensors in one file; a larger denoiser is split into several
    /// files with an index.</param>
    /// <param name="progress">Receives the finished share, 0 to 1.</param>
    /// <param name="cancellationToken">Cancels the work; no partial folder is left.</param>
    /// <exception cref="PackedModelException">The destination holds other files, the source is packed already, or its
    /// denoiser is an ONNX export, which has no tensor names of a checkpoint.</exception>
    /// <exception cref="Q2Exception">A file of the source or of the bank is missing or damaged, or the bank was made
    /// from other weights.</exception>
    public static PackedModelSummary Write(
        ModelFolder source,
        IReadOnlyList<QuantizableWeight> weights,
        BitAllocation allocation,
        QuantizerBank bank,
        string destination,
        JsonObject? plan = null,
        ActivationAllocation? activations = null,
        long shardBytes = DefaultShardBytes,
        IProgress<double>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(allocation);
        PipelineFolder.RequireKnown(source, weights, allocation, activations);
        RequireCheckpoint(source);
        PackedModelSummary summary = null!;
        string target = PipelineFolder.Write(
            source,
            destination,
            withProgram: false,
            folder =>
            {
                summary = WriteDenoiser(
                    source,
                    weights,
                    allocation,
                    bank,
                    folder,
                    shardBytes,
                    progress,
                    cancellationToken
                );
                new PackNote(
                    PackFormat.Diffusers,
                    summary.AverageBits,
                    activations ?? ActivationAllocation.None,
                    allocation,
                    plan
                ).Write(Path.GetDirectoryName(folder)!);
            },
            cancellationToken
        );
        return summary with { DirectoryPath = target };
    }

    /// <summary>Checks that the denoiser has the tensor names of a checkpoint.</summary>
    /// <exception cref="PackedModelException">The denoiser is an ONNX export.</exception>
    internal static void RequireCheckpoint(ModelFolder source)
    {
        if (ComponentFiles.Of(source.Denoiser).Form != WeightForm.Program)
            return;
        throw new PackedModelException(
            $"{source.Denoiser.DirectoryPath}: the denoiser is an ONNX export, which has no tensor names of a "
                + "checkpoint. The formats q2 and onnx do without them."
        );
    }

    private static PackedModelSummary WriteDenoiser(
        ModelFolder source,
        IReadOnlyList<QuantizableWeight> weights,
        BitAllocation allocation,
        QuantizerBank bank,
        string folder,
        long shardBytes,
        IProgress<double>? progress,
        CancellationToken cancellationToken
    )
    {
        // Packs first and reads the packed form back, so that both formats give the same values.
        string packedFolder = Path.Combine(folder, ".packed");
        AtomicFile.MakeFolder(packedFolder);
        using ShardedTensors original = ShardedTensors.Open(ComponentFiles.Of(source.Denoiser));
        PackedModelSummary packedSummary = PackedModelWriter.WriteDenoiser(
            original,
            weights,
            allocation,
            bank,
            packedFolder,
            null,
            null,
            null,
            cancellationToken
        );
        long quantizedBytes,
            restBytes,
            fileBytes;
        using (PackedModelReader packed = PackedModelReader.Open(packedFolder))
        {
            HashSet<string> quantized = [.. packed.Manifest.Parts.Select(part => part.TensorName)];
            TensorInfo[] tensors =
            [
                .. packed
                    .Tensors.Values.OrderBy(tensor => tensor.Name, StringComparer.Ordinal)
                    .Select(tensor =>
                        quantized.Contains(tensor.Name) ? tensor with { Type = ElementType.Float16 } : tensor
                    ),
            ];
            int written = 0;
            SafetensorsWriter.Item Item(TensorInfo tensor)
            {
                SafetensorsWriter.Item item = quantized.Contains(tensor.Name)
                    ? Halves(packed, tensor)
                    : SafetensorsWriter.Item.Copy(packed, tensor);
                return item with
                {
                    Write = stream =>
                    {
                        cancellationToken.ThrowIfCancellationRequested();
                        item.Write(stream);
                        progress?.Report(++written / (double)tensors.Length);
                    },
                };
            }
            WriteShards(folder, Shards(tensors, shardBytes), Item);
            quantizedBytes = tensors.Where(tensor => quantized.Contains(tensor.Name)).Sum(tensor => tensor.SizeBytes);
            restBytes = tensors.Sum(tensor => tensor.SizeBytes) - quantizedBytes;
        }
        Directory.Delete(packedFolder, recursive: true);
        fileBytes = Directory.EnumerateFiles(folder, Stem + "*").Sum(file => new FileInfo(file).Length);
        return new PackedModelSummary(
            PackFormat.Diffusers,
            folder,
            quantizedBytes,
            restBytes,
            fileBytes,
            packedSummary.AverageBits
        );
    }

    private static void WriteShards(
        string folder,
        List<List<TensorInfo>> shards,
        Func<TensorInfo, SafetensorsWriter.Item> item
    )
    {
        // Python readers reject a file whose metadata do not name the framework of its tensors.
        Dictionary<string, string> metadata = new() { ["format"] = "pt" };
        var map = new JsonObject();
        for (int i = 0; i < shards.Count; i++)
        {
            string name =
                shards.Count == 1
                    ? $"{Stem}.safetensors"
                    : string.Create(
                        CultureInfo.InvariantCulture,
                        $"{Stem}-{i + 1:00000}-of-{shards.Count:00000}.safetensors"
                    );
            SafetensorsWriter.Write(Path.Combine(folder, name), [.. shards[i].Select(item)], metadata);
            foreach (TensorInfo tensor in shards[i])
                map.Add(tensor.Name, name);
        }
        if (shards.Count == 1)
            return;
        var index = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["total_size"] = shards.SelectMany(shard => shard).Sum(tensor => tensor.SizeBytes),
            },
            ["weight_map"] = map,
        };
        AtomicFile.WriteText(
            Path.Combine(folder, $"{Stem}.safetensors.index.json"),
            index.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n"
        );
    }

    private static List<List<TensorInfo>> Shards(TensorInfo[] tensors, long limit)
    {
        List<List<TensorInfo>> shards =
        [
            [],
        ];
        long filled = 0;
        foreach (TensorInfo tensor in tensors)
        {
            if (filled > 0 && filled + tensor.SizeBytes > limit)
            {
                shards.Add([]);
                filled = 0;
            }
            shards[^1].Add(tensor);
            filled += tensor.SizeBytes;
        }
        return shards;
    }

    private static SafetensorsWriter.Item Halves(PackedModelReader packed, TensorInfo tensor) =>
        new(
            tensor,
            stream =>
            {
                float[] values = ArrayPool<float>.Shared.Rent(PieceLength);
                Half[] halves = ArrayPool<Half>.Shared.Rent(PieceLength);
                for (long start = 0; start < tensor.ElementCount; start += PieceLength)
                {
                    int count = (int)Math.Min(PieceLength, tensor.ElementCount - start);
                    packed.ReadSingle(tensor.Name, start, values.AsSpan(0, count));
                    TensorPrimitives.ConvertToHalf(values.AsSpan(0, count), halves);
                    if (!float.IsFinite((float)TensorPrimitives.MaxMagnitude<Half>(halves.AsSpan(0, count))))
                    {
                        throw new PackedModelException(
                            $"{packed.DirectoryPath}: tensor '{tensor.Name}' has values beyond the range of float16, which the "
                                + "formats q2 and onnx can hold."
                        );
                    }
                    stream.Write(MemoryMarshal.AsBytes(halves.AsSpan(0, count)));
                }
                ArrayPool<float>.Shared.Return(values);
                ArrayPool<Half>.Shared.Return(halves);
            }
        );
}
