using Qua2SeDiMo.Studies;

namespace Qua2SeDiMo.Stages;

/// <summary>What a study says of itself.</summary>
/// <param name="Complete">Trials with labels.</param>
/// <param name="Failed">Trials without.</param>
/// <param name="Images">Images per trial.</param>
/// <param name="Steps">Steps per image.</param>
/// <param name="SecondsPerTrial">Mean wall time.</param>
/// <param name="OutsideRuntimeShare">Share of that time spent outside ONNX Runtime, 0 to 1.</param>
/// <param name="Objective">Name of the metric that is optimised.</param>
/// <param name="Reliabilities">Split-half reliability of each metric; empty for too few trials or images.</param>
public sealed record StudySummary(
    int Complete, int Failed, int Images, int Steps, double SecondsPerTrial, double OutsideRuntimeShare, string Objective, IReadOnlyList<ObjectiveReliability> Reliabilities);
