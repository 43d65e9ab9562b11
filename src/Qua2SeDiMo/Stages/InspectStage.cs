using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Pipelines;

namespace Qua2SeDiMo.Stages;

/// <summary>One component of a folder, from headers alone.</summary>
/// <param name="Name">Name in the pipeline.</param>
/// <param name="ClassName">The class that it is opened as.</param>
/// <param name="Parameters">Elements of all floating-point tensors; null for a component without weights.</param>
/// <param name="StoredBytes">Bytes of all tensors.</param>
/// <param name="ElementTypes">Types that its tensors are stored in.</param>
/// <param name="Review">What it holds beside what is read of it; null for a component that the pipeline does not
/// use.</param>
internal sealed record ComponentSummary(
    string Name,
    string ClassName,
    long? Parameters,
    long? StoredBytes,
    IReadOnlyList<string> ElementTypes,
    ComponentReview? Review
);

/// <summary>What can be quantized.</summary>
/// <param name="ClassName">Class of the denoiser.</param>
/// <param name="Weights">Quantizable weights, parts of split ones counted each.</param>
/// <param name="Parameters">Elements of those weights.</param>
/// <param name="SizeBytes">Their bytes at the precision in which they are stored.</param>
/// <param name="OriginalBits">Bits of one stored weight.</param>
/// <param name="Allocations">How many allocations there are, as a power: 6^<paramref name="Weights"/>.</param>
internal sealed record QuantizableSummary(
    string ClassName,
    int Weights,
    long Parameters,
    long SizeBytes,
    int OriginalBits,
    string Allocations
);

/// <summary>Result of <c>q2 inspect</c>.</summary>
/// <param name="Name">Name of the folder.</param>
/// <param name="PipelineClass">Class of the pipeline.</param>
/// <param name="Components">Its components.</param>
/// <param name="UnreadKeys">Keys of <c>model_index.json</c> that are not read and not known to change nothing.</param>
/// <param name="UnreadFiles">Adapters and embeddings beside it that are not loaded.</param>
/// <param name="Quantizable">What can be quantized.</param>
/// <param name="Notes">What a person should know of its files.</param>
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
    /// <summary>Why no pictures can be made from the folder, though its denoiser can be quantized; null where they
    /// can.</summary>
    public string? Obstacle { get; init; }
}

/// <summary>Reads a folder's headers.</summary>
internal static class InspectStage
{
    /// <summary>Summarises a folder.</summary>
    /// <exception cref="Q2Exception">The folder is not a supported pipeline.</exception>
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

    // What nothing reads may be damaged, or in any format.
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
