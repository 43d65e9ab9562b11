using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Diffusion.Schedulers;

/// <summary>Timesteps and noise levels of UniPC loops.</summary>
internal static class UniPCTables
{
    // A first flow level of exactly 1 has α = 0, whose logarithm is −∞; it is lowered by this margin.
    private const double LevelMargin = 1e-6;

    public static (float[] Timesteps, float[] Sigmas) Compute(
        ComponentConfig config,
        NoiseSchedule schedule,
        int stepCount,
        SamplingOptions options
    )
    {
        if (options.Timesteps is not null)
            throw new SchedulerException($"{config.Source}: UniPCMultistepScheduler does not take timesteps.");
        bool usesFlow = config.Flag("use_flow_sigmas", false);
        bool endsAtZero = DpmSolverSettings.ReadEndsAtZero(config);
        if (options.Sigmas is not null && !usesFlow)
            throw new SchedulerException(
                $"{config.Source}: UniPCMultistepScheduler takes sigmas only with use_flow_sigmas."
            );
        if (config.Flag("use_dynamic_shifting", false) && options.Mu is null)
        {
            throw new SchedulerException(
                $"{config.Source}: use_dynamic_shifting needs mu, which follows from the image size."
            );
        }
        int count = options.StepCount(stepCount);
        float[] trained = schedule.Sigmas();
        double[] timesteps;
        double[] levels;
        double smallest;
        if (SigmaSpacing.Law(config) is { } law)
        {
            float[] logarithms = [.. trained.Select(level => MathF.Log(level))];
            levels = SigmaSpacing.Spread(law, trained[^1], trained[0], count, config);
            if (law == "karras" && usesFlow)
            {
                levels = [.. levels.Select(level => level / (level + 1))];
                timesteps = [.. levels.Select(level => level * schedule.TimestepCount)];
            }
            else
            {
                timesteps =
                [
                    .. levels
                        .Select(level => SigmaSpacing.TimestepOf(level, logarithms))
                        .Select(time => law == "karras" ? Math.Round(time) : time),
                ];
            }
            smallest = levels[^1];
        }
        else if (usesFlow)
        {
            levels = FlowLevels(config, schedule.TimestepCount, count, options);
            timesteps = [.. levels.Select(level => level * schedule.TimestepCount)];
            smallest = levels[^1];
        }
        else
        {
            timesteps = TimestepSpacing.WithoutEnd(config, schedule.TimestepCount, schedule.TimestepCount, count);
            levels = [.. timesteps.Select(timestep => SigmaSpacing.Interpolate(timestep, trained))];
            smallest = trained[0];
        }
        float[] visited = TimestepSpacing.ToSingle(timesteps.Select(time => Math.Truncate(time)));
        if (!usesFlow)
            schedule.RequireSignal(ModelOutputs.Type(config, allowsFlow: true), visited, config);
        return (visited, TimestepSpacing.ToSingle(levels.Append(endsAtZero ? 0 : smallest)));
    }

    private static double[] FlowLevels(ComponentConfig config, int trainCount, int count, SamplingOptions options)
    {
        double[] levels = options.Sigmas is { } own
            ? [.. own]
            : TimestepSpacing.Linspace(1, 1.0 / trainCount, count + 1)[..^1];
        double shift = config.Number("flow_shift", 1);
        bool isDynamic = config.Flag("use_dynamic_shifting", false);
        levels =
        [
            .. levels.Select(level =>
                isDynamic ? FlowShift.Dynamic(config, options.Mu!.Value, level) : FlowShift.By(shift, level)
            ),
        ];
        levels = FlowShift.StretchToTerminal(config, levels);
        if (Math.Abs(levels[0] - 1) < LevelMargin)
            levels[0] -= LevelMargin;
        return levels;
    }
}
