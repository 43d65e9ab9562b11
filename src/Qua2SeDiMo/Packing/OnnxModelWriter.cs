using System.Text.Json.Nodes;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Graphs.Onnx;
using Qua2SeDiMo.Graphs.Passes;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Quantizers.Bank;

namespace Qua2SeDiMo.Packing;

/// <summary>
/// Writes a pipeline folder whose denoiser is <c>model.onnx</c>, for the model's default image size, with packed codes
/// as weights. With standard operators, any ONNX Runtime can open it. With this project's operators, a host needs their
/// library and multiplies by the codes directly.
/// </summary>
internal static class OnnxModelWriter
{
    /// <summary>Writes the folder, which becomes visible only when it is complete.</summary>
    /// <param name="source">Original pipeline.</param>
    /// <param name="graph">Graph of its denoiser, with its quantizable weights.</param>
    /// <param name="tensors">The denoiser's tensors.</param>
    /// <param name="allocation">Option of each weight; an unlisted weight keeps its precision.</param>
    /// <param name="bank">Bank made from this denoiser.</param>
    /// <param name="destination">Folder to write: missing, empty, or an earlier output of this program, which is
    /// replaced.</param>
    /// <param name="format"><see cref="PackFormat.Onnx"/> or <see cref="PackFormat.OnnxOperators"/>.</param>
    /// <param name="plan">Origin of the allocation; null to omit it.</param>
    /// <param name="activations">Bits that the program itself rounds inputs of layers to; null leaves them.</param>
    /// <param name="progress">Receives the finished share, 0 to 1.</param>
    /// <param name="cancellationToken">Cancels the work; no partial folder is left.</param>
    /// <exception cref="PackedModelException">The destination holds other files, or the source is packed
    /// already.</exception>
    /// <exception cref="Q2Exception">A file of the source or of the bank is missing or damaged, or the bank was made
    /// from other weights.</exception>
    public static PackedModelSummary Write(
        ModelFolder source,
        Graph graph,
        ITensorSource tensors,
        BitAllocation allocation,
        QuantizerBank bank,
        string destination,
        PackFormat format = PackFormat.Onnx,
        JsonObject? plan = null,
        ActivationAllocation? activations = null,
        IProgress<double>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(allocation);
        ArgumentNullException.ThrowIfNull(bank);
        QuantizableWeight[] weights = [.. graph.Weights.Select(weight => weight.Weight)];
        PipelineFolder.RequireKnown(source, weights, allocation, activations);
        PackedModelSummary summary = null!;
        string target = PipelineFolder.Write(
            source,
            destination,
            withProgram: false,
            folder =>
            {
                int checkedWeights = 0;
                foreach (QuantizableWeight weight in weights.Where(weight => allocation[weight.Name] is not null))
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    bank.RequireMadeFrom(tensors, weight);
                    progress?.Report(++checkedWeights / (2.0 * weights.Length));
                }
                Graph packed =
                    format == PackFormat.OnnxOperators
                        ? OnnxWeightCodes.Apply(
                            PaletteProgram.Rewrite(graph, PaletteSource.Of(bank, allocation), activations),
                            tensors,
                            BitAllocation.FullPrecision,
                            bank
                        )
                        : OnnxWeightCodes.Apply(
                            activations is { IsNone: false }
                                ? ActivationQuantization.Apply(graph, weight => activations[weight])
                                : graph,
                            tensors,
                            allocation,
                            bank
                        );
                OnnxWriter.Write(
                    packed,
                    tensors,
                    Path.Combine(folder, OnnxReader.FileName),
                    cancellationToken: cancellationToken
                );
                summary = Summarise(format, folder, graph, packed, tensors, weights, allocation);
                new PackNote(
                    format,
                    summary.AverageBits,
                    activations ?? ActivationAllocation.None,
                    allocation,
                    plan
                ).Write(Path.GetDirectoryName(folder)!);
                progress?.Report(1);
            },
            cancellationToken
        );
        return summary with { DirectoryPath = target };
    }

    private static PackedModelSummary Summarise(
        PackFormat format,
        string folder,
        Graph graph,
        Graph packed,
        ITensorSource tensors,
        QuantizableWeight[] weights,
        BitAllocation allocation
    )
    {
        HashSet<string> kept = [.. graph.Initializers.Select(initializer => initializer.Name)];
        long rest = packed
            .Initializers.Where(initializer => kept.Contains(initializer.Name) || initializer is Initializer.FromTensor)
            .Sum(initializer => initializer.SizeBytes);
        long quantized = packed.Initializers.Sum(initializer => initializer.SizeBytes) - rest;
        long files = Directory.EnumerateFiles(folder, OnnxReader.FileName + "*").Sum(file => new FileInfo(file).Length);
        int originalBits = weights.Length == 0 ? 16 : TablePrecision.Bits(tensors.Tensors[weights[0].TensorName].Type);
        return new PackedModelSummary(
            format,
            folder,
            quantized,
            rest,
            files,
            allocation.AverageBits(weights, originalBits)
        );
    }
}
