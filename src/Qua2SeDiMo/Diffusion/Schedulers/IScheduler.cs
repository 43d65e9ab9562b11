namespace Qua2SeDiMo.Diffusion.Schedulers;

/// <summary>
/// A sampling algorithm: computes the previous sample from model output, timestep and sample. One object runs one
/// denoising loop at a time: <see cref="SetTimesteps"/> starts a loop, then <see cref="Step"/> is called once per entry
/// of <see cref="Timesteps"/>, in order.
/// </summary>
internal interface IScheduler
{
    /// <summary>Timestep of each denoiser call, in units of training timesteps; some algorithms have more calls than
    /// steps.</summary>
    ReadOnlySpan<float> Timesteps { get; }

    /// <summary>Noise level before each call and after the last; empty for algorithms that use only cumulative
    /// alphas.</summary>
    ReadOnlySpan<float> Sigmas { get; }

    /// <summary>Standard deviation of the starting latents; unit noise is multiplied by it.</summary>
    float InitNoiseSigma { get; }

    /// <summary>Whether <see cref="Step"/> takes the variance that the denoiser predicts besides the noise; otherwise
    /// the caller drops it.</summary>
    bool UsesPredictedVariance { get; }

    /// <summary>Starts a loop.</summary>
    /// <param name="stepCount">Number of inference steps, from 1; ignored when <paramref name="options"/> list
    /// timesteps or sigmas.</param>
    /// <param name="options">Options beyond the configuration; null for the defaults.</param>
    /// <exception cref="SchedulerException">The configuration does not support the step count or the
    /// options.</exception>
    void SetTimesteps(int stepCount, SamplingOptions? options = null);

    /// <summary>Writes the scaled sample that the denoiser takes as input.</summary>
    /// <param name="sample">Current latents.</param>
    /// <param name="stepIndex">Index into <see cref="Timesteps"/>.</param>
    /// <param name="destination">Same length as <paramref name="sample"/>; may be the same memory.</param>
    void ScaleModelInput(ReadOnlySpan<float> sample, int stepIndex, Span<float> destination);

    /// <summary>Whether the step needs unit noise.</summary>
    bool NeedsNoise(int stepIndex);

    /// <summary>Advances the sample by one step, in place.</summary>
    /// <param name="modelOutput"> Same length as the sample; twice that when <see cref="UsesPredictedVariance"/> (per
    /// image: first the prediction, then the variance).
    /// </param>
    /// <param name="stepIndex">Index into <see cref="Timesteps"/>; steps are taken in order.</param>
    /// <param name="sample">Latents of all images, [imageCount, …]; overwritten.</param>
    /// <param name="noise">Unit normals of the sample's length when <see cref="NeedsNoise"/>; otherwise not
    /// read.</param>
    /// <param name="imageCount">Images in the batch.</param>
    void Step(
        ReadOnlySpan<float> modelOutput,
        int stepIndex,
        Span<float> sample,
        ReadOnlySpan<float> noise,
        int imageCount
    );
}
