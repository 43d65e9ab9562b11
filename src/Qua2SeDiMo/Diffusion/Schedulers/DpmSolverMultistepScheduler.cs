using System.Numerics.Tensors;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Diffusion.Schedulers;

/// <summary>
/// DPM-Solver and DPM-Solver++ in their multistep forms of order 1 to 3, and the stochastic variants (Lu et al.,
/// NeurIPS 2022, arXiv 2206.00927, and arXiv 2211.01095). x = α·x₀ + σ·ε, λ = log(α/σ); a step solves the integral from
/// λₛ to λₜ, h = λₜ − λₛ. The plain algorithm extrapolates predictions of ε, the "++" one predictions of x₀.
/// </summary>
internal sealed class DpmSolverMultistepScheduler : IScheduler
{
    private const int FewSteps = 15;

    private readonly ComponentConfig config;
    private readonly DpmSolverSettings settings;
    private readonly NoiseSchedule schedule;
    private readonly SampleClipping clipping;
    private readonly OutputHistory outputs;
    private float[] timesteps = [];
    private float[] sigmas = [];

    /// <summary>Builds the scheduler from a <c>scheduler_config.json</c>.</summary>
    /// <exception cref="Q2Exception">A key has a value that is not supported.</exception>
    public DpmSolverMultistepScheduler(ComponentConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        this.config = config;
        settings = DpmSolverSettings.From(config);
        schedule = NoiseSchedule.From(config, keepsLastPositive: true);
        clipping = new SampleClipping(config, clipsByDefault: null);
        outputs = new OutputHistory(settings.Order);
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
        (timesteps, sigmas) = DpmSolverTables.Compute(
            config,
            settings,
            schedule,
            stepCount,
            options ?? new SamplingOptions()
        );
        outputs.Clear();
    }

    /// <inheritdoc/>
    public void ScaleModelInput(ReadOnlySpan<float> sample, int stepIndex, Span<float> destination) =>
        sample.CopyTo(destination);

    /// <inheritdoc/>
    public bool NeedsNoise(int stepIndex) => settings.IsStochastic;

    /// <inheritdoc/>
    public void Step(
        ReadOnlySpan<float> modelOutput,
        int stepIndex,
        Span<float> sample,
        ReadOnlySpan<float> noise,
        int imageCount
    )
    {
        if (stepIndex == 0)
            outputs.Clear();
        int earlier = outputs.Count;
        Convert(modelOutput, stepIndex, sample, outputs.Push(sample.Length), imageCount);

        bool few = settings.LowerOrderFinal && timesteps.Length < FewSteps;
        bool isLast = stepIndex == timesteps.Length - 1;
        if (settings.Order == 1 || earlier < 1 || (isLast && (settings.EulerAtFinal || few || settings.EndsAtZero)))
        {
            StepFirstOrder(stepIndex, sample, noise);
        }
        else if (settings.Order == 2 || earlier < 2 || (few && stepIndex == timesteps.Length - 2))
        {
            StepSecondOrder(stepIndex, sample, noise);
        }
        else
        {
            StepThirdOrder(stepIndex, sample, noise);
        }
    }

    private void Convert(
        ReadOnlySpan<float> modelOutput,
        int stepIndex,
        ReadOnlySpan<float> sample,
        Span<float> destination,
        int imageCount
    )
    {
        NoisePoint point = At(stepIndex);
        if (settings.PredictsSample)
        {
            ModelOutputs.ToSample(settings.Prediction, point.Alpha, point.Sigma, sample, modelOutput, destination);
            clipping.Apply(destination, imageCount);
            return;
        }
        ModelOutputs.ToNoise(settings.Prediction, point.Alpha, point.Sigma, sample, modelOutput, destination);
        if (!clipping.IsActive)
            return;
        ModelOutputs.ToSample(PredictionType.Epsilon, point.Alpha, point.Sigma, sample, destination, destination);
        clipping.Apply(destination, imageCount);
        ModelOutputs.NoiseOf(point.Alpha, point.Sigma, sample, destination, destination);
    }

    private void StepFirstOrder(int stepIndex, Span<float> sample, ReadOnlySpan<float> noise)
    {
        StepTerms terms = Terms(At(stepIndex + 1), At(stepIndex));
        ModelOutputs.LinearCombination(terms.SampleScale, sample, terms.OutputScale, outputs[0], sample);
        if (settings.IsStochastic)
            TensorPrimitives.MultiplyAdd(noise, terms.NoiseScale, sample, sample);
    }

    private void StepSecondOrder(int stepIndex, Span<float> sample, ReadOnlySpan<float> noise)
    {
        NoisePoint target = At(stepIndex + 1),
            source = At(stepIndex);
        StepTerms terms = Terms(target, source);
        float h = target.Lambda - source.Lambda;
        float r0 = (source.Lambda - At(stepIndex - 1).Lambda) / h;

        // D1 = (m0 − m1)/r0 enters with half the weight of the output (midpoint), or as its own integral (heun).
        float slope = settings.UsesHeun ? terms.SlopeScale : terms.OutputScale / 2;
        float perDifference = slope * (1 / r0);
        ModelOutputs.LinearCombination(
            terms.SampleScale,
            sample,
            terms.OutputScale + perDifference,
            outputs[0],
            sample
        );
        TensorPrimitives.MultiplyAdd(outputs[1], -perDifference, sample, sample);
        if (settings.IsStochastic)
            TensorPrimitives.MultiplyAdd(noise, terms.NoiseScale, sample, sample);
    }

    private void StepThirdOrder(int stepIndex, Span<float> sample, ReadOnlySpan<float> noise)
    {
        NoisePoint target = At(stepIndex + 1),
            source = At(stepIndex);
        StepTerms terms = Terms(target, source);
        float h = target.Lambda - source.Lambda;
        float before = At(stepIndex - 1).Lambda;
        float r0 = (source.Lambda - before) / h;
        float r1 = (before - At(stepIndex - 2).Lambda) / h;

        // With a = (m0 − m1)/r0 and b = (m1 − m2)/r1: D1 = a + r0/(r0 + r1)·(a − b), D2 = (a − b)/(r0 + r1).
        float share = (terms.SlopeScale * r0 / (r0 + r1)) + (terms.CurvatureScale / (r0 + r1));
        float newer = (terms.SlopeScale + share) / r0;
        float older = -share / r1;
        ModelOutputs.LinearCombination(terms.SampleScale, sample, terms.OutputScale + newer, outputs[0], sample);
        TensorPrimitives.MultiplyAdd(outputs[1], older - newer, sample, sample);
        TensorPrimitives.MultiplyAdd(outputs[2], -older, sample, sample);
        if (settings.IsStochastic)
            TensorPrimitives.MultiplyAdd(noise, terms.NoiseScale, sample, sample);
    }

    private StepTerms Terms(NoisePoint target, NoisePoint source)
    {
        float h = target.Lambda - source.Lambda;
        if (settings.IsStochastic)
            return StochasticTerms(target, source, h);
        if (settings.PredictsSample)
        {
            float decay = MathF.Exp(-h) - 1;
            return new StepTerms(
                target.Sigma / source.Sigma,
                -(target.Alpha * decay),
                target.Alpha * ((decay / h) + 1),
                -(target.Alpha * (((decay + h) / (h * h)) - 0.5f)),
                0
            );
        }
        float growth = MathF.Exp(h) - 1;
        return new StepTerms(
            target.Alpha / source.Alpha,
            -(target.Sigma * growth),
            -(target.Sigma * ((growth / h) - 1)),
            -(target.Sigma * (((growth - h) / (h * h)) - 0.5f)),
            0
        );
    }

    private StepTerms StochasticTerms(NoisePoint target, NoisePoint source, float h)
    {
        if (settings.PredictsSample)
        {
            float gain = 1 - MathF.Exp(-2 * h);
            return new StepTerms(
                target.Sigma / source.Sigma * MathF.Exp(-h),
                target.Alpha * gain,
                target.Alpha * ((gain / (-2 * h)) + 1),
                target.Alpha * (((gain - (2 * h)) / (4 * h * h)) - 0.5f),
                target.Sigma * MathF.Sqrt(gain)
            );
        }
        float growth = MathF.Exp(h) - 1;
        return new StepTerms(
            target.Alpha / source.Alpha,
            -2 * (target.Sigma * growth),
            -2 * (target.Sigma * ((growth / h) - 1)),
            0,
            target.Sigma * MathF.Sqrt(MathF.Exp(2 * h) - 1)
        );
    }

    private NoisePoint At(int index) => NoisePoint.From(sigmas[index], settings.UsesFlow);

    // Factors of the sample, the output, its first and second differences, and the noise.
    private readonly record struct StepTerms(
        float SampleScale,
        float OutputScale,
        float SlopeScale,
        float CurvatureScale,
        float NoiseScale
    );
}
