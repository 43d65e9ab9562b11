using System.Numerics.Tensors;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Diffusion.Schedulers;

/// <summary>Euler's method with ancestral sampling: each step goes below the scheduled noise level and adds fresh noise
/// to return to it (Crowson, k-diffusion, 2022).</summary>
internal sealed class EulerAncestralScheduler : IScheduler
{
    private readonly EulerTables tables;
    private readonly PredictionType prediction;

    /// <summary>Builds the scheduler from a <c>scheduler_config.json</c>.</summary>
    /// <exception cref="Q2Exception">A key has a value that is not supported.</exception>
    public EulerAncestralScheduler(ComponentConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        tables = new EulerTables(config);
        prediction = ModelOutputs.Type(config);
        if (prediction == PredictionType.Sample)
            throw config.Unsupported("prediction_type", "epsilon and v_prediction are");
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
        if (options is not null)
            SchedulerCatalog.RefuseCustom(options, "EulerAncestralDiscreteScheduler");
        tables.SetPlain(stepCount);
    }

    /// <inheritdoc/>
    public void ScaleModelInput(ReadOnlySpan<float> sample, int stepIndex, Span<float> destination) =>
        EulerScheduler.ScaleBySigma(sample, tables.Sigmas[stepIndex], destination);

    /// <inheritdoc/>
    public bool NeedsNoise(int stepIndex) => true;

    /// <inheritdoc/>
    public void Step(
        ReadOnlySpan<float> modelOutput,
        int stepIndex,
        Span<float> sample,
        ReadOnlySpan<float> noise,
        int imageCount
    )
    {
        float from = tables.Sigmas[stepIndex],
            to = tables.Sigmas[stepIndex + 1];
        float up = MathF.Sqrt(to * to * ((from * from) - (to * to)) / (from * from));
        float down = MathF.Sqrt((to * to) - (up * up));
        EulerScheduler.Advance(prediction, modelOutput, from, from, down - from, sample);
        TensorPrimitives.MultiplyAdd(noise, up, sample, sample);
    }
}
