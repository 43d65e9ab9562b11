using System.Numerics.Tensors;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Diffusion.Schedulers;

/// <summary>Denoising diffusion implicit models (Song, Meng, Ermon, ICLR 2021), equation 12.</summary>
internal sealed class DdimScheduler : IScheduler
{
    private readonly ComponentConfig config;
    private readonly NoiseSchedule schedule;
    private readonly PredictionType prediction;
    private readonly SampleClipping clipping;
    private readonly float finalAlphaProduct;
    private float[] timesteps = [];
    private float[] clean = [];
    private float[] direction = [];
    private int stride;
    private SamplingOptions options = new();

    /// <summary>Builds the scheduler from a <c>scheduler_config.json</c>.</summary>
    /// <exception cref="Q2Exception">A key has a value that is not supported.</exception>
    public DdimScheduler(ComponentConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        this.config = config;
        schedule = NoiseSchedule.From(config, keepsLastPositive: false);
        prediction = ModelOutputs.Type(config);
        clipping = new SampleClipping(config, clipsByDefault: true);
        finalAlphaProduct = config.Flag("set_alpha_to_one", true) ? 1f : schedule.AlphaProducts[0];
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
        this.options = options ?? new SamplingOptions();
        SchedulerCatalog.RefuseCustom(this.options, nameof(DdimScheduler));
        timesteps = TimestepSpacing.ToSingle(
            TimestepSpacing.Integers(config, "leading", schedule.TimestepCount, stepCount)
        );
        schedule.RequireSignal(prediction, timesteps, config);
        stride = schedule.TimestepCount / stepCount;
    }

    /// <inheritdoc/>
    public void ScaleModelInput(ReadOnlySpan<float> sample, int stepIndex, Span<float> destination) =>
        sample.CopyTo(destination);

    /// <inheritdoc/>
    public bool NeedsNoise(int stepIndex) => options.Eta > 0;

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
            (clean, direction) = (new float[sample.Length], new float[sample.Length]);
        int timestep = (int)timesteps[stepIndex];
        float product = schedule.AlphaProductAt(timestep);
        float previous = timestep - stride >= 0 ? schedule.AlphaProductAt(timestep - stride) : finalAlphaProduct;
        float alpha = MathF.Sqrt(product),
            sigma = MathF.Sqrt(1 - product);

        ModelOutputs.ToSample(prediction, alpha, sigma, sample, modelOutput, clean);
        ModelOutputs.ToNoise(prediction, alpha, sigma, sample, modelOutput, direction);
        clipping.Apply(clean, imageCount);
        if (options.UseClippedModelOutput)
            ModelOutputs.NoiseOf(alpha, sigma, sample, clean, direction);

        // Equation 16: the deviation of the fresh noise.
        float variance = (1 - previous) / (1 - product) * (1 - (product / previous));
        float deviation = (float)options.Eta * MathF.Sqrt(variance);
        float directionScale = MathF.Sqrt(1 - previous - (deviation * deviation));
        ModelOutputs.LinearCombination(MathF.Sqrt(previous), clean, directionScale, direction, sample);
        if (options.Eta > 0)
            TensorPrimitives.MultiplyAdd(noise, deviation, sample, sample);
    }
}
