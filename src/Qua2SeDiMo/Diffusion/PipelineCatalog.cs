using Qua2SeDiMo.Models;

namespace Qua2SeDiMo.Diffusion;

/// <summary>All pipeline families, by the class in <c>model_index.json</c>.</summary>
internal static class PipelineCatalog
{
    private static readonly Dictionary<string, Func<PipelineParts, IPipelineFamily>> Makers = new(StringComparer.Ordinal)
    {
        ["DiTPipeline"] = parts => new DiTFamily(parts),
        ["FluxPipeline"] = parts => new FluxFamily(parts),
        ["HunyuanDiTPipeline"] = parts => new HunyuanDiTFamily(parts),
        ["PixArtAlphaPipeline"] = parts => new PixArtFamily(parts),
        ["PixArtSigmaPipeline"] = parts => new PixArtFamily(parts),
        ["StableDiffusion3Pipeline"] = parts => new StableDiffusion3Family(parts),
        ["StableDiffusionPipeline"] = parts => new StableDiffusionFamily(parts),
        ["StableDiffusionXLPipeline"] = parts => new StableDiffusionXLFamily(parts),
    };

    /// <summary>Class names that are supported.</summary>
    internal static IReadOnlyCollection<string> ClassNames => Makers.Keys;

    /// <summary>Puts the family of a folder together.</summary>
    /// <exception cref="ModelFolderException">The pipeline class is not supported.</exception>
    internal static IPipelineFamily Create(PipelineParts parts) =>
        Makers.TryGetValue(parts.Folder.PipelineClass, out Func<PipelineParts, IPipelineFamily>? make) ? make(parts)
            : throw new ModelFolderException($"{parts.Folder.DirectoryPath}: pipeline class '{parts.Folder.PipelineClass}' is not supported; supported are {string.Join(", ", ClassNames)}.");
}
