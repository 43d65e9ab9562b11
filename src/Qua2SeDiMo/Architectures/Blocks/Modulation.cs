using Qua2SeDiMo.Graphs.Ir;

namespace Qua2SeDiMo.Architectures.Blocks;

/// <summary>Norms whose scale and shift come from a condition (adaptive layer norm, Peebles and Xie, 2023).</summary>
internal static class Modulation
{
    /// <summary>x·(1 + scale) + shift; shift and scale are [batch, 1, width] or broadcast to it.</summary>
    internal static GraphValue Apply(GraphBuilder g, GraphValue x, GraphValue shift, GraphValue scale) =>
        g.Add(g.Multiply(x, g.Add(scale, 1f)), shift);

    /// <summary>linear(SiLU(condition)), cut into equal chunks [batch, 1, chunk width].</summary>
    /// <param name="g">The graph builder.</param>
    /// <param name="module">Path of the module that contains <c>linear</c>.</param>
    /// <param name="condition">The condition, [batch, width].</param>
    /// <param name="width">Channels of one chunk.</param>
    /// <param name="count">Number of chunks.</param>
    /// <param name="bias">Whether the layer has a bias.</param>
    internal static IReadOnlyList<GraphValue> Chunks(
        GraphBuilder g,
        string module,
        GraphValue condition,
        long width,
        int count,
        bool bias = true
    )
    {
        using GraphBuilder.ModuleScope scope = g.Scope(module);
        return g.Chunk(g.Unsqueeze(g.Linear("linear", g.Silu(condition), count * width, bias), 1), count, -1);
    }

    /// <summary>The norm before an output projection: plain layer norm, modulated by the condition. The linear layer
    /// gives the scale first, then the shift.</summary>
    internal static GraphValue Continuous(
        GraphBuilder g,
        string module,
        GraphValue x,
        GraphValue condition,
        double epsilon = 1e-6
    )
    {
        IReadOnlyList<GraphValue> chunks = Chunks(g, module, condition, x[-1].Size, 2);
        return Apply(g, g.LayerNorm($"{module}.norm", x, epsilon, affine: false), chunks[1], chunks[0]);
    }
}
