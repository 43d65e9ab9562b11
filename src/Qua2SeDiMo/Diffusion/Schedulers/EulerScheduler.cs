using System.Numerics.Tensors;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Diffusion.Schedulers;

/// <summary>Euler's method on the probability-flow equation, with optional noise added back (Karras et al., NeurIPS
/// 2022, algorithm 2 without its second-order correction).</summary>
internal sealed class EulerScheduler : IScheduler
{
    private static readonly double LargestGamma = Math.Sqrt(2) - 1;

    private readonly EulerTables tables;
    private readonly PredictionType prediction;
    private SamplingOptions options = new();

    /// <summary>Builds the scheduler from a <c>scheduler_config.json</c>.</summary>
    /// <exception cref="Q2Exception">A key has a value that is not supported.</exception>
    public EulerScheduler(ComponentConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        tables = new EulerTables(config);
        prediction = ModelOutputs.Type(config);
    }

    /// <inheritdoc/>
    public ReadOnlySpan<float> Timesteps => tables.Timesteps;

    /// <inheritdoc/>
    public ReadOnlySpan<float> Sigmas => tables.Sigmas;

    /// <inheritdoc/>
    public float InitNoiseSigma => tables.InitNoiseSigma;

    /// <inheritdoc/>
    public bool UsesPredictedVariance => false;

    /// <inheritdoc/>
    public void SetTimesteps(int stepCount, SamplingOptions? options = null)
    {
        this.options = options ?? new SamplingOptions();
        tables.Set(stepCount, this.options);
    }

    /// <inheritdoc/>
    public void ScaleModelInput(ReadOnlySpan<float> sample, int stepIndex, Span<float> destination) =>
        ScaleBySigma(sample, tables.Sigmas[stepIndex], destination);

    /// <inheritdoc/>
    public bool NeedsNoise(int stepIndex) => Gamma(stepIndex) > 0;

    /// <inheritdoc/>
    public void Step(
        ReadOnlySpan<float> modelOutput,
        int stepIndex,
        Span<float> sample,
        ReadOnlySpan<float> noise,
        int imageCount
    )
    {
        float sigma = tables.Sigmas[stepIndex];
        float gamma = Gamma(stepIndex);
        float raised = sigma * (gamma + 1);
        if (gamma > 0)
            TensorPrimitives.MultiplyAdd(
                noise,
                (float)options.NoiseScale * MathF.Sqrt((raised * raised) - (sigma * sigma)),
                sample,
                sample
            );
        Advance(prediction, modelOutput, sigma, raised, tables.Sigmas[stepIndex + 1] - raised, sample);
    }

    /// <summary>Writes sample / sqrt(σ² + 1): the variance-preserving sample that the denoiser was trained
    /// on.</summary>
    internal static void ScaleBySigma(ReadOnlySpan<float> sample, float sigma, Span<float> destination) =>
        TensorPrimitives.Divide(sample, MathF.Sqrt((sigma * sigma) + 1), destination);

    /// <summary>Adds <paramref name="step"/> · (x − x₀)/σ to the sample, where σ is the <paramref name="raised"/> noise
    /// level.</summary>
    internal static void Advance(
        PredictionType prediction,
        ReadOnlySpan<float> modelOutput,
        float sigma,
        float raised,
        float step,
        Span<float> sample
    )
    {
        switch (prediction)
        {
            case PredictionType.Epsilon:
                TensorPrimitives.MultiplyAdd(modelOutput, step, sample, sample);
                break;
            case PredictionType.Sample:
                ModelOutputs.LinearCombination(1 + (step / raised), sample, -(step / raised), modelOutput, sample);
                break;
            default:
                // x₀ = x/(σ² + 1) − v·σ/sqrt(σ² + 1), all of it at the scheduled level.
                float square = (sigma * sigma) + 1;
                float rate = step / raised;
                ModelOutputs.LinearCombination(
                    1 + (rate * (1 - (1 / square))),
                    sample,
                    rate * (sigma / MathF.Sqrt(square)),
                    modelOutput,
                    sample
                );
                break;
        }
    }

    private float Gamma(int stepIndex)
    {
        float sigma = tables.Sigmas[stepIndex];
        bool isRaised = sigma >= options.ChurnMinimum && sigma <= options.ChurnMaximum;
        return isRaised ? (float)Math.Min(options.Churn / (tables.Sigmas.Length - 1), LargestGamma) : 0;
    }
}
