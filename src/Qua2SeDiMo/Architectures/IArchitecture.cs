using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Architectures;

/// <summary>The part of a model that is built.</summary>
internal enum GraphPart
{
    /// <summary>The forward pass; the only part of denoisers and of text and image encoders.</summary>
    Forward,

    /// <summary>The encoder of an autoencoder: image [batch, 3, height, width] in [−1, 1] to latents.</summary>
    Encode,

    /// <summary>The decoder of an autoencoder: latents to image.</summary>
    Decode,
}

/// <summary>Request to build a graph. Batch and token counts are symbolic extents; image sizes are fixed.</summary>
/// <param name="Config">The component's configuration.</param>
/// <param name="Tensors">The component's checkpoint; only names and shapes are read.</param>
internal sealed record BuildRequest(ComponentConfig Config, ITensorSource Tensors)
{
    /// <summary>The part to build. Default: the forward pass.</summary>
    public GraphPart Part { get; init; } = GraphPart.Forward;

    /// <summary>Height of the image input (latents for denoisers and decoders); null for the configuration's
    /// default.</summary>
    public int? Height { get; init; }

    /// <summary>Width of the image input; null for the configuration's default.</summary>
    public int? Width { get; init; }

    /// <summary>Optional inputs that the caller will provide, for instance <c>attention_mask</c> of CLIP.</summary>
    public IReadOnlyCollection<string> OptionalInputs { get; init; } = [];
}

/// <summary>A family of models: recognizes its configurations and builds their graphs.</summary>
internal interface IArchitecture
{
    /// <summary>Parts of models of this family.</summary>
    IReadOnlyList<GraphPart> Parts { get; }

    /// <summary>Whether a configuration belongs to this family.</summary>
    bool Recognizes(ComponentConfig config);

    /// <summary>Builds the requested part.</summary>
    /// <exception cref="Q2Exception">A setting is not supported, or the checkpoint does not fit the
    /// configuration.</exception>
    Graph Build(BuildRequest request);
}
