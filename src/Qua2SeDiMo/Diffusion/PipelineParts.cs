using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Models;

namespace Qua2SeDiMo.Diffusion;

/// <summary>What a pipeline is put together from.</summary>
/// <param name="Folder">The folder.</param>
/// <param name="OpenTensors">Opens the weights of a component; a packed denoiser is opened by another reader than plain
/// safetensors.</param>
/// <param name="DenoiserGraph">Builds the denoiser for latents of a height and width.</param>
/// <param name="Inference">Threads and limits of every session.</param>
internal sealed record PipelineParts(
    ModelFolder Folder,
    Func<ModelComponent, ITensorSource> OpenTensors,
    Func<int, int, Graph> DenoiserGraph,
    InferenceOptions Inference
)
{
    /// <summary>Tokens per text for encoders that take any number; the pipeline class's own when null.</summary>
    public int? TextLength { get; init; }

    /// <summary>Whether the denoiser has an input of that name.</summary>
    internal bool DenoiserTakes(string input)
    {
        SampleSize sample = SampleSize.Of(Folder.Denoiser.ReadConfig());
        return DenoiserGraph(sample.Height, sample.Width).Inputs.Any(declared => declared.Name == input);
    }
}
