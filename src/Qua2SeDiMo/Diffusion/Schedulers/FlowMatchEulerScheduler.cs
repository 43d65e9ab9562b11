using System.Numerics;
using System.Numerics.Tensors;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Diffusion.Schedulers;

/// <summary>Euler's method on the straight path x = (1 − σ)·x₀ + σ·ε, whose velocity ε − x₀ the denoiser predicts
/// (Lipman et al., ICLR 2023; Esser et al., ICML 2024).</summary>
internal sealed class FlowMatchEulerScheduler : IScheduler
{
    private readonly ComponentConfig config;
    private readonly int trainCount;
    private readonly double shift;
    private readonly bool isStochastic;
    private float[] timesteps = [];
    private float[] sigmas = [];

    /// <summary>Builds the scheduler from a <c>scheduler_config.json</c>.</summary>
    /// <exception cref="Q2Exception">A key has a value that is not supported.</exception>
    public FlowMatchEulerScheduler(ComponentConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        this.config = config;
        trainCount = config.Int("num_train_timesteps", 1000);
        if (trainCount is < 1 or > 1_000_000)
            throw config.Unsupported("num_train_timesteps", "1 to 1,000,000 timesteps are");
        shift = config.Number("shift", 1);
        isStochastic = config.Flag("stochastic_sampling", false);
    }

    /// <inheritdoc/>
    public ReadOnlySpan<float> Timesteps => timesteps;

    /// <inheritdoc/>
    public ReadOnlySpan<float> Sigmas => sigmas;

    /// <inheritdoc/>
    public float InitNoiseSigma => 1;

    /// <inheritdoc/>
    public bool UsesPredictedVariance => false;

    /// <inheritdoc/>
    public void SetTimesteps(int stepCount, SamplingOptions? options = null)
    {
        options ??= new SamplingOptions();
        stepCount = options.StepCount(stepCount);
        bool isDynamic = config.Flag("use_dynamic_shifting", false);
        if (isDynamic && options.Mu is null)
            throw new SchedulerException(
                $"{config.Source}: use_dynamic_shifting needs mu, which follows from the image size."
            );
        if (
            options.Sigmas is not null
            && options.Timesteps is not null
            && options.Sigmas.Count != options.Timesteps.Count
        )
        {
            throw new SchedulerException(
                $"{options.Sigmas.Count} sigmas and {options.Timesteps.Count} timesteps were given; one of each per step is expected."
            );
        }
        double[] levels = Unshifted(stepCount, isDynamic, options);
        // Given levels are single precision, as in diffusers: the timesteps derived from them magnify the last digit.
        bool isSingle = options.Sigmas is not null || options.Timesteps is not null;
        levels =
        [
            .. levels.Select(level =>
                isSingle ? Shift((float)level, isDynamic, options) : Shift(level, isDynamic, options)
            ),
        ];
        levels = FlowShift.StretchToTerminal(config, levels);
        if (SigmaSpacing.Law(config) is { } law)
            levels = SigmaSpacing.Spread(law, levels[0], levels[^1], levels.Length, config);

        bool isInverted = config.Flag("invert_sigmas", false);
        float[] used = TimestepSpacing.ToSingle(levels);
        if (isInverted)
            used = [.. used.Select(level => 1 - level)];
        sigmas = [.. used, isInverted ? 1f : 0f];
        timesteps =
            options.Timesteps is { } own && !isInverted
                ? TimestepSpacing.ToSingle(own)
                : [.. used.Select(level => level * trainCount)];
    }

    /// <inheritdoc/>
    public void ScaleModelInput(ReadOnlySpan<float> sample, int stepIndex, Span<float> destination) =>
        sample.CopyTo(destination);

    /// <inheritdoc/>
    public bool NeedsNoise(int stepIndex) => isStochastic;

    /// <inheritdoc/>
    public void Step(
        ReadOnlySpan<float> modelOutput,
        int stepIndex,
        Span<float> sample,
        ReadOnlySpan<float> noise,
        int imageCount
    )
    {
        float sigma = sigmas[stepIndex],
            next = sigmas[stepIndex + 1];
        if (!isStochastic)
        {
            TensorPrimitives.MultiplyAdd(modelOutput, next - sigma, sample, sample);
            return;
        }
        // The predicted clean sample is mixed with fresh noise.
        ModelOutputs.LinearCombination(1 - next, sample, -sigma * (1 - next), modelOutput, sample);
        TensorPrimitives.MultiplyAdd(noise, next, sample, sample);
    }

    private T Shift<T>(T level, bool isDynamic, SamplingOptions options)
        where T : IFloatingPointIeee754<T> =>
        isDynamic ? FlowShift.Dynamic(config, options.Mu!.Value, level) : FlowShift.By(T.CreateChecked(shift), level);

    // Levels before the shift. As in diffusers, a fixed shift is applied twice: here to the two ends, later to all
    // levels.
    private double[] Unshifted(int stepCount, bool isDynamic, SamplingOptions options)
    {
        if (options.Sigmas is { } given)
            return [.. given.Select(level => (double)(float)level)];
        if (options.Timesteps is { } own)
            return [.. own.Select(timestep => (double)((float)timestep / trainCount))];
        double largest = 1,
            smallest = 1f / trainCount;
        if (!isDynamic)
            (largest, smallest) = ((float)FlowShift.By(shift, largest), (float)FlowShift.By(shift, smallest));
        return
        [
            .. TimestepSpacing
                .Linspace(largest * trainCount, smallest * trainCount, stepCount)
                .Select(timestep => timestep / trainCount),
        ];
    }
}
