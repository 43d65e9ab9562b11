namespace Qua2SeDiMo.Kernels.Convolutions;

/// <summary>
/// Groups of input channels whose integer products may be summed. Each input channel has its own activation scale, so
/// codes of different channels have different units. Channels whose scales differ by less than a factor of two form a
/// group. Inside a group the activation scale is folded into the weight, which is then rounded to 8 bits in units of
/// the group's largest possible scale; the exact integer sums of the groups are added in single precision.
/// </summary>
internal sealed class ScaleGroups
{
    /// <summary>Number of groups; the last one holds all scales up to 1/32 of the largest.</summary>
    internal const int Max = 6;

    private readonly int[] groupOf;
    private readonly float[] shares;

    /// <summary>Assigns each channel to a group by its scale.</summary>
    /// <param name="scales">Activation scale of each input channel, not negative; NaN where a channel holds a NaN or an
    /// infinity.</param>
    internal ScaleGroups(ReadOnlySpan<float> scales)
    {
        float largest = 0f;
        // MathF.Max propagates a NaN, which then reaches all units.
        foreach (float scale in scales)
            largest = MathF.Max(largest, scale);
        (groupOf, shares) = (new int[scales.Length], new float[scales.Length]);
        for (int i = 0; i < Max; i++)
            Units[i] = MathF.ScaleB(largest, -i);
        for (int channel = 0; channel < scales.Length; channel++)
        {
            int group = 0;
            while (group < Max - 1 && scales[channel] <= Units[group + 1])
                group++;
            groupOf[channel] = group;
            shares[channel] = Units[group] == 0f ? 0f : scales[channel] / Units[group];
        }
    }

    /// <summary>The unit of a group's integers, in activation units: its largest possible scale.</summary>
    internal float[] Units { get; } = new float[Max];

    /// <summary>The group of an input channel.</summary>
    internal int Of(int channel) => groupOf[channel];

    /// <summary>A channel's scale over its group's unit, in [0, 1].</summary>
    internal float Share(int channel) => shares[channel];
}
