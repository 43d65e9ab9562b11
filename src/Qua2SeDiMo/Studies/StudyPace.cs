namespace Qua2SeDiMo.Studies;

/// <summary>Turns what a runner sees into progress with the time left.</summary>
internal sealed class StudyPace(TimeProvider time, TrialCounts atStart, IProgress<StudyProgress>? progress)
    : IProgress<TrialProgress>
{
    // Less than this part of a trial says nothing of its length.
    private const double MinEvidence = 0.05;

    private readonly long start = time.GetTimestamp();
    private readonly int finishedAtStart = atStart.Finished;
    private Trial? current;

    /// <summary>Trials by state at the last look.</summary>
    public TrialCounts Counts { get; private set; } = atStart;

    /// <summary>The trial that was finished last.</summary>
    public Trial? Latest { get; set; }

    /// <summary>A trial has begun, or, with null, the runner waits for others.</summary>
    public void Update(TrialCounts counts, Trial? trial)
    {
        Counts = counts;
        current = trial;
        Report(default);
    }

    /// <summary>The current trial goes on.</summary>
    public void Report(TrialProgress value)
    {
        double done = Counts.Finished - finishedAtStart + value.Fraction,
            left = Counts.Total - Counts.Finished - value.Fraction;
        TimeSpan? remaining = done >= MinEvidence ? time.GetElapsedTime(start) * (Math.Max(left, 0) / done) : null;
        progress?.Report(new StudyProgress(Counts, current, value, Latest, remaining));
    }
}
