using System.Text.Json.Nodes;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Models.Known;

/// <summary>
/// A value that a pipeline of diffusers replaces when it opens files of its early releases. Whether a class has the key
/// is decided by its table, defaults included: a file that says nothing is corrected where the class's default is the
/// outdated value.
/// </summary>
/// <param name="PipelineClass">The pipeline that does so.</param>
/// <param name="Component">The component whose configuration is corrected.</param>
/// <param name="Key">The key.</param>
/// <param name="Value">What it becomes, as JSON.</param>
/// <param name="When">The condition in words, for docs/inputs.md.</param>
/// <param name="Applies">The condition, given the configuration and the value that its class would take.</param>
internal sealed record ConfigCorrection(
    string PipelineClass,
    string Component,
    string Key,
    string Value,
    string When,
    Func<ComponentConfig, JsonNode?, bool> Applies
)
{
    // What _diffusers_version said before the sample sizes of the first U-Nets were put right.
    private static readonly Version CorrectSizes = new(0, 9, 0);

    /// <summary>All corrections, as StableDiffusionPipeline of diffusers 0.42 makes them.</summary>
    public static IReadOnlyList<ConfigCorrection> All { get; } =
    [
        new(
            "StableDiffusionPipeline",
            "scheduler",
            "steps_offset",
            "1",
            "it is not 1",
            (_, value) => !IsNumber(value, number => number == 1)
        ),
        new(
            "StableDiffusionPipeline",
            "scheduler",
            "clip_sample",
            "false",
            "it is true",
            (_, value) => value?.GetValueKind() == System.Text.Json.JsonValueKind.True
        ),
        new(
            "StableDiffusionPipeline",
            "unet",
            "sample_size",
            "64",
            "it is a number below 64 in a file of diffusers before 0.9",
            (config, _) =>
                IsNumber(config.Value("sample_size"), number => number < 64)
                && Version(config) is { } version
                && version < CorrectSizes
        ),
    ];

    /// <summary>The corrections of one component.</summary>
    public static IReadOnlyList<ConfigCorrection> Of(string pipelineClass, string component) =>
        [.. All.Where(correction => correction.PipelineClass == pipelineClass && correction.Component == component)];

    /// <summary>Whether a configuration, opened as its class, has the outdated value.</summary>
    public bool IsNeeded(ComponentConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return KnownConfigs.Find(config) is { } known
            && known.ReadKeys.Contains(Key)
            && Applies(config, config.Value(Key) ?? known.Default(Key));
    }

    /// <summary>The configuration with the corrected value.</summary>
    public ComponentConfig Apply(ComponentConfig config) =>
        IsNeeded(config) ? config.With(Key, JsonNode.Parse(Value)!) : config;

    /// <summary>What was found and is taken instead, in one sentence.</summary>
    public string Note(ComponentConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        string found = config.Has(Key)
            ? $"is {config[Key].Excerpt()}"
            : $"is missing, so that {config.ClassName} has {KnownConfigs.Find(config)?.Default(Key)?.ToJsonString()}";
        return $"{config.Source}: '{Key}' {found}; {Value} is taken, as {PipelineClass} of diffusers does with files of "
            + "its early releases.";
    }

    private static bool IsNumber(JsonNode? value, Func<double, bool> test) =>
        value is JsonValue number && number.TryGetValue(out double found) && test(found);

    // A missing version is no early one; of "0.6.0.dev0" the first three numbers count.
    private static Version? Version(ComponentConfig config) =>
        config.Value("_diffusers_version") is JsonValue value
        && value.TryGetValue(out string? text)
        && System.Version.TryParse(
            string.Join('.', text.Split('.').TakeWhile(part => part.All(char.IsAsciiDigit)).Take(3).Append("0")),
            out Version? version
        )
            ? version
            : null;
}
