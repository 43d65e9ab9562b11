namespace Qua2SeDiMo.Studies;

/// <summary>Converts a runner's trial counts and trial progress to study progress with the remaining time.</summary>
internal sealed class StudyPace(TimeProvider time, TrialCounts atStart, IProgress<StudyProgress>? progress)
    : IProgress<TrialProgress>
{
    // No estimate is made before this part of a trial is done.
    private const double MinEvidence = 0.05;

    private readonly long start = time.GetTimestamp();
    private readonly int finishedAtStart = atStart.Finished;
    private Trial? current;

    /// <summary>Trials by state at the last update.</summary>
    public TrialCounts Counts { get; private set; } = atStart;

    /// <summary>The trial that finished last.</summary>
    public Trial? Latest { get; set; }

    /// <summary>Called when a trial begins, or, with null, while the runner waits for other workers.</summary>
    public void Update(TrialCounts counts, Trial? trial)
    {
        Counts = counts;
        current = trial;
        Report(default);
    }

    /// <summary>Called when the current trial progresses.</summary>
    public void Report(TrialProgress value)
    {
        double done = Counts.Finished - finishedAtStart + value.Fraction,
            left = Counts.Total - Counts.Finished - value.Fraction;
        TimeSpan? remaining = done >= MinEvidence ? time.GetElapsedTime(start) * (Math.Max(left, 0) / done) : null;
        progress?.Report(new StudyProgress(Counts, current, value, Latest, remaining));
    }
}
