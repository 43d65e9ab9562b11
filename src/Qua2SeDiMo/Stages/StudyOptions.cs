using System.Globalization;
using System.Text.Json.Serialization;
using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Studies;

namespace Qua2SeDiMo.Stages;

/// <summary>How a study generates and scores its images. All of it must be equal for trials to be comparable, except the number of trials.</summary>
public sealed record StudyOptions
{
    /// <summary>Trials to label.</summary>
    public int TrialCount { get; init; } = 64;

    /// <summary>Images per trial, one prompt each.</summary>
    public int ImageCount { get; init; } = 32;

    /// <summary>Prompts left out at the beginning of the list: fresh ones check a plan on prompts that no trial saw.</summary>
    public int FirstPrompt { get; init; }

    /// <summary>Image i starts from the noise of this seed + i, modulo 2^64, the same in every trial.</summary>
    public ulong Seed { get; init; } = 42;

    /// <summary>Whether all images share one starting noise, as in the published code.</summary>
    public bool SharedNoise { get; init; }

    /// <summary>Seed of the random allocations.</summary>
    public ulong SamplerSeed { get; init; } = 2025;

    /// <summary>Draw all random allocations near these average bits; null draws over the whole range, as the paper does.</summary>
    public double? FixedAverageBits { get; init; }

    /// <summary>
    /// Whether all but the first 32 trials are proposed near the front of quality against size that earlier trials suggest (<see cref="Plans.FrontProposals"/>).
    /// </summary>
    public bool NearFront { get; init; }

    /// <summary>Metric that <see cref="NearFront"/> follows; null takes the most reliable one of the first trials. Ignored otherwise.</summary>
    public string? FrontObjective { get; init; }

    /// <summary>
    /// Bits that activations of the quantized model are rounded to in front of every weight, 2 to 8; null leaves them. The full-precision
    /// images never have rounded activations.
    /// </summary>
    public int? ActivationBits { get; init; }

    /// <summary>Steps, guidance and size.</summary>
    public GenerationRequest Generation { get; init; } = new() { StepCount = 8 };

    /// <summary>What images are scored with.</summary>
    public required ScoringFiles Scoring { get; init; }

    /// <summary>The prompts, one per image.</summary>
    internal IReadOnlyList<string> ReadPrompts() => Scoring.ReadPrompts(ImageCount, FirstPrompt);

    /// <summary>The same settings on as many prompts and seeds that the study did not use.</summary>
    internal StudyOptions OnFreshPrompts() => this with { FirstPrompt = FirstPrompt + ImageCount, Seed = Seed + (ulong)ImageCount };

    /// <summary>Starting seeds of all images.</summary>
    [JsonIgnore]
    public IReadOnlyList<ulong> ImageSeeds => [.. Enumerable.Range(0, ImageCount).Select(i => SharedNoise ? Seed : Seed + (ulong)i)];

    /// <summary>What the study's store compares before it adds a trial.</summary>
    public StudySettings ToSettings(ModelFolder model, string samplerDescription)
    {
        ArgumentNullException.ThrowIfNull(model);
        string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);
        var settings = new Dictionary<string, string>
        {
            ["model"] = model.Name,
            ["pipeline"] = model.PipelineClass,
            ["images"] = Text(ImageCount),
            ["seed"] = Seed.ToString(CultureInfo.InvariantCulture),
            ["shared-noise"] = SharedNoise ? "yes" : "no",
            ["steps"] = Text(Generation.StepCount),
            ["guidance"] = Text(Generation.GuidanceScale),
            ["negative-prompt"] = Generation.NegativePrompts is [""] ? "\"\"" : string.Join('\n', Generation.NegativePrompts),
            ["height"] = Generation.Height?.ToString(CultureInfo.InvariantCulture) ?? "model",
            ["width"] = Generation.Width?.ToString(CultureInfo.InvariantCulture) ?? "model",
            ["prompts"] = string.Join('\n', ReadPrompts()),
            ["clip"] = Scoring.ClipFolder is null ? ScoringFiles.None : Path.GetFileName(Path.TrimEndingDirectorySeparator(Scoring.ClipFolder)),
            ["reference"] = Scoring.ReferenceFeatures is null ? ScoringFiles.None : $"{new FileInfo(Scoring.ReferenceFeatures).Length} bytes",
            ["sampler"] = samplerDescription,
        };
        if (Generation.Sizes is { } sizes) settings["sizes"] = sizes.ToString();
        if (ActivationBits is { } bits) settings["activation-bits"] = Text(bits);
        return new StudySettings(settings);
    }
}
