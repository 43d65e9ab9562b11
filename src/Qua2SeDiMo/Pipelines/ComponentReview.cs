using Qua2SeDiMo.Architectures;
using Qua2SeDiMo.Diffusion.Schedulers;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;
using Qua2SeDiMo.Models.Known;

namespace Qua2SeDiMo.Pipelines;

/// <summary>Report on the parts of a component that are not read.</summary>
/// <param name="Component">Name of the component in the pipeline.</param>
/// <param name="ClassName">The class as which it is opened.</param>
/// <param name="FileClassName">The class in its own configuration when it differs, else null.</param>
/// <param name="UnreadKeys">Keys of its configuration that are neither read nor known to be harmless.</param>
/// <param name="UnreadTensors">Tensors of its checkpoint that are neither read nor known to be harmless.</param>
/// <param name="UnreadFiles">Files of its folder that are neither read nor known to be harmless.</param>
/// <param name="Corrections">Corrections of its configuration, one sentence each.</param>
/// <param name="Refusal">Error message when the component cannot be used; otherwise null.</param>
internal sealed record ComponentReview(
    string Component,
    string ClassName,
    string? FileClassName,
    IReadOnlyList<string> UnreadKeys,
    IReadOnlyList<string> UnreadTensors,
    IReadOnlyList<string> UnreadFiles,
    IReadOnlyList<string> Corrections,
    string? Refusal
)
{
    /// <summary>Builds the component from its configuration and tensor headers, and collects what was not
    /// read.</summary>
    /// <param name="component">A component that the pipeline uses.</param>
    /// <param name="open">Opens the weights of a network.</param>
    /// <param name="alsoRead">Paths of further files in its folder that are read.</param>
    internal static ComponentReview Of(
        ModelComponent component,
        Func<ModelComponent, ITensorSource> open,
        IReadOnlyList<string> alsoRead
    )
    {
        var review = new ComponentReview(component.Name, component.ClassName, null, [], [], [], [], null);
        try
        {
            ComponentFiles files = ComponentFiles.Of(component);
            review = review with { UnreadFiles = KnownFiles.Unknown(files.Unread(alsoRead)) };
            ComponentRole role = ComponentRoles.Of(component.Name);
            if (role is not (ComponentRole.Network or ComponentRole.Scheduler))
                return review;
            ComponentConfig config = component.ReadConfig();
            string? own =
                config.OwnClassName.Length > 0 && config.OwnClassName != config.ClassName ? config.OwnClassName : null;
            review = review with
            {
                ClassName = config.ClassName,
                FileClassName = own,
                Corrections = component.CorrectionNotes(),
            };
            if (role == ComponentRole.Scheduler)
                SchedulerCatalog.Create(config);
            // An ONNX model has other tensor names, and all of its tensors are used.
            else if (files.Program is null)
                review = review with { UnreadTensors = UnreadTensorsOf(component, config, open) };
            return review with { UnreadKeys = KnownConfigs.Unread(config) };
        }
        catch (Exception error) when (error is Q2Exception or IOException or UnauthorizedAccessException)
        {
            return review with { Refusal = error.Message };
        }
    }

    private static IReadOnlyList<string> UnreadTensorsOf(
        ModelComponent component,
        ComponentConfig config,
        Func<ModelComponent, ITensorSource> open
    )
    {
        using ITensorSource source = open(component);
        var asked = new AskedTensors(source);
        foreach (GraphPart part in ArchitectureCatalog.Find(config).Parts)
            ArchitectureCatalog.Build(new BuildRequest(config, asked) { Part = part });
        return
        [
            .. asked
                .Unread.Select(tensor => tensor.Name)
                .Where(name => !KnownTensors.IsHarmless(config.ClassName, name)),
        ];
    }
}
