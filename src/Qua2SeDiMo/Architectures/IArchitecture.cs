using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Architectures;

/// <summary>Which of a model's programs is built.</summary>
internal enum GraphPart
{
    /// <summary>The forward pass; all that denoisers and text or image encoders have.</summary>
    Forward,

    /// <summary>The encoder of an autoencoder: image [batch, 3, height, width] in [−1, 1] to latents.</summary>
    Encode,

    /// <summary>The decoder of an autoencoder: latents to image.</summary>
    Decode,
}

/// <summary>What is to be built. Batch and token counts stay open; image sizes are fixed.</summary>
/// <param name="Config">The component's configuration.</param>
/// <param name="Tensors">The component's checkpoint; only names and shapes are read.</param>
internal sealed record BuildRequest(ComponentConfig Config, ITensorSource Tensors)
{
    /// <summary>Which program. Default: the forward pass.</summary>
    public GraphPart Part { get; init; } = GraphPart.Forward;

    /// <summary>Height of the image-like input (latents for denoisers and decoders), or null for the configuration's
    /// own.</summary>
    public int? Height { get; init; }

    /// <summary>Width of the image-like input, or null for the configuration's own.</summary>
    public int? Width { get; init; }

    /// <summary>Inputs that the model can do without and that the caller will give, for instance <c>attention_mask</c>
    /// of CLIP.</summary>
    public IReadOnlyCollection<string> OptionalInputs { get; init; } = [];
}

/// <summary>A family of models: recognises its configurations and records their forward pass.</summary>
internal interface IArchitecture
{
    /// <summary>Programs that a model of this family has.</summary>
    IReadOnlyList<GraphPart> Parts { get; }

    /// <summary>Whether a configuration belongs to this family.</summary>
    bool Recognizes(ComponentConfig config);

    /// <summary>Records the program.</summary>
    /// <exception cref="Q2Exception">A setting is not supported, or the checkpoint does not fit the
    /// configuration.</exception>
    Graph Build(BuildRequest request);
}
