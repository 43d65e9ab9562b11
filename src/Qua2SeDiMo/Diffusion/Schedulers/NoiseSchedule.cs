using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Diffusion.Schedulers;

/// <summary>
/// The variance schedule of training (Ho, Jain, Abbeel, NeurIPS 2020, section 2): βₜ, and the running product ᾱₜ of 1 −
/// βₜ. Everything is in single precision with the product carried in double, as PyTorch computes it, because later
/// differences of logarithms magnify the last digit.
/// </summary>
internal sealed class NoiseSchedule
{
    private const double LargestBeta = 0.999;

    // The smallest positive half-precision number, in place of a product of zero, which would make the first noise
    // level infinite.
    private const float SmallestProduct = 1f / (1 << 24);

    // The first timestep without signal; also correct when the table has SmallestProduct there.
    private readonly int firstWithoutSignal;

    private NoiseSchedule(float[] betas)
    {
        Betas = betas;
        AlphaProducts = RunningProduct(betas);
        int silent = Array.IndexOf(AlphaProducts, 0f);
        firstWithoutSignal = silent < 0 ? betas.Length : silent;
    }

    /// <summary>β of each training timestep.</summary>
    public float[] Betas { get; }

    /// <summary>ᾱ of each training timestep, descending.</summary>
    public float[] AlphaProducts { get; }

    /// <summary>Number of training timesteps.</summary>
    public int TimestepCount => Betas.Length;

    /// <summary>Builds the schedule that a configuration describes.</summary>
    /// <param name="config">Keys num_train_timesteps, beta_start, beta_end, beta_schedule, trained_betas,
    /// rescale_betas_zero_snr.</param>
    /// <param name="keepsLastPositive">Whether a schedule rescaled to zero terminal signal keeps a tiny last product,
    /// which algorithms that use noise levels need.</param>
    public static NoiseSchedule From(ComponentConfig config, bool keepsLastPositive)
    {
        float[] betas = ReadBetas(config);
        if (!config.Flag("rescale_betas_zero_snr", false))
            return new NoiseSchedule(betas);
        var schedule = new NoiseSchedule(RescaleToZeroTerminalSignal(betas));
        if (keepsLastPositive)
            schedule.AlphaProducts[^1] = SmallestProduct;
        return schedule;
    }

    /// <summary>Noise levels sqrt((1 − ᾱ)/ᾱ) of each training timestep, ascending.</summary>
    public float[] Sigmas() => [.. AlphaProducts.Select(product => MathF.Sqrt((1 - product) / product))];

    /// <summary>ᾱ of a training timestep.</summary>
    /// <exception cref="SchedulerException">The timestep is outside of the table.</exception>
    public float AlphaProductAt(int timestep) =>
        timestep >= 0 && timestep < AlphaProducts.Length
            ? AlphaProducts[timestep]
            : throw new SchedulerException(
                $"Timestep {timestep} lies outside of the {AlphaProducts.Length} training timesteps; use fewer "
                    + "steps, or a smaller steps_offset."
            );

    /// <summary>
    /// Rejects loops that begin at pure noise with a model that predicts the noise: x₀ = (x − σ·ε)/α divides by zero,
    /// and the prediction holds no information about the image (Lin et al., WACV 2024, section 3.3).
    /// </summary>
    /// <param name="prediction">Quantity that the denoiser predicts.</param>
    /// <param name="timesteps">Timesteps of the loop.</param>
    /// <param name="config">The configuration, for the error message.</param>
    /// <exception cref="SchedulerException">A timestep has no signal and the denoiser predicts the noise.</exception>
    public void RequireSignal(PredictionType prediction, ReadOnlySpan<float> timesteps, ComponentConfig config)
    {
        if (prediction == PredictionType.Epsilon && FirstSilent(timesteps) is { } silent)
            throw new SchedulerException(
                $"{config.Source}: {Silence(silent, config)}, and prediction_type 'epsilon' has no meaning there: "
                    + "without signal, the noise that a model predicts says nothing of the picture (a division by zero). "
                    + "Models made for such a schedule have prediction_type 'v_prediction'; for others set rescale_betas_zero_snr to false."
            );
    }

    /// <summary>As <see cref="RequireSignal"/>, for algorithms that divide by the signal with every prediction
    /// type.</summary>
    /// <exception cref="SchedulerException">A timestep has no signal.</exception>
    public void RequireAnySignal(ReadOnlySpan<float> timesteps, ComponentConfig config)
    {
        if (FirstSilent(timesteps) is { } silent)
            throw new SchedulerException(
                $"{config.Source}: {Silence(silent, config)}, and {config.ClassName} divides by the signal. "
                    + "Take DDIMScheduler or EulerDiscreteScheduler, or a schedule that keeps some signal."
            );
    }

    private float? FirstSilent(ReadOnlySpan<float> timesteps)
    {
        foreach (float timestep in timesteps)
        {
            // Between two training timesteps the nearer one decides.
            if (MathF.Round(timestep) >= firstWithoutSignal)
                return timestep;
        }
        return null;
    }

    private static string Silence(float timestep, ComponentConfig config)
    {
        string cause = config.Flag("rescale_betas_zero_snr", false)
            ? "rescale_betas_zero_snr is true"
            : "the betas reach 1";
        return FormattableString.Invariant($"timestep {timestep:0.###} has no signal left ({cause})");
    }

    private static float[] ReadBetas(ComponentConfig config)
    {
        if (config.Numbers("trained_betas") is { Length: > 0 } trained)
            return [.. trained.Select(value => (float)value)];
        int count = config.Int("num_train_timesteps", 1000);
        if (count is < 1 or > 1_000_000)
            throw config.Unsupported("num_train_timesteps", "1 to 1,000,000 timesteps are");
        double start = config.Number("beta_start", 0.0001),
            end = config.Number("beta_end", 0.02);
        switch (config.Text("beta_schedule", "linear"))
        {
            case "linear":
                return Linspace((float)start, (float)end, count);
            case "scaled_linear":
                return [.. Linspace((float)Math.Sqrt(start), (float)Math.Sqrt(end), count).Select(root => root * root)];
            case "squaredcos_cap_v2":
                return CosineBetas(count);
            case "sigmoid":
                return
                [
                    .. Linspace(-6, 6, count)
                        .Select(x => (1f / (1f + MathF.Exp(-x)) * (float)(end - start)) + (float)start),
                ];
            default:
                throw config.Unsupported("beta_schedule", "linear, scaled_linear, squaredcos_cap_v2 and sigmoid are");
        }
    }

    // Cosine schedule of Nichol and Dhariwal (ICML 2021), equation 17.
    private static float[] CosineBetas(int count)
    {
        float[] betas = new float[count];
        for (int i = 0; i < count; i++)
        {
            double ratio = AlphaBar((i + 1) / (double)count) / AlphaBar(i / (double)count);
            betas[i] = (float)Math.Min(1 - ratio, LargestBeta);
        }
        return betas;

        static double AlphaBar(double time)
        {
            double cosine = Math.Cos((time + 0.008) / 1.008 * Math.PI / 2);
            return cosine * cosine;
        }
    }

    // Lin et al., "Common Diffusion Noise Schedules and Sample Steps are Flawed" (WACV 2024), algorithm 1.
    private static float[] RescaleToZeroTerminalSignal(float[] betas)
    {
        float[] roots = [.. RunningProduct(betas).Select(MathF.Sqrt)];
        float first = roots[0],
            last = roots[^1];
        float scale = first / (first - last);
        float[] rescaled = new float[betas.Length];
        float previous = 1;
        for (int i = 0; i < betas.Length; i++)
        {
            float root = (roots[i] - last) * scale;
            float product = root * root;
            rescaled[i] = 1 - (product / previous);
            previous = product;
        }
        return rescaled;
    }

    private static float[] RunningProduct(float[] betas)
    {
        double product = 1;
        float[] products = new float[betas.Length];
        for (int i = 0; i < betas.Length; i++)
            products[i] = (float)(product *= 1f - betas[i]);
        return products;
    }

    // PyTorch fills the second half from the end, so that both ends are exact.
    private static float[] Linspace(float start, float end, int count)
    {
        float[] values = new float[count];
        if (count == 1)
            return [start];
        float step = (end - start) / (count - 1);
        for (int i = 0; i < count; i++)
            values[i] = i < count / 2 ? start + (step * i) : end - (step * (count - 1 - i));
        return values;
    }
}
