using Qua2SeDiMo.Graphs.Ir;

namespace Qua2SeDiMo.Architectures.Blocks;

/// <summary>Operations on one token stream of a two-stream block, modulated by a condition.</summary>
internal static class StreamBlock
{
    /// <summary>Plain layer norm, then scale and shift: the input of attention.</summary>
    /// <param name="g">The graph builder.</param>
    /// <param name="module">Path of the adaptive norm; its inner norm is <c>norm</c>.</param>
    /// <param name="x">[batch, tokens, width].</param>
    /// <param name="shift">[batch, 1, width].</param>
    /// <param name="scale">[batch, 1, width].</param>
    /// <param name="epsilon">Added to the variance.</param>
    internal static GraphValue Normalise(
        GraphBuilder g,
        string module,
        GraphValue x,
        GraphValue shift,
        GraphValue scale,
        double epsilon
    ) => Modulation.Apply(g, g.LayerNorm($"{module}.norm", x, epsilon, affine: false), shift, scale);

    /// <summary>x + gate · feed-forward(modulated norm of x), with tanh GELU and hidden width 4 · width.</summary>
    /// <param name="g">The graph builder.</param>
    /// <param name="norm">Path of the norm.</param>
    /// <param name="module">Path of the feed-forward.</param>
    /// <param name="x">[batch, tokens, width].</param>
    /// <param name="shift">[batch, 1, width].</param>
    /// <param name="scale">[batch, 1, width].</param>
    /// <param name="gate">[batch, 1, width].</param>
    /// <param name="epsilon">Added to the variance.</param>
    internal static GraphValue FeedForward(
        GraphBuilder g,
        string norm,
        string module,
        GraphValue x,
        GraphValue shift,
        GraphValue scale,
        GraphValue gate,
        double epsilon
    )
    {
        long width = x[-1].Size;
        GraphValue normal = Modulation.Apply(g, g.LayerNorm(norm, x, epsilon, affine: false), shift, scale);
        GraphValue fed;
        using (g.Scope(module))
            fed = g.Linear("net.2", g.GeluTanh(g.Linear("net.0.proj", normal, 4 * width)), width);
        return g.Add(x, g.Multiply(gate, fed));
    }
}
