using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Diffusion.Schedulers;

/// <summary>
/// Training timesteps that an inference loop visits (Lin et al., WACV 2024, table 2), descending. Rounding is half to
/// even, and products are computed in double precision in NumPy's order, so that exact halves round as in diffusers.
/// </summary>
internal static class TimestepSpacing
{
    /// <summary>The spacing named by <c>timestep_spacing</c>, one timestep per step.</summary>
    /// <param name="config">Keys timestep_spacing and steps_offset.</param>
    /// <param name="defaultSpacing">leading, trailing or linspace.</param>
    /// <param name="trainCount">Number of training timesteps.</param>
    /// <param name="stepCount">Number of inference steps.</param>
    public static double[] Integers(ComponentConfig config, string defaultSpacing, int trainCount, int stepCount)
    {
        RequireSteps(config, stepCount, trainCount);
        return config.Text("timestep_spacing", defaultSpacing) switch
        {
            "linspace" => Descending([.. Linspace(0, trainCount - 1, stepCount).Select(value => Math.Round(value))]),
            "leading" => Leading(config, trainCount / stepCount, stepCount),
            "trailing" => Trailing(trainCount, trainCount, stepCount),
            _ => throw Unknown(config),
        };
    }

    /// <summary>As <see cref="Integers"/>, but linspace is not rounded: Euler's timesteps may lie between training
    /// timesteps.</summary>
    public static double[] Fractions(ComponentConfig config, string defaultSpacing, int trainCount, int stepCount) =>
        config.Text("timestep_spacing", defaultSpacing) == "linspace"
            ? Descending([.. Linspace(0, trainCount - 1, stepCount).Select(value => (double)(float)value)])
            : Integers(config, defaultSpacing, trainCount, stepCount);

    /// <summary>The spacing of the multistep solvers: one more timestep is spaced, and the last, which has no noise, is
    /// dropped.</summary>
    /// <param name="config">Keys timestep_spacing and steps_offset.</param>
    /// <param name="lastTimestep">Number of training timesteps in use, from timestep 0.</param>
    /// <param name="trainCount">Number of training timesteps.</param>
    /// <param name="stepCount">Number of inference steps.</param>
    public static double[] WithoutEnd(ComponentConfig config, int lastTimestep, int trainCount, int stepCount)
    {
        RequireSteps(config, stepCount, trainCount);
        return config.Text("timestep_spacing", "linspace") switch
        {
            "linspace" => Descending([
                .. Linspace(0, lastTimestep - 1, stepCount + 1).Select(value => Math.Round(value)),
            ])[..^1],
            "leading" => Leading(config, lastTimestep / (stepCount + 1), stepCount + 1)[..^1],
            "trailing" => Trailing(lastTimestep, trainCount, stepCount),
            _ => throw Unknown(config),
        };
    }

    /// <summary>Evenly spaced values including both ends, in double precision.</summary>
    public static double[] Linspace(double start, double end, int count)
    {
        double[] values = new double[count];
        double step = count > 1 ? (end - start) / (count - 1) : 0;
        for (int i = 0; i < count; i++)
            values[i] = (i * step) + start;
        if (count > 1)
            values[^1] = end;
        return values;
    }

    /// <summary>Converts to single precision, in which denoisers take timesteps.</summary>
    public static float[] ToSingle(IEnumerable<double> timesteps) => [.. timesteps.Select(value => (float)value)];

    private static double[] Leading(ComponentConfig config, int ratio, int count)
    {
        int offset = config.Int("steps_offset", 0);
        return Descending([.. Enumerable.Range(0, count).Select(i => ((double)i * ratio) + offset)]);
    }

    private static double[] Trailing(int first, int trainCount, int stepCount)
    {
        double step = trainCount / (double)stepCount;
        int count = Math.Min((int)Math.Ceiling(first / step), stepCount);
        double delta = (first - step) - first;
        return [.. Enumerable.Range(0, count).Select(i => Math.Round(first + (i * delta)) - 1)];
    }

    private static double[] Descending(double[] values)
    {
        Array.Reverse(values);
        return values;
    }

    private static void RequireSteps(ComponentConfig config, int stepCount, int trainCount)
    {
        if (stepCount < 1 || stepCount > trainCount)
        {
            throw new SchedulerException(
                $"{config.Source}: {stepCount} steps were asked for; 1 to {trainCount} (num_train_timesteps) are possible."
            );
        }
    }

    private static ModelFolderException Unknown(ComponentConfig config) =>
        config.Unsupported("timestep_spacing", "linspace, leading and trailing are");
}
