using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Diffusion;

/// <summary>Computes mu, the shift of flow timesteps, which grows linearly with the number of image tokens.</summary>
internal static class SequenceShift
{
    /// <summary>The scheduler's mu; null when its configuration does not use dynamic shifting.</summary>
    /// <param name="scheduler">Keys use_dynamic_shifting, base_image_seq_len, max_image_seq_len, base_shift,
    /// max_shift.</param>
    /// <param name="tokens">Number of image tokens.</param>
    /// <param name="defaultMaximum">max_shift when the configuration has none.</param>
    internal static double? Mu(ComponentConfig scheduler, int tokens, double defaultMaximum)
    {
        if (!scheduler.Flag("use_dynamic_shifting", false))
            return null;
        double baseTokens = scheduler.Number("base_image_seq_len", 256),
            baseShift = scheduler.Number("base_shift", 0.5);
        double slope =
            (scheduler.Number("max_shift", defaultMaximum) - baseShift)
            / (scheduler.Number("max_image_seq_len", 4096) - baseTokens);
        return (tokens * slope) + (baseShift - (slope * baseTokens));
    }
}
