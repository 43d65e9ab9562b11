using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Pipelines;

namespace Qua2SeDiMo.Labelling;

/// <summary>Multiply-accumulates of layers in one call of the denoiser, for one image.</summary>
internal static class OperationCounts
{
    /// <summary>Multiply-accumulates by weight name, for prompts with the number of tokens of these.</summary>
    internal static IReadOnlyDictionary<string, long> Of(OpenModel model, EncodedPrompts prompts)
    {
        int tokens = prompts
            .Prompts.Inputs.Values.Where(value => value.Shape.Count > 1)
            .Select(value => (int)value.Shape[1])
            .DefaultIfEmpty(1)
            .Max();
        return WeightCost.MultiplyAccumulates(model.Graph, tokens);
    }

    /// <summary>The same for the prompts of a study, which are encoded.</summary>
    /// <exception cref="Q2Exception">The prompts cannot be read or encoded.</exception>
    internal static IReadOnlyDictionary<string, long> Of(OpenModel model, StudyOptions study)
    {
        using var pipeline = new DiffusionPipeline(model.Parts(new InferenceOptions()), model.Tensors);
        return Of(model, pipeline.Encode(study.ReadPrompts(), study.Generation));
    }
}
