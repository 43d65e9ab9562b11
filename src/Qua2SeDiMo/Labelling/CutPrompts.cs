using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Pipelines;

namespace Qua2SeDiMo.Labelling;

/// <summary>Looks, before any work, which prompts are longer than the text encoders of a model take.</summary>
internal static class CutPrompts
{
    /// <summary>Prompts and negative prompts that lose their ends, each text once; from tokenizers and headers
    /// alone.</summary>
    /// <exception cref="Q2Exception">The folder is not supported, or the request says something that its pipeline does
    /// not take.</exception>
    public static IReadOnlyList<CutText> Find(OpenModel model, IReadOnlyList<string> prompts, GenerationRequest request)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(prompts);
        using var pipeline = new DiffusionPipeline(model.Parts(new InferenceOptions()), model.Tensors);
        return pipeline.CutTexts(prompts, request);
    }

    /// <summary>The same for the prompts of a study.</summary>
    public static IReadOnlyList<CutText> Find(OpenModel model, StudyOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return Find(model, options.ReadPrompts(), options.Generation);
    }
}
