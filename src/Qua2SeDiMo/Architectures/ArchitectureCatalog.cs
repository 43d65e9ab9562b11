using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;
using Qua2SeDiMo.Models.Known;

namespace Qua2SeDiMo.Architectures;

/// <summary>The supported architectures. A new family takes one file and one line here.</summary>
internal static class ArchitectureCatalog
{
    /// <summary>All families; at most one recognizes a configuration.</summary>
    public static IReadOnlyList<IArchitecture> All { get; } =
    [
        new PixArtArchitecture(),
        new HunyuanDiTArchitecture(),
        new StableDiffusion3Architecture(),
        new FluxArchitecture(),
        new SanaArchitecture(),
        new Lumina2Architecture(),
        new AuraFlowArchitecture(),
        new BertArchitecture(),
        new DiTArchitecture(),
        new UNet2DConditionArchitecture(),
        new T5EncoderArchitecture(),
        new ClipTextArchitecture(),
        new ClipVisionArchitecture(),
        new ClipArchitecture(),
        new AutoencoderTinyArchitecture(),
        new AutoencoderKLArchitecture(),
    ];

    /// <summary>Finds the family of a configuration.</summary>
    /// <exception cref="ArchitectureException">No family recognizes the configuration.</exception>
    public static IArchitecture Find(ComponentConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return All.FirstOrDefault(architecture => architecture.Recognizes(config))
            ?? throw new ArchitectureException(
                $"{config.Source}: no architecture here builds the class '{config.ClassName}'. "
                    + "docs/architectures.md has the table of supported classes."
            );
    }

    /// <summary>Builds the graph that a request describes.</summary>
    /// <exception cref="Q2Exception">The class or a setting is not supported, or the checkpoint does not fit the
    /// configuration.</exception>
    public static Graph Build(BuildRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        IArchitecture architecture = Find(request.Config);
        if (!architecture.Parts.Contains(request.Part))
        {
            throw new ArchitectureException(
                $"{request.Config.Source}: '{request.Config.ClassName}' has no part '{request.Part}'; it has "
                    + $"{string.Join(", ", architecture.Parts)}."
            );
        }
        KnownConfigs.Find(request.Config)?.Check(request.Config);
        CheckpointCheck.OfMarks(request.Config, request.Tensors);
        try
        {
            AskedTensors asked = request.Tensors as AskedTensors ?? new AskedTensors(request.Tensors);
            Graph graph = architecture.Build(request with { Tensors = asked });
            CheckpointCheck.OfUse(asked);
            return graph;
        }
        catch (ParameterException error) when (ExtentKeys.Of(request.Config, error) is { Length: > 0 } keys)
        {
            throw new ArchitectureException($"{error.Message} See {keys} in {request.Config.Source}.", error);
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException or ArithmeticException)
        {
            // A damaged configuration can make extents that are negative, overflow or do not match.
            throw new ArchitectureException(
                $"{request.Config.Source}: these settings do not make a '{request.Config.ClassName}': {error.Message}",
                error
            );
        }
    }
}
