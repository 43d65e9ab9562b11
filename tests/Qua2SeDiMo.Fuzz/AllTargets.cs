using Qua2SeDiMo.Fuzz.Targets;

namespace Qua2SeDiMo.Fuzz;

/// <summary>Every reader of files and words that come from outside, or from a disk that may have spoiled
/// them.</summary>
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

    /// <summary>Their names, without making anything.</summary>
    internal static IReadOnlyList<string> Names
    {
        get
        {
            using var scratch = new ScratchFolder();
            return [.. Of(scratch).Select(target => target.Name)];
        }
    }
}
