using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Diffusion.Schedulers;

/// <summary>Timesteps and noise levels of DPM-Solver loops.</summary>
internal static class DpmSolverTables
{
    public static (float[] Timesteps, float[] Sigmas) Compute(
        ComponentConfig config,
        DpmSolverSettings settings,
        NoiseSchedule schedule,
        int stepCount,
        SamplingOptions options
    )
    {
        if (options.Sigmas is not null)
            throw new SchedulerException(
                $"{config.Source}: DPMSolverMultistepScheduler does not take sigmas; give a step count or timesteps."
            );
        stepCount = options.StepCount(stepCount);
        string? law = SigmaSpacing.Law(config);
        if (options.Timesteps is not null && law is not null)
        {
            throw new SchedulerException(
                $"{config.Source}: own timesteps and noise levels spread by a law ({law}) exclude each other."
            );
        }
        float[] trained = schedule.Sigmas();
        double[] timesteps;
        double[] levels;
        if (law is not null)
        {
            float[] logarithms = [.. trained.Select(level => MathF.Log(level))];
            levels = SigmaSpacing.Spread(law, trained[^1], trained[0], stepCount, config);
            bool rounds = law is "karras" or "lu" && config.Text("beta_schedule", "linear") != "squaredcos_cap_v2";
            timesteps =
            [
                .. levels
                    .Select(level => SigmaSpacing.TimestepOf(level, logarithms))
                    .Select(time => rounds ? Math.Round(time) : time),
            ];
        }
        else if (settings.UsesFlow)
        {
            levels = FlowLevels(config, schedule.TimestepCount, stepCount, options);
            timesteps = [.. levels.Select(level => level * schedule.TimestepCount)];
        }
        else
        {
            timesteps = options.Timesteps is { } own
                ? [.. own]
                : TimestepSpacing.WithoutEnd(config, LastTimestep(config, schedule), schedule.TimestepCount, stepCount);
            levels = [.. timesteps.Select(timestep => SigmaSpacing.Interpolate(timestep, trained))];
        }
        double last = settings.EndsAtZero ? 0 : trained[0];
        // Timesteps are truncated, not rounded.
        float[] visited = TimestepSpacing.ToSingle(timesteps.Select(time => Math.Truncate(time)));
        if (!settings.UsesFlow)
            schedule.RequireSignal(settings.Prediction, visited, config);
        return (visited, TimestepSpacing.ToSingle(levels.Append(last)));
    }

    private static double[] FlowLevels(ComponentConfig config, int trainCount, int stepCount, SamplingOptions options)
    {
        double shift = config.Number("flow_shift", 1);
        if (options.Mu is { } mu)
        {
            if (
                !config.Flag("use_dynamic_shifting", false)
                || config.Text("time_shift_type", "exponential") != "exponential"
            )
            {
                throw new SchedulerException(
                    $"{config.Source}: mu was given, which needs use_dynamic_shifting true and time_shift_type exponential."
                );
            }
            shift = Math.Exp(mu);
        }
        double[] levels =
        [
            .. TimestepSpacing
                .Linspace(1, 1.0 / trainCount, stepCount + 1)
                .Select(alpha => 1 - alpha)
                .Select(level => FlowShift.By(shift, level)),
        ];
        Array.Reverse(levels);
        return levels[..^1];
    }

    // Number of timesteps in use: those with log(α/σ) below lambda_min_clipped are left out (needed with cosine
    // schedules, whose end has almost no signal).
    private static int LastTimestep(ComponentConfig config, NoiseSchedule schedule)
    {
        float bound = (float)config.Number("lambda_min_clipped", double.NegativeInfinity);
        int clipped = schedule.AlphaProducts.Count(product =>
            MathF.Log(MathF.Sqrt(product)) - MathF.Log(MathF.Sqrt(1 - product)) < bound
        );
        return schedule.TimestepCount - clipped;
    }
}
