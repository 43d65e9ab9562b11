using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Architectures.Blocks;

/// <summary>The feed-forward module of diffusers: net.0.proj, an activation, net.2.</summary>
internal static class FeedForwardBlock
{
    /// <summary>Applies the module.</summary>
    /// <param name="g">The graph builder.</param>
    /// <param name="module">Path of the module below the current scope.</param>
    /// <param name="x">Tokens, […, width].</param>
    /// <param name="config">Configuration that names the activation.</param>
    /// <param name="key">Key that holds its name.</param>
    /// <param name="defaultName">Name when the key is missing.</param>
    /// <param name="inner">Hidden width; null for four times the width.</param>
    internal static GraphValue Apply(
        GraphBuilder g,
        string module,
        GraphValue x,
        ComponentConfig config,
        string key,
        string defaultName,
        long? inner = null
    )
    {
        long width = x[-1].Size;
        long hidden = inner ?? 4 * width;
        string name = config.Text(key, defaultName);
        using GraphBuilder.ModuleScope scope = g.Scope(module);
        GraphValue y = name switch
        {
            "gelu" => g.Gelu(g.Linear("net.0.proj", x, hidden)),
            "gelu-approximate" => g.GeluTanh(g.Linear("net.0.proj", x, hidden)),
            // The first half is the value, the second the gate.
            "geglu" => Gated(g, x, hidden, g.Gelu),
            "swiglu" => Gated(g, x, hidden, g.Silu),
            "geglu-approximate" => g.QuickGelu(g.Linear("net.0.proj", x, hidden)),
            "linear-silu" => g.Silu(g.Linear("net.0.proj", x, hidden)),
            _ => throw config.Unsupported(
                key,
                "known are gelu, gelu-approximate, geglu, geglu-approximate, swiglu, linear-silu"
            ),
        };
        return g.Linear("net.2", y, width);
    }

    private static GraphValue Gated(GraphBuilder g, GraphValue x, long hidden, Func<GraphValue, GraphValue> activation)
    {
        IReadOnlyList<GraphValue> halves = g.Chunk(g.Linear("net.0.proj", x, 2 * hidden), 2, -1);
        return g.Multiply(halves[0], activation(halves[1]));
    }
}
