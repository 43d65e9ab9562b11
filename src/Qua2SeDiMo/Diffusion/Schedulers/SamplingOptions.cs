namespace Qua2SeDiMo.Diffusion.Schedulers;

/// <summary>What a caller may choose for one denoising loop beyond the scheduler's configuration. Every member is
/// ignored by algorithms that do not know it, unless said otherwise.</summary>
internal sealed record SamplingOptions
{
    /// <summary>Timesteps in place of the evenly spaced ones, descending; their number is the step count. Default:
    /// none. An error where the algorithm cannot take them.</summary>
    public IReadOnlyList<double>? Timesteps { get; init; }

    /// <summary>Noise levels in place of the computed ones, descending. Default: none. An error where the algorithm
    /// cannot take them.</summary>
    public IReadOnlyList<double>? Sigmas { get; init; }

    /// <summary>Logarithm of the timestep shift that depends on the image size (flow matching with dynamic shifting).
    /// Default: none.</summary>
    public double? Mu { get; init; }

    /// <summary>DDIM: share of fresh noise, from 0 (deterministic, the default) to 1 (as DDPM).</summary>
    public double Eta { get; init; }

    /// <summary>DDIM: derive the noise again from the clipped sample. Default: false.</summary>
    public bool UseClippedModelOutput { get; init; }

    /// <summary>Euler: noise added back at each step (Karras et al. 2022, algorithm 2). Default: 0.</summary>
    public double Churn { get; init; }

    /// <summary>Euler: smallest noise level at which noise is added back. Default: 0. Ignored when <see cref="Churn"/>
    /// is 0.</summary>
    public double ChurnMinimum { get; init; }

    /// <summary>Euler: largest noise level at which noise is added back. Default: no limit. Ignored when
    /// <see cref="Churn"/> is 0.</summary>
    public double ChurnMaximum { get; init; } = double.PositiveInfinity;

    /// <summary>Euler: standard deviation of the noise added back. Default: 1. Ignored when <see cref="Churn"/> is
    /// 0.</summary>
    public double NoiseScale { get; init; } = 1;

    /// <summary>LCM: length of the schedule that the model was distilled with. Default: the configuration's.</summary>
    public int? OriginalStepCount { get; init; }

    /// <summary>LCM: part of the original schedule that is used, in (0, 1]. Default: 1.</summary>
    public double Strength { get; init; } = 1;

    /// <summary>Steps of the loop: as many as timesteps or sigmas are listed, else
    /// <paramref name="stepCount"/>.</summary>
    /// <param name="stepCount">Steps asked for.</param>
    /// <param name="endsSigmas">Whether listed sigmas include the level after the last step.</param>
    /// <exception cref="SchedulerException">There is no step.</exception>
    internal int StepCount(int stepCount, bool endsSigmas = false)
    {
        int count = Timesteps?.Count ?? (Sigmas is { } sigmas ? sigmas.Count - (endsSigmas ? 1 : 0) : stepCount);
        return count > 0
            ? count
            : throw new SchedulerException($"{count} steps were asked for; at least one is needed.");
    }
}
