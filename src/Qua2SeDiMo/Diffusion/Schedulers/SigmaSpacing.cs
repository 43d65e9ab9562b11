using MathNet.Numerics.Distributions;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Diffusion.Schedulers;

/// <summary>Noise levels spaced by a formula instead of by timesteps, descending, in double precision.</summary>
internal static class SigmaSpacing
{
    private const double KarrasRho = 7;
    private const double BetaShape = 0.6;

    /// <summary>The formula that a configuration selects: karras, exponential, beta or lu; null for none.</summary>
    /// <exception cref="SchedulerException">The configuration selects more than one.</exception>
    public static string? Law(ComponentConfig config)
    {
        (string Law, string Key)[] keys =
        [
            ("karras", "use_karras_sigmas"),
            ("lu", "use_lu_lambdas"),
            ("exponential", "use_exponential_sigmas"),
            ("beta", "use_beta_sigmas"),
        ];
        (string Law, string Key)[] asked = [.. keys.Where(entry => config.Flag(entry.Key, false))];
        return asked.Length <= 1
            ? asked.FirstOrDefault().Law
            : throw new SchedulerException(
                $"{config.Source}: {string.Join(" and ", asked.Select(entry => entry.Key))} exclude each other; set one of them."
            );
    }

    /// <summary>Spreads levels between two ends.</summary>
    /// <param name="law">karras, exponential, beta or lu.</param>
    /// <param name="largest">First level; except for lu, sigma_max of the configuration takes precedence.</param>
    /// <param name="smallest">Last level; except for lu, sigma_min of the configuration takes precedence.</param>
    /// <param name="count">Number of levels.</param>
    /// <param name="config">Keys sigma_min and sigma_max.</param>
    public static double[] Spread(string law, double largest, double smallest, int count, ComponentConfig config)
    {
        if (law == "lu")
            return Lu(largest, smallest, count);
        double maximum = config.NumberOrNull("sigma_max") ?? largest;
        double minimum = config.NumberOrNull("sigma_min") ?? smallest;
        return law switch
        {
            "karras" => Karras(maximum, minimum, count),
            "exponential" =>
            [
                .. TimestepSpacing.Linspace(Math.Log(maximum), Math.Log(minimum), count).Select(Math.Exp),
            ],
            "beta" =>
            [
                .. TimestepSpacing
                    .Linspace(0, 1, count)
                    .Select(time => minimum + (BetaQuantile(1 - time) * (maximum - minimum))),
            ],
            _ => throw new ArgumentOutOfRangeException(nameof(law), law, "Unknown law of noise levels."),
        };
    }

    /// <summary>Fractional training timestep of a noise level, by linear interpolation in the logarithm of the
    /// level.</summary>
    /// <param name="sigma">The level.</param>
    /// <param name="logSigmas">Logarithms of the training levels, ascending.</param>
    public static double TimestepOf(double sigma, ReadOnlySpan<float> logSigmas)
    {
        if (logSigmas.Length == 1)
            return 0;
        double logSigma = Math.Log(Math.Max(sigma, 1e-10));
        int low = 0;
        for (int i = 0; i < logSigmas.Length; i++)
        {
            if (logSigma >= logSigmas[i])
                low = i;
        }
        low = Math.Min(low, logSigmas.Length - 2);
        double weight = Math.Clamp((logSigmas[low] - logSigma) / (logSigmas[low] - logSigmas[low + 1]), 0, 1);
        return ((1 - weight) * low) + (weight * (low + 1));
    }

    /// <summary>Value at a fractional index of a table, by linear interpolation; the end values outside of
    /// it.</summary>
    public static double Interpolate(double index, ReadOnlySpan<float> table)
    {
        if (index <= 0)
            return table[0];
        if (index >= table.Length - 1)
            return table[^1];
        int low = (int)index;
        return ((table[low + 1] - (double)table[low]) * (index - low)) + table[low];
    }

    // Karras et al., NeurIPS 2022, equation 5.
    private static double[] Karras(double maximum, double minimum, int count)
    {
        double first = Math.Pow(maximum, 1 / KarrasRho),
            last = Math.Pow(minimum, 1 / KarrasRho);
        return
        [
            .. TimestepSpacing
                .Linspace(0, 1, count)
                .Select(ramp => Math.Pow(first + (ramp * (last - first)), KarrasRho)),
        ];
    }

    // Uniform in log signal-to-noise (Lu et al., NeurIPS 2022); the ends are single-precision logarithms, as in
    // diffusers.
    private static double[] Lu(double largest, double smallest, int count)
    {
        double first = MathF.Log((float)largest),
            last = MathF.Log((float)smallest);
        return [.. TimestepSpacing.Linspace(0, 1, count).Select(ramp => Math.Exp(first + (ramp * (last - first))))];
    }

    // "Beta Sampling is All You Need" (Lee et al., 2024) uses shapes 0.6 and 0.6.
    private static double BetaQuantile(double probability) =>
        probability <= 0 ? 0
        : probability >= 1 ? 1
        : Beta.InvCDF(BetaShape, BetaShape, probability);
}
