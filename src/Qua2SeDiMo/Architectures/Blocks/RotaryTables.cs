using Qua2SeDiMo.Graphs.Ir;

namespace Qua2SeDiMo.Architectures.Blocks;

/// <summary>Cosines and sines of the rotary angles of every token.</summary>
/// <param name="Cos">[batch, tokens, width / 2].</param>
/// <param name="Sin">Shaped alike.</param>
internal sealed record RotaryTables(GraphValue Cos, GraphValue Sin)
{
    /// <summary>Angles of pairs of channels, [batch, tokens, width / 2].</summary>
    internal static RotaryTables OfAngles(GraphBuilder g, GraphValue angles) => new(g.Cos(angles), g.Sin(angles));

    /// <summary>
    /// Tables as pipelines of diffusers hand them over: [tokens, width], each value twice in a row. Repeated for each
    /// element of a batch.
    /// </summary>
    internal static RotaryTables OfDoubled(GraphBuilder g, GraphValue cos, GraphValue sin, GraphValue like)
    {
        GraphValue Halve(GraphValue x)
        {
            GraphValue pairs = g.Reshape(x, x[0], x[1].Size / 2, 2);
            return g.RepeatForEach(g.Reshape(g.Slice(pairs, 2, 0, 1), 1, x[0], x[1].Size / 2), like);
        }
        return new RotaryTables(Halve(cos), Halve(sin));
    }

    /// <summary>theta^(−2i / width) for i = 0 … width/2 − 1, the turn of pair i from one position to the
    /// next.</summary>
    internal static float[] Frequencies(int width, double theta = 10000) =>
        [.. Enumerable.Range(0, width / 2).Select(i => (float)Math.Pow(theta, -2.0 * i / width))];

    /// <summary>Turns queries or keys [batch, heads, tokens, width].</summary>
    internal GraphValue Apply(GraphBuilder g, GraphValue x) => g.RotaryEmbedding(x, Cos, Sin);

    /// <summary>Tables of two token sequences set end to end.</summary>
    internal static RotaryTables Concat(GraphBuilder g, RotaryTables first, RotaryTables second) =>
        new(g.Concat(1, first.Cos, second.Cos), g.Concat(1, first.Sin, second.Sin));
}
