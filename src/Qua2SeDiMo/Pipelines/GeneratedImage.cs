namespace Qua2SeDiMo.Pipelines;

/// <summary>One image on disk.</summary>
/// <param name="Path">PNG file.</param>
/// <param name="Prompt">What it was to show.</param>
/// <param name="Seed">Seed of its noise.</param>
public sealed record GeneratedImage(string Path, string Prompt, ulong Seed);
