using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Models;

namespace Qua2SeDiMo.Diffusion;

/// <summary>The parts from which a pipeline is built.</summary>
/// <param name="Folder">The folder.</param>
/// <param name="OpenTensors">Opens the tensors of a component; a packed denoiser needs another reader than safetensors
/// files.</param>
/// <param name="DenoiserGraph">Builds the denoiser's graph for a height and width of the latents.</param>
/// <param name="Inference">Options of every inference session, such as threads.</param>
internal sealed record PipelineParts(
    ModelFolder Folder,
    Func<ModelComponent, ITensorSource> OpenTensors,
    Func<int, int, Graph> DenoiserGraph,
    InferenceOptions Inference
)
{
    /// <summary>Tokens per text for encoders that take any number; null for the default of the pipeline
    /// class.</summary>
    public int? TextLength { get; init; }

    /// <summary>Whether the denoiser has an input of that name.</summary>
    internal bool DenoiserTakes(string input)
    {
        SampleSize sample = SampleSize.Of(Folder.Denoiser.ReadConfig());
        return DenoiserGraph(sample.Height, sample.Width).Inputs.Any(declared => declared.Name == input);
    }
}
