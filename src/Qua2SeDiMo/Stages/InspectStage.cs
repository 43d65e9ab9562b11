using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Pipelines;

namespace Qua2SeDiMo.Stages;

/// <summary>Summary of one component of a model folder, from headers only.</summary>
/// <param name="Name">Name of the component in the pipeline.</param>
/// <param name="ClassName">Class as which it is opened.</param>
/// <param name="Parameters">Number of elements of all floating-point tensors; null for a component without
/// weights.</param>
/// <param name="StoredBytes">Bytes of all tensors; null for a component without weights.</param>
/// <param name="ElementTypes">Element types of its stored tensors, integer types excepted.</param>
/// <param name="Review">What the component contains that is not read; null for a component that the pipeline does not
/// use.</param>
internal sealed record ComponentSummary(
    string Name,
    string ClassName,
    long? Parameters,
    long? StoredBytes,
    IReadOnlyList<string> ElementTypes,
    ComponentReview? Review
);

/// <summary>Summary of what can be quantized.</summary>
/// <param name="ClassName">Class of the denoiser.</param>
/// <param name="Weights">Number of quantizable weights; each part of a split weight counts.</param>
/// <param name="Parameters">Number of elements of these weights.</param>
/// <param name="SizeBytes">Bytes of these weights at the stored precision.</param>
/// <param name="OriginalBits">Bits of one stored weight.</param>
/// <param name="Allocations">Number of allocations as a power, 6^weights, tied weights counted once.</param>
internal sealed record QuantizableSummary(
    string ClassName,
    int Weights,
    long Parameters,
    long SizeBytes,
    int OriginalBits,
    string Allocations
);

/// <summary>Result of <c>q2 inspect</c>.</summary>
/// <param name="Name">Name of the model folder.</param>
/// <param name="PipelineClass">Class of the pipeline.</param>
/// <param name="Components">Components of the pipeline.</param>
/// <param name="UnreadKeys">Keys of <c>model_index.json</c> that are not read and may affect images.</param>
/// <param name="UnreadFiles">Files of adapters and embeddings in the folder, which are not loaded.</param>
/// <param name="Quantizable">Summary of what can be quantized.</param>
/// <param name="Notes">Remarks on the files for the user.</param>
internal sealed record InspectResult(
    string Name,
    string PipelineClass,
    IReadOnlyList<ComponentSummary> Components,
    IReadOnlyList<string> UnreadKeys,
    IReadOnlyList<string> UnreadFiles,
    QuantizableSummary Quantizable,
    IReadOnlyList<string> Notes
)
{
    /// <summary>Why images cannot be generated from the folder although its denoiser can be quantized; null if they
    /// can.</summary>
    public string? Obstacle { get; init; }
}

/// <summary>Summarises a model folder from its headers.</summary>
internal static class InspectStage
{
    /// <summary>Summarises a folder.</summary>
    /// <exception cref="Q2Exception">The folder is not a supported pipeline, or a file that is read is
    /// damaged.</exception>
    public static InspectResult Run(OpenModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        ComponentSummary[] components =
        [
            .. model.Folder.Components.Values.Select(component =>
                Summarise(
                    component,
                    model.Review.Components.FirstOrDefault(review => review.Component == component.Name)
                )
            ),
        ];
        return new InspectResult(
            model.Folder.Name,
            model.Folder.PipelineClass,
            components,
            model.Review.UnreadKeys,
            model.Review.UnreadFiles,
            new QuantizableSummary(
                model.Folder.Denoiser.ReadConfig().ClassName,
                model.Weights.Count,
                model.Weights.Sum(weight => weight.ElementCount),
                model.QuantizableBytes,
                model.OriginalBits,
                $"6^{model.Weights.Count(weight => weight.TiedTo is null)}"
            ),
            model.Folder.Notes.All
        )
        {
            Obstacle = PipelineSupport.FaultOfGeneration(model.Folder),
        };
    }

    // A component that the pipeline does not use may be damaged or of an unknown format; it is then listed by name
    // only.
    private static ComponentSummary Summarise(ModelComponent component, ComponentReview? review)
    {
        var named = new ComponentSummary(
            component.Name,
            review?.ClassName ?? component.ClassName,
            null,
            null,
            [],
            review
        );
        try
        {
            return ComponentFiles.Of(component).Form == WeightForm.None ? named : WithWeights(component, named);
        }
        catch (Q2Exception) when (review is null)
        {
            return named;
        }
    }

    private static ComponentSummary WithWeights(ModelComponent component, ComponentSummary named)
    {
        using ITensorSource tensors = OpenModel.OpenTensors(component);
        IReadOnlyDictionary<string, TensorInfo> stored = tensors is ShardedTensors sharded
            ? sharded.Stored
            : tensors.Tensors;
        TensorInfo[] numbers = [.. stored.Values.Where(tensor => !tensor.Type.IsInteger())];
        return named with
        {
            Parameters = tensors
                .Tensors.Values.Where(tensor => tensor.Type.IsFloatingPoint())
                .Sum(tensor => tensor.ElementCount),
            StoredBytes = stored.Values.Sum(tensor => tensor.SizeBytes),
            ElementTypes = [.. numbers.Select(tensor => tensor.TypeName).Distinct().Order(StringComparer.Ordinal)],
        };
    }
}
