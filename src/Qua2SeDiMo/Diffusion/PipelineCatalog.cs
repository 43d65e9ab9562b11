using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Diffusion;

/// <summary>The supported pipeline families, by the class in <c>model_index.json</c>.</summary>
internal static class PipelineCatalog
{
    private static readonly Dictionary<string, Func<PipelineParts, IPipelineFamily>> Makers = new(
        StringComparer.Ordinal
    )
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

    /// <summary>Supported class names.</summary>
    internal static IReadOnlyCollection<string> ClassNames => Makers.Keys;

    /// <summary>Checks that images can be generated from a folder; reads only configurations.</summary>
    /// <exception cref="ModelFolderException">Images cannot be generated; the message states the reason and a
    /// remedy.</exception>
    internal static void RequireSupported(ModelFolder folder)
    {
        if (PipelineSupport.FaultOfGeneration(folder) is { } fault)
            throw new ModelFolderException($"{folder.DirectoryPath}: {fault}");
    }

    /// <summary>Creates the family of a folder.</summary>
    /// <exception cref="ModelFolderException">Images cannot be generated from the folder.</exception>
    internal static IPipelineFamily Create(PipelineParts parts)
    {
        RequireSupported(parts.Folder);
        return Makers[parts.Folder.PipelineClass](parts);
    }
}
