namespace Qua2SeDiMo.Diffusion.Schedulers;

/// <summary>Options of one denoising loop beyond the scheduler's configuration. Algorithms ignore options that they do
/// not have, unless stated otherwise.</summary>
internal sealed record SamplingOptions
{
    /// <summary>Timesteps in place of the evenly spaced ones, descending; their number is the step count. Default:
    /// none. Algorithms that do not support them throw.</summary>
    public IReadOnlyList<double>? Timesteps { get; init; }

    /// <summary>Noise levels in place of the computed ones, descending. Default: none. Algorithms that do not support
    /// them throw.</summary>
    public IReadOnlyList<double>? Sigmas { get; init; }

    /// <summary>Logarithm of the timestep shift that depends on the image size (flow matching with dynamic shifting).
    /// Default: none.</summary>
    public double? Mu { get; init; }

    /// <summary>DDIM: share of fresh noise, from 0 (deterministic, the default) to 1 (as DDPM).</summary>
    public double Eta { get; init; }

    /// <summary>DDIM: recompute the noise from the clipped sample. Default: false.</summary>
    public bool UseClippedModelOutput { get; init; }

    /// <summary>Euler: S_churn of Karras et al. 2022, algorithm 2: noise added back at each step. Default: 0.</summary>
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

    /// <summary>Number of steps of the loop: that of the listed timesteps or sigmas, else
    /// <paramref name="stepCount"/>.</summary>
    /// <param name="stepCount">Requested number of steps.</param>
    /// <param name="endsSigmas">Whether listed sigmas include the level after the last step.</param>
    /// <exception cref="SchedulerException">The number of steps is below 1.</exception>
    internal int StepCount(int stepCount, bool endsSigmas = false)
    {
        int count = Timesteps?.Count ?? (Sigmas is { } sigmas ? sigmas.Count - (endsSigmas ? 1 : 0) : stepCount);
        return count > 0
            ? count
            : throw new SchedulerException($"{count} steps were asked for; at least one is needed.");
    }
}
