using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Studies.Objectives;

namespace Qua2SeDiMo.Labelling;

/// <summary>What a study says of itself.</summary>
/// <param name="Complete">Trials with labels.</param>
/// <param name="Failed">Trials without.</param>
/// <param name="Images">Images per trial.</param>
/// <param name="Steps">Steps per image.</param>
/// <param name="SecondsPerTrial">Mean wall time.</param>
/// <param name="OutsideRuntimeShare">Share of that time spent outside ONNX Runtime, 0 to 1.</param>
/// <param name="Speed">How fast images were made; null when nothing was generated.</param>
/// <param name="Objective">Name of the metric that is optimised.</param>
/// <param name="Reliabilities">Split-half reliability of each metric; empty for too few trials or images.</param>
public sealed record StudySummary(
    int Complete,
    int Failed,
    int Images,
    int Steps,
    double SecondsPerTrial,
    double OutsideRuntimeShare,
    GenerationSpeed? Speed,
    string Objective,
    IReadOnlyList<ObjectiveReliability> Reliabilities
)
{
    /// <summary>Prompts that text encoders got without their ends.</summary>
    public IReadOnlyList<CutText> Cut { get; init; } = [];

    /// <summary>Trials that were set aside because their process died too often.</summary>
    public int SetAside { get; init; }
}

/// <summary>How fast images were made, beside what the runtime reaches on one large matrix product on the same
/// machine.</summary>
/// <param name="ImagesPerMinute">Images of a trial over its time of generation, decoding included.</param>
/// <param name="DenoiserGflopPerImage">2 × multiply-accumulates of all steps of an image, both halves of guidance;
/// weight operators only.</param>
/// <param name="GflopsPerSecond">The product of the two above.</param>
/// <param name="MatMulGflopsPerSecond">ONNX Runtime's own MatMul, 1024 × 1024 × 1024, best of several, measured when
/// the study was summarised.</param>
public sealed record GenerationSpeed(
    double ImagesPerMinute,
    double DenoiserGflopPerImage,
    double GflopsPerSecond,
    double MatMulGflopsPerSecond
)
{
    /// <summary>Share of the matrix product's speed, 0 to 1.</summary>
    public double ShareOfMatMul => GflopsPerSecond / MatMulGflopsPerSecond;
}
