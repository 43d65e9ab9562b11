using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Architectures.Blocks;

/// <summary>Activation functions by the names that configurations use.</summary>
internal static class Activation
{
    /// <summary>Applies the function that a configuration names.</summary>
    /// <param name="g">The graph builder.</param>
    /// <param name="x">Operand.</param>
    /// <param name="config">Configuration that names the function.</param>
    /// <param name="key">Key that holds the name.</param>
    /// <param name="defaultName">Name when the key is missing.</param>
    internal static GraphValue Apply(
        GraphBuilder g,
        GraphValue x,
        ComponentConfig config,
        string key,
        string defaultName
    ) =>
        Apply(g, x, config.Text(key, defaultName))
        ?? throw config.Unsupported(
            key,
            "known are relu, gelu, gelu_new, gelu_pytorch_tanh, quick_gelu, silu, tanh, sigmoid, mish"
        );

    /// <summary>Applies a function by name; null when the name is unknown.</summary>
    internal static GraphValue? Apply(GraphBuilder g, GraphValue x, string name) =>
        name.ToLowerInvariant() switch
        {
            "relu" => g.Relu(x),
            "relu6" => g.Clip(x, 0f, 6f),
            "gelu" or "gelu_python" => g.Gelu(x),
            "gelu_new" or "gelu_fast" or "gelu_pytorch_tanh" or "gelu_accurate" or "gelu-approximate" => g.GeluTanh(x),
            "quick_gelu" => g.QuickGelu(x),
            "silu" or "swish" => g.Silu(x),
            "tanh" => g.Tanh(x),
            "sigmoid" => g.Sigmoid(x),
            "mish" => g.Multiply(x, g.Tanh(g.Softplus(x))),
            "linear" or "identity" => x,
            _ => null,
        };
}
