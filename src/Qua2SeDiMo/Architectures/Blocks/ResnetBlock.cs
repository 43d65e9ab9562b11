using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Architectures.Blocks;

/// <summary>Settings shared by the residual blocks of one network.</summary>
/// <param name="Config">Configuration that names the activation under <c>act_fn</c>.</param>
/// <param name="Groups">Groups of the group norms.</param>
/// <param name="Epsilon">Epsilon of the group norms.</param>
internal sealed record ResnetSettings(ComponentConfig Config, int Groups, double Epsilon)
{
    /// <summary>Whether the time embedding scales and shifts the result of the second norm instead of being added
    /// before it.</summary>
    internal bool TimeScalesNorm { get; init; }

    /// <summary>The network's activation.</summary>
    internal GraphValue Activate(GraphBuilder g, GraphValue x) => Activation.Apply(g, x, Config, "act_fn", "silu");
}

/// <summary>The residual block of U-Nets and autoencoders: norm, activation, 3 × 3 convolution, twice, with the time
/// embedding between.</summary>
internal static class ResnetBlock
{
    /// <summary>Applies the block.</summary>
    /// <param name="g">The graph builder.</param>
    /// <param name="module">Path of the module below the current scope.</param>
    /// <param name="parts">The input, or values whose concatenation along the channels is the input.</param>
    /// <param name="time">Time embedding [batch, width]; null when the network has none.</param>
    /// <param name="channels">Channels of the result.</param>
    /// <param name="settings">Settings of all blocks.</param>
    /// <param name="outputScale">Divisor of the final sum.</param>
    internal static GraphValue Apply(
        GraphBuilder g,
        string module,
        IReadOnlyList<GraphValue> parts,
        GraphValue? time,
        long channels,
        ResnetSettings settings,
        double outputScale = 1
    )
    {
        using GraphBuilder.ModuleScope scope = g.Scope(module);
        GraphValue x = parts.Count == 1 ? parts[0] : g.Concat(1, parts);
        GraphValue h = g.Conv2d(
            "conv1",
            settings.Activate(g, g.GroupNorm("norm1", x, settings.Groups, settings.Epsilon)),
            channels,
            3,
            padding: 1
        );
        if (time is null)
        {
            h = g.GroupNorm("norm2", h, settings.Groups, settings.Epsilon);
        }
        else if (settings.TimeScalesNorm)
        {
            IReadOnlyList<GraphValue> chunks = g.Chunk(
                g.Unsqueeze(g.Linear("time_emb_proj", settings.Activate(g, time), 2 * channels), 2, 3),
                2,
                1
            );
            h = g.Add(
                g.Multiply(g.GroupNorm("norm2", h, settings.Groups, settings.Epsilon), g.Add(chunks[0], 1f)),
                chunks[1]
            );
        }
        else
        {
            h = g.Add(h, g.Unsqueeze(g.Linear("time_emb_proj", settings.Activate(g, time), channels), 2, 3));
            h = g.GroupNorm("norm2", h, settings.Groups, settings.Epsilon);
        }
        h = g.Conv2d("conv2", settings.Activate(g, h), channels, 3, padding: 1);
        // The shortcut's weight is split between the concatenated inputs, whose values are distributed differently.
        GraphValue shortcut = x[1].Size == channels ? x : g.Conv2dOfConcat("conv_shortcut", parts, channels, 1);
        GraphValue sum = g.Add(shortcut, h);
        return outputScale == 1 ? sum : g.Divide(sum, (float)outputScale);
    }
}
