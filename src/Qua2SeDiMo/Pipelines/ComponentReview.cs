using Qua2SeDiMo.Architectures;
using Qua2SeDiMo.Diffusion.Schedulers;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;
using Qua2SeDiMo.Models.Known;

namespace Qua2SeDiMo.Pipelines;

/// <summary>What a component holds beside what is read of it.</summary>
/// <param name="Component">Name in the pipeline.</param>
/// <param name="ClassName">The class that it is opened as.</param>
/// <param name="FileClassName">The class that its own file names, where that is another one.</param>
/// <param name="UnreadKeys">Keys of its configuration that are not read and not known to change nothing.</param>
/// <param name="UnreadTensors">Tensors of its checkpoint, likewise.</param>
/// <param name="UnreadFiles">Files of its folder, likewise.</param>
/// <param name="Corrections">What is corrected in its configuration, a sentence each.</param>
/// <param name="Refusal">Why it cannot be used; null if it can.</param>
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
    /// <summary>Builds the component from its configuration and headers, and looks at what is left over.</summary>
    /// <param name="component">Any component that the pipeline uses.</param>
    /// <param name="open">Opens the weights of a network.</param>
    /// <param name="alsoRead">Paths of files of its folder that are read beside those with known names.</param>
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
            // A program has its own names, and all of it is run.
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
