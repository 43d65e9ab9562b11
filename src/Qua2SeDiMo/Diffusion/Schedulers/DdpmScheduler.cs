using System.Numerics.Tensors;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Diffusion.Schedulers;

/// <summary>
/// Denoising diffusion probabilistic models (Ho, Jain, Abbeel, NeurIPS 2020), ancestral sampling by equation 7 over any
/// subset of timesteps; the variance is fixed, or interpolated between its bounds by the denoiser (Nichol and Dhariwal,
/// ICML 2021, equation 15).
/// </summary>
internal sealed class DdpmScheduler : IScheduler
{
    private const float SmallestVariance = 1e-20f;

    private readonly ComponentConfig config;
    private readonly NoiseSchedule schedule;
    private readonly PredictionType prediction;
    private readonly SampleClipping clipping;
    private readonly VarianceKind kind;
    private float[] timesteps = [];
    private float[] clean = [];
    private float[] spread = [];

    /// <summary>Builds the scheduler from a <c>scheduler_config.json</c>.</summary>
    /// <exception cref="Q2Exception">A key has a value that is not supported.</exception>
    public DdpmScheduler(ComponentConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        this.config = config;
        schedule = NoiseSchedule.From(config, keepsLastPositive: false);
        prediction = ModelOutputs.Type(config);
        clipping = new SampleClipping(config, clipsByDefault: true);
        kind = config.Text("variance_type", "fixed_small") switch
        {
            // The logarithmic variant differs only in rounding.
            "fixed_small" or "fixed_small_log" => VarianceKind.Small,
            "fixed_large" => VarianceKind.Large,
            "learned" => VarianceKind.Learned,
            "learned_range" => VarianceKind.LearnedRange,
            _ => throw config.Unsupported(
                "variance_type",
                "fixed_small, fixed_small_log, fixed_large, learned and learned_range are"
            ),
        };
    }

    private enum VarianceKind
    {
        Small,
        Large,
        Learned,
        LearnedRange,
    }

    /// <inheritdoc/>
    public ReadOnlySpan<float> Timesteps => timesteps;

    /// <inheritdoc/>
    public ReadOnlySpan<float> Sigmas => [];

    /// <inheritdoc/>
    public float InitNoiseSigma => 1;

    /// <inheritdoc/>
    public bool UsesPredictedVariance => kind is VarianceKind.Learned or VarianceKind.LearnedRange;

    /// <inheritdoc/>
    public void SetTimesteps(int stepCount, SamplingOptions? options = null)
    {
        options ??= new SamplingOptions();
        if (options.Sigmas is not null)
            throw new SchedulerException("DDPMScheduler takes a step count or timesteps, not sigmas.");
        int count = options.StepCount(stepCount);
        timesteps = TimestepSpacing.ToSingle(
            options.Timesteps ?? TimestepSpacing.Integers(config, "leading", schedule.TimestepCount, count)
        );
        schedule.RequireSignal(prediction, timesteps, config);
    }

    /// <inheritdoc/>
    public void ScaleModelInput(ReadOnlySpan<float> sample, int stepIndex, Span<float> destination) =>
        sample.CopyTo(destination);

    /// <inheritdoc/>
    public bool NeedsNoise(int stepIndex) => timesteps[stepIndex] > 0;

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
            (clean, spread) = (new float[sample.Length], new float[sample.Length]);
        float product = schedule.AlphaProductAt((int)timesteps[stepIndex]);
        float previous =
            stepIndex + 1 < timesteps.Length && timesteps[stepIndex + 1] >= 0
                ? schedule.AlphaProductAt((int)timesteps[stepIndex + 1])
                : 1;
        float alpha = product / previous,
            beta = 1 - alpha;

        PredictClean(modelOutput, product, sample, imageCount);
        bool addsNoise = NeedsNoise(stepIndex);
        if (addsNoise)
            WriteSpread(modelOutput, previous, product, beta, noise, imageCount);

        float cleanScale = MathF.Sqrt(previous) * beta / (1 - product);
        float sampleScale = MathF.Sqrt(alpha) * (1 - previous) / (1 - product);
        ModelOutputs.LinearCombination(sampleScale, sample, cleanScale, clean, sample);
        if (addsNoise)
            TensorPrimitives.Add(sample, spread, sample);
    }

    private void PredictClean(
        ReadOnlySpan<float> modelOutput,
        float product,
        ReadOnlySpan<float> sample,
        int imageCount
    )
    {
        float alpha = MathF.Sqrt(product),
            sigma = MathF.Sqrt(1 - product);
        int length = sample.Length / imageCount;
        int stride = modelOutput.Length / imageCount;
        for (int i = 0; i < imageCount; i++)
        {
            ModelOutputs.ToSample(
                prediction,
                alpha,
                sigma,
                sample.Slice(i * length, length),
                modelOutput.Slice(i * stride, length),
                clean.AsSpan(i * length, length)
            );
        }
        clipping.Apply(clean, imageCount);
    }

    private void WriteSpread(
        ReadOnlySpan<float> modelOutput,
        float previous,
        float product,
        float beta,
        ReadOnlySpan<float> noise,
        int imageCount
    )
    {
        float small = MathF.Max((1 - previous) / (1 - product) * beta, SmallestVariance);
        if (!UsesPredictedVariance)
        {
            TensorPrimitives.Multiply(noise, MathF.Sqrt(kind == VarianceKind.Large ? beta : small), spread);
            return;
        }
        int length = spread.Length / imageCount;
        if (modelOutput.Length != 2 * spread.Length)
        {
            throw new SchedulerException(
                $"{config.Source}: variance_type says that the denoiser predicts a variance, but its output has "
                    + $"{modelOutput.Length} values for {spread.Length} latents, not twice as many."
            );
        }
        float smallLog = MathF.Log(small),
            largeLog = MathF.Log(beta);
        for (int i = 0; i < spread.Length; i++)
        {
            float predicted = modelOutput[(i / length * 2 * length) + length + (i % length)];
            float share = (predicted + 1) / 2;
            float deviation =
                kind == VarianceKind.Learned
                    ? MathF.Sqrt(predicted)
                    : MathF.Exp(0.5f * ((share * largeLog) + ((1 - share) * smallLog)));
            spread[i] = deviation * noise[i];
        }
    }
}
