using Qua2SeDiMo.Numerics;

namespace Qua2SeDiMo.Diffusion.Schedulers;

/// <summary>
/// Coefficients of the latents of a sampling run in its starting noise and predictions. Schedulers are linear in both,
/// including multistep ones, so running the scheduler on single numbers gives every coefficient.
/// </summary>
internal sealed class SamplerResponse
{
    // Largest relative deviation from linearity that rounding in single precision explains over a whole run.
    private const double Allowed = 1e-3;

    private readonly float[,] toPrediction;
    private readonly float[] toNoise;
    private readonly float[] inputScale;

    private SamplerResponse(float[,] toPrediction, float[] toNoise, float[] inputScale) =>
        (this.toPrediction, this.toNoise, this.inputScale) = (toPrediction, toNoise, inputScale);

    /// <summary>Number of denoiser calls of the run.</summary>
    internal int StepCount => inputScale.Length;

    /// <summary>Derivative of the latents before step <paramref name="at"/> (the final latents when
    /// <paramref name="at"/> is <see cref="StepCount"/>) by prediction <paramref name="step"/>, with all other
    /// predictions fixed.</summary>
    internal float ToPrediction(int at, int step) => toPrediction[at, step];

    /// <summary>Derivative of the latents before step <paramref name="at"/> by the starting noise.</summary>
    internal float ToNoise(int at) => toNoise[at];

    /// <summary>Factor between the latents and the denoiser's input at a step.</summary>
    internal float InputScale(int step) => inputScale[step];

    /// <summary>Computes the response of a scheduler.</summary>
    /// <param name="scheduler">The scheduler; it is run, which ends any loop in progress.</param>
    /// <param name="stepCount">Number of inference steps.</param>
    /// <param name="options">Sampling options of the run.</param>
    /// <exception cref="SchedulerException">The scheduler is not linear (it clips or thresholds samples), or uses a
    /// predicted variance.</exception>
    internal static SamplerResponse Of(IScheduler scheduler, int stepCount, SamplingOptions options)
    {
        if (scheduler.UsesPredictedVariance)
            throw Unsuitable("uses a variance that the denoiser predicts");
        scheduler.SetTimesteps(stepCount, options);
        int steps = scheduler.Timesteps.Length;
        float[] scales = new float[steps];
        for (int step = 0; step < steps; step++)
        {
            float[] scaled = new float[1];
            scheduler.ScaleModelInput([1f], step, scaled);
            scales[step] = scaled[0];
        }
        float[] none = new float[steps];
        float[] toNoise = Run(scheduler, stepCount, options, 1, none);
        float[,] toPrediction = new float[steps + 1, steps];
        for (int step = 0; step < steps; step++)
        {
            float[] one = new float[steps];
            one[step] = 1;
            float[] run = Run(scheduler, stepCount, options, 0, one);
            for (int at = 0; at <= steps; at++)
                toPrediction[at, step] = run[at];
        }
        var response = new SamplerResponse(toPrediction, toNoise, scales);
        response.RequireLinear(scheduler, stepCount, options);
        return response;
    }

    private void RequireLinear(IScheduler scheduler, int stepCount, SamplingOptions options)
    {
        var random = new Pcg32(1);
        float[] predictions = [.. Enumerable.Range(0, StepCount).Select(_ => 20 * (float)random.NextNormal())];
        float[] run = Run(scheduler, stepCount, options, 10, predictions);
        double size = Math.Abs(10 * toNoise[StepCount]),
            sum = 10 * (double)toNoise[StepCount];
        for (int step = 0; step < StepCount; step++)
        {
            sum += predictions[step] * (double)toPrediction[StepCount, step];
            size += Math.Abs(predictions[step] * (double)toPrediction[StepCount, step]);
        }
        // Negated, so that NaN is also rejected.
        if (!(Math.Abs(sum - run[StepCount]) <= Allowed * size))
            throw Unsuitable("is not linear in its predictions; samples are clipped or thresholded");
    }

    private static SchedulerException Unsuitable(string why) =>
        new(
            $"The scheduler {why}, so that nothing can be pulled back through a whole run. Measure single calls instead."
        );

    // Runs the scheduler on one number, with zero noise in the steps; returns it before each step and after the last.
    private static float[] Run(
        IScheduler scheduler,
        int stepCount,
        SamplingOptions options,
        float noise,
        float[] predictions
    )
    {
        scheduler.SetTimesteps(stepCount, options);
        float[] sample = [noise * scheduler.InitNoiseSigma],
            path = new float[predictions.Length + 1];
        for (int step = 0; step < predictions.Length; step++)
        {
            path[step] = sample[0];
            scheduler.Step([predictions[step]], step, sample, scheduler.NeedsNoise(step) ? [0f] : [], 1);
        }
        path[^1] = sample[0];
        return path;
    }
}
