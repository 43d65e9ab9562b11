namespace Qua2SeDiMo.Pipelines;

/// <summary>A generated image on disk.</summary>
/// <param name="Path">Path of the PNG file.</param>
/// <param name="Prompt">Prompt of the image.</param>
/// <param name="Seed">Seed of its starting noise.</param>
public sealed record GeneratedImage(string Path, string Prompt, ulong Seed);
