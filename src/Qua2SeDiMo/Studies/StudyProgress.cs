namespace Qua2SeDiMo.Studies;

/// <summary>Number of trials of a study by state.</summary>
/// <param name="Waiting">Proposed, not started.</param>
/// <param name="Running">Leased by a worker.</param>
/// <param name="Complete">Evaluated.</param>
/// <param name="Failed">Ended without a result.</param>
/// <param name="SetAside">Set aside because their process died too often.</param>
internal readonly record struct TrialCounts(int Waiting, int Running, int Complete, int Failed, int SetAside = 0)
{
    /// <summary>Number of all trials.</summary>
    public int Total => Waiting + Running + Complete + Failed + SetAside;

    /// <summary>Number of trials in a final state.</summary>
    public int Finished => Complete + Failed + SetAside;
}

/// <summary>Progress of a study, with the work of all its workers.</summary>
/// <param name="Counts">Trials by state, among those requested.</param>
/// <param name="Current">The trial that this worker is evaluating; null between trials and while it waits for other
/// workers.</param>
/// <param name="CurrentProgress">Progress of that trial.</param>
/// <param name="Latest">The trial that this worker finished last; null before the first.</param>
/// <param name="Remaining">Estimated time left, from the pace of all workers since this one started; null until there
/// is enough to estimate from.</param>
internal sealed record StudyProgress(
    TrialCounts Counts,
    Trial? Current,
    TrialProgress CurrentProgress,
    Trial? Latest,
    TimeSpan? Remaining
);
