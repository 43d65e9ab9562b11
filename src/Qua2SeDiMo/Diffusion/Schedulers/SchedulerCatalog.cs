using Qua2SeDiMo.Models.Configs;
using Qua2SeDiMo.Models.Known;

namespace Qua2SeDiMo.Diffusion.Schedulers;

/// <summary>The supported schedulers, by the class name in a configuration.</summary>
internal static class SchedulerCatalog
{
    private static readonly Dictionary<string, Func<ComponentConfig, IScheduler>> Makers = new(StringComparer.Ordinal)
    {
        ["DDIMScheduler"] = config => new DdimScheduler(config),
        ["DDPMScheduler"] = config => new DdpmScheduler(config),
        ["DPMSolverMultistepScheduler"] = config => new DpmSolverMultistepScheduler(config),
        ["EulerAncestralDiscreteScheduler"] = config => new EulerAncestralScheduler(config),
        ["EulerDiscreteScheduler"] = config => new EulerScheduler(config),
        ["FlowMatchEulerDiscreteScheduler"] = config => new FlowMatchEulerScheduler(config),
        ["LCMScheduler"] = config => new LcmScheduler(config),
        ["PNDMScheduler"] = config => new PndmScheduler(config),
        ["UniPCMultistepScheduler"] = config => new UniPCScheduler(config),
    };

    /// <summary>Supported class names.</summary>
    public static IReadOnlyCollection<string> ClassNames => Makers.Keys;

    /// <summary>Builds the scheduler that a <c>scheduler_config.json</c> describes. Keys of other classes are ignored;
    /// missing keys have the defaults of the class.</summary>
    /// <exception cref="SchedulerException">The class is not supported.</exception>
    /// <exception cref="Q2Exception">A key has a value that is not supported.</exception>
    public static IScheduler Create(ComponentConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (
            !Makers.TryGetValue(config.ClassName, out Func<ComponentConfig, IScheduler>? make)
            || KnownConfigs.Find(config) is not { } known
        )
        {
            throw new SchedulerException(
                $"{config.Source}: scheduler class '{config.ClassName}' is not supported; supported are {string.Join(", ", ClassNames)}."
            );
        }
        known.Check(config);
        SchedulerKeys.CheckZeroSignal(config, known);
        return make(known.Apply(config));
    }

    internal static void RefuseCustom(SamplingOptions options, string scheduler)
    {
        if (options.Timesteps is not null || options.Sigmas is not null)
        {
            throw new SchedulerException($"{scheduler} takes a step count only, neither timesteps nor sigmas.");
        }
    }
}
