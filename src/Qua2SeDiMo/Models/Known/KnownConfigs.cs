using Qua2SeDiMo.Json;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Models.Known;

/// <summary>Finds the table of known keys for a configuration, and its unknown keys.</summary>
internal static class KnownConfigs
{
    private const string Ancestor = "Transformer2DModel";

    /// <summary>Harmless keys that any file of diffusers may have.</summary>
    public static IReadOnlyList<IgnoredKeys> Anywhere { get; } =
    [
        new("notes of the library that wrote the file", "_*"),
        new("the files say how their tensors are stored", "dtype", "torch_dtype"),
        new(
            "of the moving average of training",
            "decay",
            "inv_gamma",
            "min_decay",
            "optimization_step",
            "power",
            "update_after_step",
            "use_ema_warmup"
        ),
    ];

    /// <summary>All tables.</summary>
    public static IReadOnlyList<KnownKeys> All { get; } =
    [.. PipelineKeys.All, .. DenoiserKeys.All, .. AutoencoderKeys.All, .. EncoderKeys.All, .. SchedulerKeys.All];

    /// <summary>The table of a configuration's class; null for a class without one.</summary>
    public static KnownKeys? Find(ComponentConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        string name =
            config.ClassName != Ancestor ? config.ClassName
            : config.Text("norm_type", "") == "ada_norm_single" ? "PixArtTransformer2DModel"
            : "DiTTransformer2DModel";
        return All.FirstOrDefault(keys => keys.ClassNames.Contains(name));
    }

    /// <summary>Keys of a configuration that were not read and are not known to be harmless; those of nested objects as
    /// <c>object.key</c>.</summary>
    /// <param name="config">The configuration, after the model was built from it.</param>
    public static IReadOnlyList<string> Unread(ComponentConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        KnownKeys? known = Find(config);
        bool isScheduler = known is not null && SchedulerKeys.All.Contains(known),
            isEncoder = known is not null && EncoderKeys.All.Contains(known);
        IgnoredKeys[] anywhere = [.. Anywhere, .. isEncoder ? EncoderKeys.Anywhere : []];
        return
        [
            .. Unread(
                config,
                (key, value) =>
                    known?.Has(key) == true
                    || (isScheduler && SchedulerKeys.IsOfAnother(key, value))
                    || Array.Exists(anywhere, ignored => ignored.Contains(key))
            ),
        ];
    }

    private static IEnumerable<string> Unread(ComponentConfig config, Func<string, ForeignValue, bool> isKnown)
    {
        foreach ((string key, ForeignValue value) in config.Members.Where(member => !member.Value.IsNull))
        {
            if (!config.AskedKeys.Contains(key) && !isKnown(key, value))
                yield return key;
            if (EncoderKeys.Nested(key) is not { } nested || !value.IsObject)
                continue;
            foreach (
                string inner in Unread(config.Object(key), (inside, own) => nested.Has(inside) || isKnown(inside, own))
            )
                yield return $"{key}.{inner}";
        }
    }
}
