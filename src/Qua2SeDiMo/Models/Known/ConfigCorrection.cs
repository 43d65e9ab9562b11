using System.Text.Json.Nodes;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Models.Known;

/// <summary>
/// A value that a pipeline of diffusers replaces when it opens files of early releases. The table of the class supplies
/// missing values: a file without the key is corrected when the class's default is the outdated value.
/// </summary>
/// <param name="PipelineClass">Class of the pipeline that makes the correction.</param>
/// <param name="Component">The component whose configuration is corrected.</param>
/// <param name="Key">The key.</param>
/// <param name="Value">The corrected value, as JSON.</param>
/// <param name="When">The condition in words, for docs/inputs.md.</param>
/// <param name="Applies">The condition, given the configuration and the value including the class's default.</param>
internal sealed record ConfigCorrection(
    string PipelineClass,
    string Component,
    string Key,
    string Value,
    string When,
    Func<ComponentConfig, JsonNode?, bool> Applies
)
{
    // First version (_diffusers_version) whose files have correct sample sizes of U-Nets.
    private static readonly Version CorrectSizes = new(0, 9, 0);

    /// <summary>All corrections; those of StableDiffusionPipeline of diffusers 0.42.</summary>
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

    /// <summary>Whether a configuration, with the defaults of its class, has the outdated value.</summary>
    public bool IsNeeded(ComponentConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return KnownConfigs.Find(config) is { } known
            && known.ReadKeys.Contains(Key)
            && Applies(config, config.Value(Key) ?? known.Default(Key));
    }

    /// <summary>The configuration with the corrected value, or unchanged when no correction is needed.</summary>
    public ComponentConfig Apply(ComponentConfig config) =>
        IsNeeded(config) ? config.With(Key, JsonNode.Parse(Value)!) : config;

    /// <summary>States the found and the corrected value, in one sentence.</summary>
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

    // The first three numbers of a version such as "0.6.0.dev0"; null when it is missing.
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
