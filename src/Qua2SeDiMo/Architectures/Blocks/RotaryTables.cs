using Qua2SeDiMo.Graphs.Ir;

namespace Qua2SeDiMo.Architectures.Blocks;

/// <summary>Cosines and sines of the rotary angles of every token.</summary>
/// <param name="Cos">Cosines, [batch, tokens, width / 2].</param>
/// <param name="Sin">Sines, same shape.</param>
internal sealed record RotaryTables(GraphValue Cos, GraphValue Sin)
{
    /// <summary>Tables of the angles of pairs of channels, [batch, tokens, width / 2].</summary>
    internal static RotaryTables OfAngles(GraphBuilder g, GraphValue angles) => new(g.Cos(angles), g.Sin(angles));

    /// <summary>
    /// Tables in the form of diffusers' pipelines: [tokens, width], each value twice in succession. They are repeated
    /// for each element of the batch.
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

    /// <summary>theta^(−2i / width) for i = 0 … width/2 − 1: angle by which pair i rotates per position.</summary>
    internal static float[] Frequencies(int width, double theta = 10000) =>
        [.. Enumerable.Range(0, width / 2).Select(i => (float)Math.Pow(theta, -2.0 * i / width))];

    /// <summary>Rotates queries or keys, [batch, heads, tokens, width].</summary>
    internal GraphValue Apply(GraphBuilder g, GraphValue x) => g.RotaryEmbedding(x, Cos, Sin);

    /// <summary>Tables of two concatenated token sequences.</summary>
    internal static RotaryTables Concat(GraphBuilder g, RotaryTables first, RotaryTables second) =>
        new(g.Concat(1, first.Cos, second.Cos), g.Concat(1, first.Sin, second.Sin));
}
