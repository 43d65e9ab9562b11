using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Studies.Objectives;

namespace Qua2SeDiMo.Labelling;

/// <summary>Summary of a study.</summary>
/// <param name="Complete">Number of trials with labels.</param>
/// <param name="Failed">Number of trials that failed.</param>
/// <param name="Images">Number of images per trial.</param>
/// <param name="Steps">Number of denoising steps per image.</param>
/// <param name="SecondsPerTrial">Mean wall time of a trial.</param>
/// <param name="OutsideRuntimeShare">Share of that time spent outside ONNX Runtime, 0 to 1.</param>
/// <param name="Speed">Speed of image generation; null when nothing was generated.</param>
/// <param name="Objective">Name of the optimised metric.</param>
/// <param name="Reliabilities">Split-half reliability of each metric; empty when there are too few trials or
/// images.</param>
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
    /// <summary>Prompts that were truncated because text encoders do not accept their length.</summary>
    public IReadOnlyList<CutText> Cut { get; init; } = [];

    /// <summary>Number of trials that were set aside because their process died too often.</summary>
    public int SetAside { get; init; }
}

/// <summary>Speed of image generation, with ONNX Runtime's speed on one large matrix product on the same machine for
/// comparison.</summary>
/// <param name="ImagesPerMinute">Images per minute of generation time, decoding included.</param>
/// <param name="DenoiserGflopPerImage">2 × multiply-accumulates of an image, in 10^9: weight operators of all steps,
/// with both passes of guidance.</param>
/// <param name="GflopsPerSecond"><paramref name="DenoiserGflopPerImage"/> × images per second.</param>
/// <param name="MatMulGflopsPerSecond">ONNX Runtime's MatMul of 1024 × 1024 × 1024, best of several, measured when the
/// summary was made.</param>
public sealed record GenerationSpeed(
    double ImagesPerMinute,
    double DenoiserGflopPerImage,
    double GflopsPerSecond,
    double MatMulGflopsPerSecond
)
{
    /// <summary>Speed of generation relative to the matrix product.</summary>
    public double ShareOfMatMul => GflopsPerSecond / MatMulGflopsPerSecond;
}
