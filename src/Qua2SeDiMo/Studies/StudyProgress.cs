namespace Qua2SeDiMo.Studies;

/// <summary>Trials of a study by state.</summary>
/// <param name="Waiting">Proposed, not begun.</param>
/// <param name="Running">Leased by any worker.</param>
/// <param name="Complete">Evaluated, or pruned.</param>
/// <param name="Failed">Ended without result.</param>
/// <param name="SetAside">Left alone because their process died too often.</param>
internal readonly record struct TrialCounts(int Waiting, int Running, int Complete, int Failed, int SetAside = 0)
{
    /// <summary>All of them.</summary>
    public int Total => Waiting + Running + Complete + Failed + SetAside;

    /// <summary>Those in a final state.</summary>
    public int Finished => Complete + Failed + SetAside;
}

/// <summary>How far a study is, as all its workers have taken it.</summary>
/// <param name="Counts">Trials by state, among those asked for.</param>
/// <param name="Current">The trial that this worker evaluates; null between trials and while waiting for other
/// workers.</param>
/// <param name="CurrentProgress">How far that one is.</param>
/// <param name="Latest">The trial that this worker finished last; null before the first.</param>
/// <param name="Remaining">Time left at the pace of all workers since this one began; null until there is something to
/// go by.</param>
internal sealed record StudyProgress(
    TrialCounts Counts,
    Trial? Current,
    TrialProgress CurrentProgress,
    Trial? Latest,
    TimeSpan? Remaining
);
