namespace Qua2SeDiMo.Kernels.Convolutions;

/// <summary>
/// How an integer convolution adds up. Ranges of activations belong to input channels, so codes of different channels count different amounts. Input channels whose
/// steps differ by less than a factor of two form a group; inside a group a weight is rounded to 8 bits after it took over its channel's step, in units of the group's
/// largest possible step; the sums of the groups, which are exact, are added in single precision.
/// </summary>
internal sealed class StepGroups
{
    /// <summary>The most groups; the last one holds all steps below 1/32 of the largest.</summary>
    internal const int Most = 6;

    private readonly int[] groupOf;
    private readonly float[] shares;

    /// <summary>Groups channels.</summary>
    /// <param name="steps">Step of each input channel, not negative; NaN where a channel holds a NaN or an infinity.</param>
    internal StepGroups(ReadOnlySpan<float> steps)
    {
        float largest = 0f;
        // A NaN stays.
        foreach (float step in steps) largest = MathF.Max(largest, step);
        (groupOf, shares) = (new int[steps.Length], new float[steps.Length]);
        for (int i = 0; i < Most; i++) Units[i] = MathF.ScaleB(largest, -i);
        for (int channel = 0; channel < steps.Length; channel++)
        {
            int group = 0;
            while (group < Most - 1 && steps[channel] <= Units[group + 1]) group++;
            groupOf[channel] = group;
            shares[channel] = Units[group] == 0f ? 0f : steps[channel] / Units[group];
        }
    }

    /// <summary>What an integer of a group counts, in activation units: its largest possible step.</summary>
    internal float[] Units { get; } = new float[Most];

    /// <summary>The group of an input channel.</summary>
    internal int Of(int channel) => groupOf[channel];

    /// <summary>A channel's step over its group's unit, in [0, 1].</summary>
    internal float Share(int channel) => shares[channel];
}
