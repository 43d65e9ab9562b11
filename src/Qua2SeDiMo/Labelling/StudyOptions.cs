using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Models.Fingerprints;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Studies;

namespace Qua2SeDiMo.Labelling;

/// <summary>
/// How a study generates and scores its images. Trials are comparable only if all of these are equal, except the number
/// of trials.
/// </summary>
public sealed record StudyOptions
{
    // Settings named as on the command line; all others have the name of their property.
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

    /// <summary>Number of trials to label.</summary>
    public int TrialCount { get; init; } = 64;

    /// <summary>Number of images per trial, one per prompt.</summary>
    public int ImageCount { get; init; } = 32;

    /// <summary>Number of prompts to skip at the beginning of the list. Plans are checked on fresh prompts, which no
    /// trial used.</summary>
    public int FirstPrompt { get; init; }

    /// <summary>
    /// The prompts of the images, followed by as many fresh ones; null to read them from <see cref="Scoring"/>. A
    /// finished study stores them, so that later stages do not depend on a file that may have changed.
    /// </summary>
    public IReadOnlyList<string>? Prompts { get; init; }

    /// <summary>Image i starts from the noise of this seed + i, modulo 2^64, in every trial.</summary>
    public ulong Seed { get; init; } = 42;

    /// <summary>Whether all images start from the same noise, as in the published code.</summary>
    public bool SharedNoise { get; init; }

    /// <summary>Seed of the random allocations.</summary>
    public ulong SamplerSeed { get; init; } = 2025;

    /// <summary>Average bits near which all random allocations are drawn; null to draw over the whole range, as the
    /// paper does.</summary>
    public double? FixedAverageBits { get; init; }

    /// <summary>
    /// Whether all trials but the first 32 are proposed near the front of quality against size that earlier trials
    /// predict (<see cref="Plans.FrontCandidates"/>).
    /// </summary>
    public bool NearFront { get; init; }

    /// <summary>
    /// Metric that <see cref="NearFront"/> optimises; null for the most reliable one of the first trials. Ignored
    /// without <see cref="NearFront"/>.
    /// </summary>
    public string? FrontObjective { get; init; }

    /// <summary>
    /// Bits of quantized activations, 2 to 8, at the input of every weight operator; null for none. The full-precision
    /// images are always made without quantized activations.
    /// </summary>
    public int? ActivationBits { get; init; }

    /// <summary>
    /// The same layer by layer, by weight name; what is not listed is not rounded. Null (default) where
    /// <see cref="ActivationBits"/> says it for all.
    /// </summary>
    public IReadOnlyDictionary<string, int>? Activations { get; init; }

    /// <summary>Bits that inputs of layers are rounded to.</summary>
    internal ActivationAllocation Rounded => ActivationAllocation.Of(ActivationBits, Activations);

    /// <summary>The same settings without quantized inputs.</summary>
    internal StudyOptions Unrounded() => this with { ActivationBits = null, Activations = null };

    /// <summary>
    /// Whether trials that failed or were set aside are retried first. It does not affect how trials are made, so it is
    /// not stored.
    /// </summary>
    [JsonIgnore]
    public bool RetryFailed { get; init; }

    /// <summary>Steps, guidance, negative prompts and image size.</summary>
    public GenerationRequest Generation { get; init; } = new() { StepCount = 8 };

    /// <summary>Files that images are scored with.</summary>
    public required ScoringFiles Scoring { get; init; }

    /// <summary>The prompts, one per image.</summary>
    internal IReadOnlyList<string> ReadPrompts() =>
        Prompts is { Count: > 0 } kept
            ? [.. Enumerable.Range(FirstPrompt, ImageCount).Select(i => kept[i % kept.Count])]
            : Scoring.ReadPrompts(ImageCount, FirstPrompt);

    /// <summary>The same options with their current prompts and absolute paths, as stored for later stages.</summary>
    internal StudyOptions ToBeKept() =>
        this with
        {
            Prompts = Prompts ?? Scoring.ReadPrompts(2 * ImageCount),
            Scoring = Scoring.WithFullPaths(),
        };

    /// <summary>The same options with the next prompts and seeds, as many as before, which the study did not
    /// use.</summary>
    internal StudyOptions OnFreshPrompts() =>
        this with
        {
            FirstPrompt = FirstPrompt + ImageCount,
            Seed = Seed + (ulong)ImageCount,
        };

    /// <summary>Seed of each image's starting noise.</summary>
    [JsonIgnore]
    public IReadOnlyList<ulong> ImageSeeds =>
        [.. Enumerable.Range(0, ImageCount).Select(i => SharedNoise ? Seed : Seed + (ulong)i)];

    /// <summary>
    /// The settings that must be equal before a trial is added to a stored study: content of the model, the prompts and
    /// the scoring files, and every option that changes numbers. Paths are not part of it.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="samplerDescription">Name of the sampler with its parameters.</param>
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
        if (Activations is { Count: > 0 })
            settings["activations"] = Rounded.ToJsonObject()!.ToJsonString();
        // Every property of the request counts except the batch size, which only determines how the work is divided.
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
