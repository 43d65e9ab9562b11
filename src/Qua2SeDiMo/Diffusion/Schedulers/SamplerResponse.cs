using Qua2SeDiMo.Numerics;

namespace Qua2SeDiMo.Diffusion.Schedulers;

/// <summary>
/// How the latents of a sampling run answer to its predictions. Schedulers are linear in the starting latents and in
/// all guided predictions, also those that use earlier predictions again; so the scheduler itself, run on single
/// numbers, gives every coefficient.
/// </summary>
internal sealed class SamplerResponse
{
    // Of single precision over a whole run.
    private const double Allowed = 1e-3;

    private readonly float[,] toPrediction;
    private readonly float[] toNoise;
    private readonly float[] inputScale;

    private SamplerResponse(float[,] toPrediction, float[] toNoise, float[] inputScale) =>
        (this.toPrediction, this.toNoise, this.inputScale) = (toPrediction, toNoise, inputScale);

    /// <summary>Calls of the run.</summary>
    internal int StepCount => inputScale.Length;

    /// <summary>What the latents before step <paramref name="at"/> (or the final ones) move by when prediction
    /// <paramref name="step"/> moves by 1, all other predictions held.</summary>
    internal float ToPrediction(int at, int step) => toPrediction[at, step];

    /// <summary>The same for the starting noise.</summary>
    internal float ToNoise(int at) => toNoise[at];

    /// <summary>What the latents are multiplied by on their way into a call.</summary>
    internal float InputScale(int step) => inputScale[step];

    /// <summary>Measures a scheduler.</summary>
    /// <param name="scheduler">It is set to other timesteps and run; a run in progress ends.</param>
    /// <param name="stepCount">Steps asked for.</param>
    /// <param name="options">As for the run.</param>
    /// <exception cref="SchedulerException">The scheduler is not linear (it clips samples), or uses a predicted
    /// variance.</exception>
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
        // Not ≤, so that NaN counts as unsuitable too.
        if (!(Math.Abs(sum - run[StepCount]) <= Allowed * size))
            throw Unsuitable("is not linear in its predictions; samples are clipped or thresholded");
    }

    private static SchedulerException Unsuitable(string why) =>
        new(
            $"The scheduler {why}, so that nothing can be pulled back through a whole run. Measure single calls instead."
        );

    // Latents before each step and after the last, of one number, without the noise of steps.
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
