using Qua2SeDiMo.Fuzz.Targets;

namespace Qua2SeDiMo.Fuzz;

/// <summary>All readers of files and texts that are not trusted: from other programs, or from a disk that may have
/// damaged them.</summary>
internal static class AllTargets
{
    internal static IReadOnlyList<FuzzTarget> Of(ScratchFolder scratch) =>
        [
            .. JsonTargets.All(),
            .. TensorTargets.All(scratch),
            .. SchedulerTargets.All(),
            .. GraphTargets.All(scratch),
            .. TextTargets.All(scratch),
            .. StudyTargets.All(scratch),
            .. PictureTargets.All(),
        ];

    /// <summary>The names of all targets.</summary>
    internal static IReadOnlyList<string> Names
    {
        get
        {
            using var scratch = new ScratchFolder();
            return [.. Of(scratch).Select(target => target.Name)];
        }
    }
}
