namespace Qua2SeDiMo.Reports;

/// <summary>Model, settings, machine and times of a run.</summary>
internal sealed record RunData
{
    /// <summary>Name of the model, usually that of its folder.</summary>
    public required string ModelName { get; init; }

    /// <summary>Class of the denoiser, from its configuration.</summary>
    public required string ModelClass { get; init; }

    /// <summary>Folder of the model.</summary>
    public required string Folder { get; init; }

    /// <summary>Number of all parameters of the denoiser.</summary>
    public required long ParameterCount { get; init; }

    /// <summary>Bytes of the quantizable weights at the original precision.</summary>
    public required long QuantizableBytes { get; init; }

    /// <summary>P: bits of one original weight, 16 or 32.</summary>
    public required int OriginalBits { get; init; }

    /// <summary>Number of images per trial.</summary>
    public required int ImageCount { get; init; }

    /// <summary>Number of denoising steps per image.</summary>
    public required int StepCount { get; init; }

    /// <summary>Scale of classifier-free guidance.</summary>
    public required double GuidanceScale { get; init; }

    /// <summary>Prompts of a trial, in image order; class numbers as text.</summary>
    public IReadOnlyList<string> Prompts { get; init; } = [];

    /// <summary>How the seed of an image is determined, for instance "42 + image index".</summary>
    public string Seeds { get; init; } = "";

    /// <summary>Time of the report; null to leave it out.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>The command line; empty if unknown.</summary>
    public string Command { get; init; } = "";

    /// <summary>Facts about machine and software, in display order.</summary>
    public IReadOnlyList<FactData> Facts { get; init; } = [];

    /// <summary>The stages in the order of the workflow.</summary>
    public IReadOnlyList<StageData> Stages { get; init; } = [];
}

/// <summary>A fact as name and value.</summary>
/// <param name="Name">Name, for instance "Processor".</param>
/// <param name="Value">Value as text.</param>
internal sealed record FactData(string Name, string Value);

/// <summary>One stage of the run.</summary>
/// <param name="Name">Verb of the stage, for instance "study".</param>
/// <param name="Time">Wall time.</param>
/// <param name="Note">Description of the work, for instance "64 trials × 32 images"; may be empty.</param>
internal sealed record StageData(string Name, TimeSpan Time, string Note = "");
