using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Pipelines;

namespace Qua2SeDiMo.Labelling;

/// <summary>Finds the prompts that are longer than the text encoders of a model accept, before any image is
/// generated.</summary>
internal static class CutPrompts
{
    /// <summary>Prompts and negative prompts that will be truncated, each text once. Reads only tokenizers,
    /// configurations and tensor headers.</summary>
    /// <exception cref="Q2Exception">The model folder is not supported, or the request has an option that its pipeline
    /// does not support.</exception>
    public static IReadOnlyList<CutText> Find(OpenModel model, IReadOnlyList<string> prompts, GenerationRequest request)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(prompts);
        using var pipeline = new DiffusionPipeline(model.Parts(new InferenceOptions()), model.Tensors);
        return pipeline.CutTexts(prompts, request);
    }

    /// <summary>Prompts and negative prompts of a study that will be truncated, each text once.</summary>
    public static IReadOnlyList<CutText> Find(OpenModel model, StudyOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return Find(model, options.ReadPrompts(), options.Generation);
    }
}
