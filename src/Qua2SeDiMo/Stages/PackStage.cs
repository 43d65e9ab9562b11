using System.Text.Json.Nodes;
using Qua2SeDiMo.Packing;
using Qua2SeDiMo.Packing.Recipes;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Quantizers.Bank;
using Qua2SeDiMo.Runs;

namespace Qua2SeDiMo.Stages;

/// <summary>Writes the packed model of a plan or an allocation.</summary>
public static class PackStage
{
    /// <summary>Packs a model under an allocation.</summary>
    /// <param name="model">The model.</param>
    /// <param name="run">The run directory, with a bank.</param>
    /// <param name="allocation">Option of every weight.</param>
    /// <param name="destination">Folder to write: missing, empty, or an earlier packed model, which is
    /// replaced.</param>
    /// <param name="origin">Source of the allocation, recorded in the folder; may be null.</param>
    /// <param name="format">Format of the folder.</param>
    /// <param name="activationBits">Bits of quantized activations when the packed model runs; null for none.</param>
    /// <param name="activations">The same layer by layer, by weight name, instead of
    /// <paramref name="activationBits"/>; null for none.</param>
    /// <param name="progress">Receives the progress.</param>
    /// <param name="cancellationToken">Cancels; nothing is left behind.</param>
    /// <exception cref="Q2Exception">The destination cannot be used, or a file is missing.</exception>
    public static PackedModelSummary Run(
        OpenModel model,
        RunDirectory run,
        BitAllocation allocation,
        string destination,
        JsonObject? origin,
        PackFormat format = PackFormat.Q2,
        int? activationBits = null,
        IReadOnlyDictionary<string, int>? activations = null,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        Preflight.Pack(model, run, allocation, destination, format);
        var rounded = ActivationAllocation.Of(activationBits, activations);
        // Recipes contain only the bits per weight, so no bank is needed.
        if (format == PackFormat.Recipes)
            return RecipeWriter.Write(
                model.Folder.Name,
                model.Weights,
                allocation,
                model.OriginalBits,
                destination,
                origin,
                rounded
            );
        QuantizerBank bank = BankStage.Run(model, run, progress, cancellationToken);
        IProgress<double>? inner = progress is null
            ? null
            : new Relay<double>(share => progress.Report(new StageProgress("Packing", share, 1)));
        return format switch
        {
            PackFormat.Q2 => PackedModelWriter.Write(
                model.Folder,
                model.Weights,
                allocation,
                bank,
                destination,
                origin,
                rounded,
                inner,
                model.Tensors,
                cancellationToken
            ),
            PackFormat.Diffusers => DiffusersWriter.Write(
                model.Folder,
                model.Weights,
                allocation,
                bank,
                destination,
                origin,
                rounded,
                progress: inner,
                cancellationToken: cancellationToken
            ),
            PackFormat.Onnx or PackFormat.OnnxOperators => OnnxModelWriter.Write(
                model.Folder,
                model.Graph,
                model.Tensors,
                allocation,
                bank,
                destination,
                format,
                origin,
                rounded,
                inner,
                cancellationToken
            ),
            _ => throw new ArgumentOutOfRangeException(nameof(format), format, "Unknown format."),
        };
    }
}
