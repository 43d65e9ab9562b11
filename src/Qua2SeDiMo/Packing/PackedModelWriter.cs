using System.Text.Json.Nodes;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Quantizers.Bank;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Packing;

/// <summary>
/// Writes a pipeline folder with a packed denoiser. The files of the other components that are read are copied; the
/// denoiser becomes one safetensors file of tables, codes and unquantized tensors, with a manifest beside it
/// (docs/formats.md).
/// </summary>
internal static class PackedModelWriter
{
    /// <summary>Packs a model. The folder becomes visible only when it is complete.</summary>
    /// <param name="source">Original pipeline.</param>
    /// <param name="weights">Quantizable weights of its denoiser.</param>
    /// <param name="allocation">Option of each weight; an unlisted weight keeps its precision.</param>
    /// <param name="bank">Bank made from this denoiser.</param>
    /// <param name="destination">Folder to write: missing, empty, or an earlier packed model, which is
    /// replaced.</param>
    /// <param name="plan">Origin of the allocation, stored in the manifest; null to omit it.</param>
    /// <param name="activations">Bits that inputs of layers are rounded to when the model runs, unless an option says
    /// otherwise; null leaves them.</param>
    /// <param name="progress">Receives the finished share, 0 to 1.</param>
    /// <param name="cancellationToken">Cancels the work; no partial folder is left.</param>
    /// <param name="tensors">The denoiser's tensors; null to read the safetensors files of its folder.</param>
    /// <exception cref="PackedModelException">The destination holds other files, the source is packed already, or the
    /// allocation names weights that the denoiser does not have.</exception>
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
        IProgress<double>? progress = null,
        ITensorSource? tensors = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(allocation);
        ArgumentNullException.ThrowIfNull(bank);
        PipelineFolder.RequireKnown(source, weights, allocation, activations);
        PackedModelSummary summary = null!;
        string target = PipelineFolder.Write(
            source,
            destination,
            withProgram: true,
            folder =>
            {
                using ShardedTensors? own = tensors is null
                    ? ShardedTensors.Open(ComponentFiles.Of(source.Denoiser))
                    : null;
                summary = WriteDenoiser(
                    tensors ?? own!,
                    weights,
                    allocation,
                    bank,
                    folder,
                    plan,
                    activations,
                    progress,
                    cancellationToken
                );
            },
            cancellationToken
        );
        return summary with { DirectoryPath = target };
    }

    /// <summary>Writes weights file and manifest of a denoiser into a folder.</summary>
    internal static PackedModelSummary WriteDenoiser(
        ITensorSource tensors,
        IReadOnlyList<QuantizableWeight> weights,
        BitAllocation allocation,
        QuantizerBank bank,
        string directory,
        JsonObject? plan,
        ActivationAllocation? activations,
        IProgress<double>? progress,
        CancellationToken cancellationToken
    )
    {
        PackedPart[] parts = Parts(tensors, weights, allocation, bank);
        HashSet<string> replaced = [.. parts.Select(part => part.TensorName)];
        TensorInfo[] rest =
        [
            .. tensors
                .Tensors.Values.Where(tensor => !replaced.Contains(tensor.Name))
                .OrderBy(tensor => tensor.Name, StringComparer.Ordinal),
        ];
        List<SafetensorsWriter.Item> items =
        [
            .. Quantized(tensors, weights, bank, parts, progress, cancellationToken),
            .. parts.Where(part => part.Spec is null).Select(part => Original(tensors, part)),
            .. rest.Select(tensor => SafetensorsWriter.Item.Copy(tensors, tensor)),
        ];
        string path = Path.Combine(directory, PackedManifest.WeightsFileName);
        SafetensorsWriter.Write(path, items);
        long quantizedBytes = parts.Sum(part => part.TableBytes + part.CodeBytes);
        int originalBits = parts.Length > 0 ? 8 * TablePrecision.For(parts[0].OriginalType).SizeBytes() : 16;
        double averageBits = allocation.AverageBits([.. weights], originalBits);
        var manifest = new PackedManifest(
            PackedModelReader.Checksum(path),
            bank.SourceFingerprint,
            quantizedBytes,
            averageBits,
            activations ?? ActivationAllocation.None,
            plan,
            parts
        );
        string manifestPath = Path.Combine(directory, PackedManifest.FileName);
        AtomicFile.WriteText(manifestPath, manifest.ToJson());
        long restBytes =
            rest.Sum(tensor => tensor.SizeBytes)
            + parts.Where(part => part.Spec is null).Sum(part => part.ElementCount * part.OriginalType.SizeBytes());
        return new PackedModelSummary(
            PackFormat.Q2,
            directory,
            quantizedBytes,
            restBytes,
            new FileInfo(path).Length + new FileInfo(manifestPath).Length,
            averageBits
        );
    }

    // All tables, then all codes, copied from the bank one weight at a time.
    private static IEnumerable<SafetensorsWriter.Item> Quantized(
        ITensorSource tensors,
        IReadOnlyList<QuantizableWeight> weights,
        QuantizerBank bank,
        PackedPart[] parts,
        IProgress<double>? progress,
        CancellationToken cancellationToken
    )
    {
        var byName = weights.ToDictionary(weight => weight.Name, StringComparer.Ordinal);
        PackedPart[] packed = [.. parts.Where(part => part.Spec is not null)];
        int steps = 0;
        return
        [
            Joined(PackedManifest.TablesTensor, part => part.TableBytes, Tables),
            Joined(
                PackedManifest.CodesTensor,
                part => part.CodeBytes,
                part => bank.LoadStored(part.Name, part.Spec!).Codes
            ),
        ];

        byte[] Tables(PackedPart part)
        {
            bank.RequireMadeFrom(tensors, byName[part.Name]);
            return bank.LoadStored(part.Name, part.Spec!).Tables;
        }

        SafetensorsWriter.Item Joined(string name, Func<PackedPart, long> length, Func<PackedPart, byte[]> bytes) =>
            new(
                new TensorInfo(name, ElementType.UInt8, [packed.Sum(length)]),
                stream =>
                {
                    foreach (PackedPart part in packed)
                    {
                        cancellationToken.ThrowIfCancellationRequested();
                        stream.Write(bytes(part));
                        progress?.Report(++steps / (2.0 * packed.Length));
                    }
                }
            );
    }

    // All parts of every tensor of which at least one part is quantized. Other tensors keep their names and are not
    // listed.
    private static PackedPart[] Parts(
        ITensorSource tensors,
        IReadOnlyList<QuantizableWeight> weights,
        BitAllocation allocation,
        QuantizerBank bank
    )
    {
        HashSet<string> touched =
        [
            .. weights.Where(weight => allocation[weight.Name] is not null).Select(weight => weight.TensorName),
        ];
        return
        [
            .. weights
                .Where(weight => touched.Contains(weight.TensorName))
                .Select(weight =>
                {
                    if (!tensors.Tensors.TryGetValue(weight.TensorName, out TensorInfo? tensor))
                        throw MissingTensorException.For(tensors, weight.TensorName);
                    QuantizerSpec? spec = allocation[weight.Name];
                    if (spec is not null)
                        bank.MeanError(weight.Name, spec);
                    return PackedPart.Of(
                        weight,
                        spec,
                        tensor.Type,
                        spec is null ? TablePrecision.For(tensor.Type) : bank.Entries[weight.Name].TableType
                    );
                }),
        ];
    }

    // Copies an unquantized part of a split weight: its input channels, row by row.
    private static SafetensorsWriter.Item Original(ITensorSource tensors, PackedPart part) =>
        new(
            new TensorInfo(PackedManifest.PartTensorPrefix + part.Name, part.OriginalType, part.Shape),
            stream =>
            {
                int size = part.OriginalType.SizeBytes();
                byte[] row = new byte[part.RowLength * size];
                for (int channel = 0; channel < part.OutChannels; channel++)
                {
                    tensors.ReadBytes(
                        part.TensorName,
                        size * part.KernelLength * ((channel * part.TensorInputs) + part.InputStart),
                        row
                    );
                    stream.Write(row);
                }
            }
        );
}
