using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Models.Fingerprints;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Studies;

namespace Qua2SeDiMo.Labelling;

/// <summary>
/// How a study generates and scores its images. All of it must be equal for trials to be comparable, except the number
/// of trials.
/// </summary>
public sealed record StudyOptions
{
    // Names of settings that people know from the command line; others are called as their property.
    private static readonly Dictionary<string, string> SettingNames = new(StringComparer.Ordinal)
    {
        ["step-count"] = "steps",
        ["guidance-scale"] = "guidance",
    };

    private static readonly JsonSerializerOptions SettingJson = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.KebabCaseLower,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>Trials to label.</summary>
    public int TrialCount { get; init; } = 64;

    /// <summary>Images per trial, one prompt each.</summary>
    public int ImageCount { get; init; } = 32;

    /// <summary>Prompts left out at the beginning of the list: fresh ones check a plan on prompts that no trial
    /// saw.</summary>
    public int FirstPrompt { get; init; }

    /// <summary>
    /// The prompts of the images and as many fresh ones behind them, in the order of their images; null reads them from
    /// <see cref="Scoring"/>. A finished study keeps them, so that later stages do not depend on a file that may have
    /// changed.
    /// </summary>
    public IReadOnlyList<string>? Prompts { get; init; }

    /// <summary>Image i starts from the noise of this seed + i, modulo 2^64, the same in every trial.</summary>
    public ulong Seed { get; init; } = 42;

    /// <summary>Whether all images share one starting noise, as in the published code.</summary>
    public bool SharedNoise { get; init; }

    /// <summary>Seed of the random allocations.</summary>
    public ulong SamplerSeed { get; init; } = 2025;

    /// <summary>Draw all random allocations near these average bits; null draws over the whole range, as the paper
    /// does.</summary>
    public double? FixedAverageBits { get; init; }

    /// <summary>
    /// Whether all but the first 32 trials are proposed near the front of quality against size that earlier trials
    /// suggest (<see cref="Plans.FrontCandidates"/>).
    /// </summary>
    public bool NearFront { get; init; }

    /// <summary>
    /// Metric that <see cref="NearFront"/> follows; null takes the most reliable one of the first trials. Ignored
    /// otherwise.
    /// </summary>
    public string? FrontObjective { get; init; }

    /// <summary>
    /// Bits that activations of the quantized model are rounded to in front of every weight, 2 to 8; null leaves them.
    /// The full-precision images never have rounded activations.
    /// </summary>
    public int? ActivationBits { get; init; }

    /// <summary>
    /// Whether trials that failed or were set aside are taken up again first. Says nothing of how trials are made, so
    /// it is kept nowhere.
    /// </summary>
    [JsonIgnore]
    public bool RetryFailed { get; init; }

    /// <summary>Steps, guidance and size.</summary>
    public GenerationRequest Generation { get; init; } = new() { StepCount = 8 };

    /// <summary>What images are scored with.</summary>
    public required ScoringFiles Scoring { get; init; }

    /// <summary>The prompts, one per image.</summary>
    internal IReadOnlyList<string> ReadPrompts() =>
        Prompts is { Count: > 0 } kept
            ? [.. Enumerable.Range(FirstPrompt, ImageCount).Select(i => kept[i % kept.Count])]
            : Scoring.ReadPrompts(ImageCount, FirstPrompt);

    /// <summary>The same settings with their present prompts, and with full paths: what later stages go by.</summary>
    internal StudyOptions ToBeKept() =>
        this with
        {
            Prompts = Prompts ?? Scoring.ReadPrompts(2 * ImageCount),
            Scoring = Scoring.WithFullPaths(),
        };

    /// <summary>The same settings on as many prompts and seeds that the study did not use.</summary>
    internal StudyOptions OnFreshPrompts() =>
        this with
        {
            FirstPrompt = FirstPrompt + ImageCount,
            Seed = Seed + (ulong)ImageCount,
        };

    /// <summary>Starting seeds of all images.</summary>
    [JsonIgnore]
    public IReadOnlyList<ulong> ImageSeeds =>
        [.. Enumerable.Range(0, ImageCount).Select(i => SharedNoise ? Seed : Seed + (ulong)i)];

    /// <summary>
    /// What the study's store compares before it adds a trial: the content of the model, of the prompts and of what
    /// images are scored with, and every setting that changes numbers. Where the files are is no part of it.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="samplerDescription">Names the sampler and its parameters.</param>
    internal StudySettings ToSettings(OpenModel model, string samplerDescription)
    {
        ArgumentNullException.ThrowIfNull(model);
        string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);
        var settings = new Dictionary<string, string>
        {
            [StudySettings.Algorithm] = Text(AlgorithmVersion.Current),
            ["images"] = Text(ImageCount),
            ["seed"] = Seed.ToString(CultureInfo.InvariantCulture),
            ["shared-noise"] = SharedNoise ? "yes" : "no",
            [StudySettings.Prompts] = string.Join('\n', ReadPrompts()),
            ["scored-by"] =
                Scoring.ClipFolder is null ? "pixels"
                : Scoring.ReferenceFeatures is null ? "pixels and CLIP"
                : "pixels, CLIP and reference features",
            ["sampler"] = samplerDescription,
        };
        if (ActivationBits is { } bits)
            settings["activation-bits"] = Text(bits);
        // Whatever a request can say counts, unless it only decides how the work is cut.
        JsonObject request = JsonSerializer.SerializeToNode(Generation with { BatchSize = 1 }, SettingJson)!.AsObject();
        foreach ((string name, JsonNode? value) in request)
        {
            if (value is not null && name != "batch-size")
                settings[SettingNames.GetValueOrDefault(name, name)] = value.ToJsonString();
        }
        foreach (FingerprintPart part in model.Fingerprint().Parts)
            settings[StudySettings.OfModel + part.Name] = part.Hex;
        foreach (FingerprintPart part in Scoring.Fingerprint(model))
            settings[StudySettings.OfScoring + part.Name] = part.Hex;
        return new StudySettings(settings);
    }
}
