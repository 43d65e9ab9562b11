using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Diffusion.Schedulers;

/// <summary>Multistep sampling of latent consistency models (Luo et al., 2023, arXiv 2310.04378, algorithm
/// 3).</summary>
internal sealed class LcmScheduler : IScheduler
{
    private const float SigmaData = 0.5f;

    private readonly ComponentConfig config;
    private readonly NoiseSchedule schedule;
    private readonly PredictionType prediction;
    private readonly SampleClipping clipping;
    private readonly float timestepScaling;
    private float[] timesteps = [];
    private float[] clean = [];

    /// <summary>Builds the scheduler from a <c>scheduler_config.json</c>.</summary>
    /// <exception cref="Q2Exception">A key has a value that is not supported.</exception>
    public LcmScheduler(ComponentConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        this.config = config;
        schedule = NoiseSchedule.From(config, keepsLastPositive: false);
        prediction = ModelOutputs.Type(config);
        clipping = new SampleClipping(config, clipsByDefault: false);
        timestepScaling = (float)config.Number("timestep_scaling", 10);
    }

    /// <inheritdoc/>
    public ReadOnlySpan<float> Timesteps => timesteps;

    /// <inheritdoc/>
    public ReadOnlySpan<float> Sigmas => [];

    /// <inheritdoc/>
    public float InitNoiseSigma => 1;

    /// <inheritdoc/>
    public bool UsesPredictedVariance => false;

    /// <inheritdoc/>
    public void SetTimesteps(int stepCount, SamplingOptions? options = null)
    {
        options ??= new SamplingOptions();
        if (options.Sigmas is not null)
            throw new SchedulerException("LCMScheduler takes a step count or timesteps, not sigmas.");
        int original = options.OriginalStepCount ?? config.Int("original_inference_steps", 50);
        if (original < 1 || original > schedule.TimestepCount)
        {
            throw new SchedulerException(
                $"{config.Source}: {original} original steps; 1 to {schedule.TimestepCount} (num_train_timesteps) are possible."
            );
        }
        if (options.Timesteps is { } own)
        {
            int kept = Math.Min((int)(own.Count * options.Strength), own.Count);
            timesteps = TimestepSpacing.ToSingle(own.Skip(own.Count - kept));
            schedule.RequireSignal(prediction, timesteps, config);
            return;
        }
        int stride = schedule.TimestepCount / original;
        int distilled = (int)(original * options.Strength);
        if (stepCount < 1 || stepCount > distilled)
        {
            throw new SchedulerException(
                $"{config.Source}: {stepCount} steps were asked for; the model was distilled on {distilled}, so 1 "
                    + $"to {distilled} are possible."
            );
        }
        double spacing = distilled / (double)stepCount;
        timesteps =
        [
            .. Enumerable
                .Range(0, stepCount)
                .Select(i => (float)(((distilled - (int)Math.Floor(i * spacing)) * stride) - 1)),
        ];
        schedule.RequireSignal(prediction, timesteps, config);
    }

    /// <inheritdoc/>
    public void ScaleModelInput(ReadOnlySpan<float> sample, int stepIndex, Span<float> destination) =>
        sample.CopyTo(destination);

    /// <inheritdoc/>
    public bool NeedsNoise(int stepIndex) => stepIndex < timesteps.Length - 1;

    /// <inheritdoc/>
    public void Step(
        ReadOnlySpan<float> modelOutput,
        int stepIndex,
        Span<float> sample,
        ReadOnlySpan<float> noise,
        int imageCount
    )
    {
        if (clean.Length != sample.Length)
            clean = new float[sample.Length];
        int timestep = (int)timesteps[stepIndex];
        float product = schedule.AlphaProductAt(timestep);
        ModelOutputs.ToSample(prediction, MathF.Sqrt(product), MathF.Sqrt(1 - product), sample, modelOutput, clean);
        clipping.Apply(clean, imageCount);

        // At timestep 0 the consistency function returns the sample itself (equation 9).
        float scaled = timestep * timestepScaling;
        float square = (scaled * scaled) + (SigmaData * SigmaData);
        ModelOutputs.LinearCombination(
            SigmaData * SigmaData / square,
            sample,
            scaled / MathF.Sqrt(square),
            clean,
            sample
        );
        if (!NeedsNoise(stepIndex))
            return;
        float next = schedule.AlphaProductAt((int)timesteps[stepIndex + 1]);
        ModelOutputs.LinearCombination(MathF.Sqrt(next), sample, MathF.Sqrt(1 - next), noise, sample);
    }
}
