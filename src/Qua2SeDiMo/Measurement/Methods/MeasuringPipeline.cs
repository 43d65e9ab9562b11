using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Quantizers;

namespace Qua2SeDiMo.Measurement.Methods;

/// <summary>A pipeline with full-precision weights, and the prompts and noise of the images that are
/// measured.</summary>
internal sealed class MeasuringPipeline : IDisposable
{
    private readonly EncodedPrompts prompts;
    private readonly StudyOptions study;

    internal MeasuringPipeline(OpenModel model, MeasureOptions options)
    {
        (Model, Options, study) = (model, options, options.Study);
        Binding = model.CreateBinding();
        Pipeline = new DiffusionPipeline(model.Parts(new InferenceOptions(), study.Rounded), model.Tensors, Binding);
        prompts = Pipeline.Encode(study.ReadPrompts(), study.Generation);
    }

    internal OpenModel Model { get; }

    internal MeasureOptions Options { get; }

    internal WeightBinding Binding { get; }

    internal DiffusionPipeline Pipeline { get; }

    internal GenerationRequest Request => study.Generation;

    /// <summary>Number of denoiser calls of a run.</summary>
    internal int StepCount => Pipeline.CallCount(Request);

    /// <summary>The same pipeline with inputs of layers rounded; the caller disposes it.</summary>
    internal DiffusionPipeline WithRounded(ActivationAllocation activations) =>
        new(Model.Parts(new InferenceOptions(), activations), Model.Tensors, Binding);

    /// <summary>Prompts of consecutive images.</summary>
    internal EncodedPrompts Prompts(int first, int count) => prompts.Slice(first, count);

    /// <summary>Noise of consecutive images, from its beginning.</summary>
    internal SeededNoise Noise(int first, int count) => new([.. study.ImageSeeds.Skip(first).Take(count)]);

    public void Dispose()
    {
        Pipeline.Dispose();
        Binding.Dispose();
    }
}
