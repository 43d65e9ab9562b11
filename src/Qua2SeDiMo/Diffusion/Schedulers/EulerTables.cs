using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Diffusion.Schedulers;

/// <summary>Timesteps and noise levels of Euler's method in the variance-exploding view x = x₀ + σ·ε of a trained
/// schedule.</summary>
internal sealed class EulerTables
{
    private readonly ComponentConfig config;
    private readonly NoiseSchedule schedule;

    public EulerTables(ComponentConfig config)
    {
        this.config = config;
        schedule = NoiseSchedule.From(config, keepsLastPositive: true);
    }

    /// <summary>Timesteps passed to the denoiser.</summary>
    public float[] Timesteps { get; private set; } = [];

    /// <summary>Noise level before each step, and after the last one.</summary>
    public float[] Sigmas { get; private set; } = [];

    /// <summary>Deviation of the starting latents: the largest noise level σ, or √(σ² + 1) for leading
    /// spacing.</summary>
    public float InitNoiseSigma
    {
        get
        {
            float largest = Sigmas.Length > 0 ? Sigmas.Max() : schedule.Sigmas()[^1];
            return config.Text("timestep_spacing", "linspace") is "linspace" or "trailing"
                ? largest
                : MathF.Sqrt((largest * largest) + 1);
        }
    }

    /// <summary>Sets evenly spaced timesteps and their trained noise levels; the last level is zero.</summary>
    public void SetPlain(int stepCount)
    {
        double[] timesteps = TimestepSpacing.Fractions(config, "linspace", schedule.TimestepCount, stepCount);
        float[] trained = schedule.Sigmas();
        Timesteps = TimestepSpacing.ToSingle(timesteps);
        schedule.RequireSignal(ModelOutputs.Type(config), Timesteps, config);
        Sigmas = TimestepSpacing.ToSingle(
            timesteps.Select(timestep => SigmaSpacing.Interpolate(timestep, trained)).Append(0)
        );
    }

    /// <summary>Sets timesteps and noise levels with all options of EulerDiscreteScheduler's configuration.</summary>
    public void Set(int stepCount, SamplingOptions options)
    {
        stepCount = options.StepCount(stepCount, endsSigmas: true);
        string? law = SigmaSpacing.Law(config);
        bool isContinuous = IsContinuous();
        float[] trained = schedule.Sigmas();
        float[] logarithms = [.. trained.Select(level => MathF.Log(level))];
        if (options.Sigmas is { } own)
        {
            Sigmas = TimestepSpacing.ToSingle(own);
            Timesteps = TimestepSpacing.ToSingle(
                Sigmas.SkipLast(1).Select(level => SigmaSpacing.TimestepOf(level, logarithms))
            );
        }
        else
        {
            if (options.Timesteps is not null && (law is not null || isContinuous))
            {
                throw new SchedulerException(
                    $"{config.Source}: own timesteps exclude "
                        + $"{(law is null ? "continuous timesteps" : $"noise levels spread by a law ({law})")}."
                );
            }
            double[] timesteps = options.Timesteps is { } given
                ? [.. given]
                : TimestepSpacing.Fractions(config, "linspace", schedule.TimestepCount, stepCount);
            double[] levels = Interpolated(timesteps, trained);
            if (law is not null)
            {
                levels = SigmaSpacing.Spread(law, levels[0], levels[^1], timesteps.Length, config);
                timesteps = [.. levels.Select(level => SigmaSpacing.TimestepOf(level, logarithms))];
            }
            Timesteps = TimestepSpacing.ToSingle(timesteps);
            Sigmas = TimestepSpacing.ToSingle(levels.Append(DpmSolverSettings.ReadEndsAtZero(config) ? 0 : trained[0]));
        }
        schedule.RequireSignal(ModelOutputs.Type(config), Timesteps, config);
        if (isContinuous)
            Timesteps = [.. Sigmas.SkipLast(1).Select(level => 0.25f * MathF.Log(level))];
    }

    private double[] Interpolated(double[] timesteps, float[] trained) =>
        config.Text("interpolation_type", "linear") switch
        {
            "linear" => [.. timesteps.Select(timestep => SigmaSpacing.Interpolate(timestep, trained))],
            "log_linear" =>
            [
                .. TimestepSpacing
                    .Linspace(MathF.Log(trained[^1]), MathF.Log(trained[0]), timesteps.Length + 1)
                    .Select(logarithm => (double)MathF.Exp((float)logarithm)),
            ],
            _ => throw config.Unsupported("interpolation_type", "linear and log_linear are"),
        };

    // Models trained with v-prediction in continuous time take log(σ)/4 as timestep.
    private bool IsContinuous() =>
        config.Text("timestep_type", "discrete") switch
        {
            "discrete" => false,
            "continuous" => ModelOutputs.Type(config) == PredictionType.Velocity,
            _ => throw config.Unsupported("timestep_type", "discrete and continuous are"),
        };
}
