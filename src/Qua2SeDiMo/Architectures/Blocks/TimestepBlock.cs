using Qua2SeDiMo.Graphs.Ir;

namespace Qua2SeDiMo.Architectures.Blocks;

/// <summary>Sinusoidal embedding of numbers (timesteps, sizes) and the small network after it.</summary>
internal static class TimestepBlock
{
    // Frequencies that PyTorch's exponential rounds to the other neighbour: their exact values lie within a hundredth
    // of an ulp of the midpoint between two single-precision numbers. The last bit changes the angle by 3e-5 at
    // timestep 1000, and by 2e-4 at guidance 7.
    private static readonly (int Half, double Shift, int Index, bool Up)[] Ties =
    [
        (128, 0, 13, true),
        (128, 0, 44, true),
        (128, 1, 10, true),
        (128, 1, 52, false),
    ];

    /// <summary>Sines and cosines of t·ω_i with ω_i = 10000^(−i / (half − shift)), i = 0 … half − 1.</summary>
    /// <param name="g">The graph builder.</param>
    /// <param name="t">Numbers, [n].</param>
    /// <param name="channels">Width of the result.</param>
    /// <param name="flip">Whether cosines come first.</param>
    /// <param name="shift">Subtracted from the number of frequencies.</param>
    /// <param name="scale">Factor of the angles.</param>
    /// <returns>[n, channels].</returns>
    internal static GraphValue Sinusoid(
        GraphBuilder g,
        GraphValue t,
        int channels,
        bool flip = true,
        double shift = 0,
        float scale = 1
    )
    {
        int half = channels / 2;
        float[] frequencies = g.Table(half, "the width of the sinusoid");
        float logPeriod = (float)-Math.Log(10000);
        // Single precision at every step, as in the reference: at timestep 999 the last bit of the exponent changes the
        // angle by 1e-4.
        for (int i = 0; i < half; i++)
            frequencies[i] = (float)Math.Exp(logPeriod * i / (float)(half - shift));
        foreach ((_, _, int index, bool up) in Ties.Where(tie => tie.Half == half && tie.Shift == shift))
        {
            frequencies[index] = up ? MathF.BitIncrement(frequencies[index]) : MathF.BitDecrement(frequencies[index]);
        }
        GraphValue angles = g.Multiply(g.Unsqueeze(t, 1), g.Constant(frequencies, 1, half));
        if (scale != 1)
            angles = g.Multiply(angles, scale);
        GraphValue embedding = flip
            ? g.Concat(-1, g.Cos(angles), g.Sin(angles))
            : g.Concat(-1, g.Sin(angles), g.Cos(angles));
        return channels % 2 == 0 ? embedding : g.Pad(embedding, [0, 0], [0, 1]);
    }

    /// <summary>Applies linear_1, an activation and linear_2.</summary>
    /// <param name="g">The graph builder.</param>
    /// <param name="module">Path of the module below the current scope.</param>
    /// <param name="x">[n, channels].</param>
    /// <param name="width">Width of the result.</param>
    /// <param name="activation">The activation; null for SiLU.</param>
    internal static GraphValue Embed(
        GraphBuilder g,
        string module,
        GraphValue x,
        long width,
        Func<GraphValue, GraphValue>? activation = null
    )
    {
        using GraphBuilder.ModuleScope scope = g.Scope(module);
        return g.Linear("linear_2", (activation ?? g.Silu)(g.Linear("linear_1", x, width)), width);
    }
}
