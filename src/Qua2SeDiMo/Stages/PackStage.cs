using System.Text.Json.Nodes;
using Qua2SeDiMo.Models.Configs;
using Qua2SeDiMo.Packing;
using Qua2SeDiMo.Packing.Recipes;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Quantizers.Bank;
using Qua2SeDiMo.Runs;

namespace Qua2SeDiMo.Stages;

/// <summary>Writes the packed model of a plan or an allocation.</summary>
public static class PackStage
{
    // Average bits on the command line have at most two decimals.
    private const double SameBits = 0.005;

    /// <summary>Selects a plan: the one made for the given average bits, else one that has them; or the largest plan.
    /// Also returns its source, to be recorded in the packed model, and the bits of layers' inputs by weight name if the
    /// plan has some.</summary>
    /// <param name="plan">The plans of a run.</param>
    /// <param name="averageBits">Requested average bits; null for the largest plan.</param>
    /// <exception cref="ModelFolderException">There is no such plan; the message lists the plans.</exception>
    public static (BitAllocation Allocation, JsonObject Origin, IReadOnlyDictionary<string, int>? Activations) FromPlan(
        Plan plan,
        double? averageBits
    )
    {
        ArgumentNullException.ThrowIfNull(plan);
        PlanEntry[] plans = [.. plan.Entries.Where(candidate => candidate.Kind == PlanKind.Plan)];
        if (plans.Length == 0)
            throw new ModelFolderException("The run has no plan; make one first.") { Remedy = Remedy.PlanOfSize };
        PlanEntry? entry = averageBits is not { } bits
            ? plans.MaxBy(candidate => candidate.AverageBits)
            : plans.FirstOrDefault(candidate =>
                Math.Abs((candidate.RequestedBits ?? candidate.AverageBits) - bits) <= SameBits
            ) ?? plans.FirstOrDefault(candidate => Math.Abs(candidate.AverageBits - bits) <= SameBits);
        if (entry is null)
        {
            string known = string.Join(
                ", ",
                plans.Select(candidate => $"{candidate.RequestedBits ?? candidate.AverageBits:0.###}")
            );
            throw new ModelFolderException(
                $"The run has no plan of {averageBits} average bits; it has {known}. Pack one of these, or make "
                    + "one of that size."
            )
            {
                Remedy = Remedy.PlanOfSize,
            };
        }
        return (
            entry.Allocation,
            new JsonObject
            {
                ["plan"] = entry.Key,
                ["objective"] = plan.Objective,
                ["predictor"] = plan.Predictor,
            },
            entry.Activations
        );
    }

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
