namespace Qua2SeDiMo.Diffusion.Schedulers;

/// <summary>
/// The algorithm that takes (model output, timestep, sample) to the previous sample. One object serves one denoising
/// loop at a time: <see cref="SetTimesteps"/> starts a loop, then <see cref="Step"/> is called once per entry of
/// <see cref="Timesteps"/>, in order.
/// </summary>
internal interface IScheduler
{
    /// <summary>Timesteps that the denoiser gets at each call, in training-time units; may hold more entries than steps
    /// were asked for.</summary>
    ReadOnlySpan<float> Timesteps { get; }

    /// <summary>Noise level before each call and after the last; empty for algorithms that work on cumulative alphas
    /// alone.</summary>
    ReadOnlySpan<float> Sigmas { get; }

    /// <summary>Standard deviation of the starting latents: unit noise is multiplied by it.</summary>
    float InitNoiseSigma { get; }

    /// <summary>Whether <see cref="Step"/> takes the variance that the denoiser predicts beside the noise; otherwise it
    /// must be cut off before.</summary>
    bool UsesPredictedVariance { get; }

    /// <summary>Starts a loop.</summary>
    /// <param name="stepCount">Inference steps asked for, from 1; ignored when <paramref name="options"/> list
    /// timesteps or sigmas.</param>
    /// <param name="options">What the caller chooses beyond the configuration.</param>
    /// <exception cref="SchedulerException">The configuration cannot serve these options.</exception>
    void SetTimesteps(int stepCount, SamplingOptions? options = null);

    /// <summary>Writes what the denoiser sees in place of the sample.</summary>
    /// <param name="sample">Current latents.</param>
    /// <param name="stepIndex">Index into <see cref="Timesteps"/>.</param>
    /// <param name="destination">As long as <paramref name="sample"/>; may be the same memory.</param>
    void ScaleModelInput(ReadOnlySpan<float> sample, int stepIndex, Span<float> destination);

    /// <summary>Whether the step draws unit noise.</summary>
    bool NeedsNoise(int stepIndex);

    /// <summary>Replaces the sample by the previous one.</summary>
    /// <param name="modelOutput">
    /// As long as the sample; twice as long when <see cref="UsesPredictedVariance"/> (per image: first the prediction,
    /// then the variance).
    /// </param>
    /// <param name="stepIndex">Index into <see cref="Timesteps"/>; steps are taken in order.</param>
    /// <param name="sample">Latents of all images, [imageCount, …]; overwritten.</param>
    /// <param name="noise">Unit normals, as long as the sample, when <see cref="NeedsNoise"/>; otherwise not
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
