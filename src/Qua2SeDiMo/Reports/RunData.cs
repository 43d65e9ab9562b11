namespace Qua2SeDiMo.Reports;

/// <summary>What was run.</summary>
internal sealed record RunData
{
    /// <summary>Name of the model, usually its folder's.</summary>
    public required string ModelName { get; init; }

    /// <summary>Class of the denoiser as its config gives it.</summary>
    public required string ModelClass { get; init; }

    /// <summary>Folder that was read.</summary>
    public required string Folder { get; init; }

    /// <summary>All parameters of the denoiser.</summary>
    public required long ParameterCount { get; init; }

    /// <summary>Bytes of the quantizable weights at the original precision.</summary>
    public required long QuantizableBytes { get; init; }

    /// <summary>P, bits of one original weight: 16 or 32.</summary>
    public required int OriginalBits { get; init; }

    /// <summary>Images that each trial generated.</summary>
    public required int ImageCount { get; init; }

    /// <summary>Denoising steps of each image.</summary>
    public required int StepCount { get; init; }

    /// <summary>Classifier-free guidance weight.</summary>
    public required double GuidanceScale { get; init; }

    /// <summary>Prompts of a trial, in image order; classes are written as text.</summary>
    public IReadOnlyList<string> Prompts { get; init; } = [];

    /// <summary>How seeds follow from images, for instance "42 + image index".</summary>
    public string Seeds { get; init; } = "";

    /// <summary>When the report was made; null to leave it out.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>The command that was typed, or empty.</summary>
    public string Command { get; init; } = "";

    /// <summary>Processor, cores, memory, versions, kernels: shown in this order.</summary>
    public IReadOnlyList<FactData> Facts { get; init; } = [];

    /// <summary>The stages in the order in which they ran.</summary>
    public IReadOnlyList<StageData> Stages { get; init; } = [];
}

/// <summary>One line of "what was run".</summary>
/// <param name="Name">What it is, for instance "Processor".</param>
/// <param name="Value">Its value as text.</param>
internal sealed record FactData(string Name, string Value);

/// <summary>One stage of the run.</summary>
/// <param name="Name">Verb, for instance "study".</param>
/// <param name="Time">Wall time.</param>
/// <param name="Note">What it did, for instance "64 trials × 32 images", or empty.</param>
internal sealed record StageData(string Name, TimeSpan Time, string Note = "");
