namespace Qua2SeDiMo.Plans;

/// <summary>A point of a front: no allocation of at most this size has a larger summed score.</summary>
/// <param name="SizeBytes">Bytes of the allocation.</param>
/// <param name="Score">Summed score.</param>
internal readonly record struct FrontPoint(long SizeBytes, double Score);

/// <summary>The front of summed score against size, from the smallest allocation to the best one.</summary>
/// <param name="Points">Points, ascending in size and in score; each is an exact optimum.</param>
/// <param name="IsComplete">
/// Whether all Pareto-optimal points are listed. If not, the points are the corners of the front's upper hull;
/// <see cref="PlanSearch.Choose"/> finds the optimum for a budget between two corners.
/// </param>
internal sealed record PlanFront(IReadOnlyList<FrontPoint> Points, bool IsComplete)
{
    /// <summary>Default largest number of points of a complete front.</summary>
    public const int MaxPoints = 10_000;

    /// <summary>Computes the front.</summary>
    /// <param name="groups">Options of each group.</param>
    /// <param name="mostPoints">Largest number of points of a complete front; of a larger front, the corners of the
    /// hull are returned.</param>
    /// <param name="cancellationToken">Checked once per group.</param>
    public static PlanFront Trace(
        IReadOnlyList<IReadOnlyList<PlanOption>> groups,
        int mostPoints = MaxPoints,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(groups);
        return Complete(groups, mostPoints, cancellationToken) is { } points
            ? new PlanFront(points, true)
            : new PlanFront(Hull(groups), false);
    }

    // Extends the front group by group; null when it has too many points.
    private static FrontPoint[]? Complete(
        IReadOnlyList<IReadOnlyList<PlanOption>> groups,
        int mostPoints,
        CancellationToken cancellationToken
    )
    {
        FrontPoint[] front = [new(0, 0)];
        foreach (IReadOnlyList<PlanOption> group in groups)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Candidate[] options = OptionFront.Undominated(group);
            if ((long)front.Length * options.Length > 64L * mostPoints)
                return null;
            front = Undominated([
                .. front.SelectMany(point =>
                    options.Select(option => new FrontPoint(
                        point.SizeBytes + option.SizeBytes,
                        point.Score + option.Score
                    ))
                ),
            ]);
            if (front.Length > mostPoints)
                return null;
        }
        return front;
    }

    private static FrontPoint[] Undominated(FrontPoint[] points)
    {
        Array.Sort(
            points,
            (a, b) => a.SizeBytes != b.SizeBytes ? a.SizeBytes.CompareTo(b.SizeBytes) : b.Score.CompareTo(a.Score)
        );
        var kept = new List<FrontPoint>();
        foreach (FrontPoint point in points)
        {
            if (kept.Count == 0 || point.Score > kept[^1].Score)
                kept.Add(point);
        }
        return [.. kept];
    }

    // The hull of a sum is the sum of the hulls: the steps of all hulls, steepest first.
    private static FrontPoint[] Hull(IReadOnlyList<IReadOnlyList<PlanOption>> groups)
    {
        long size = 0;
        double score = 0;
        var steps = new List<FrontPoint>();
        foreach (IReadOnlyList<PlanOption> group in groups)
        {
            Candidate[] options = OptionFront.Undominated(group);
            Candidate[] corners = [.. OptionFront.Corners(options).Select(place => options[place])];
            size += corners[0].SizeBytes;
            score += corners[0].Score;
            for (int i = 1; i < corners.Length; i++)
                steps.Add(
                    new FrontPoint(
                        corners[i].SizeBytes - corners[i - 1].SizeBytes,
                        corners[i].Score - corners[i - 1].Score
                    )
                );
        }
        var points = new List<FrontPoint> { new(size, score) };
        double slope = double.NaN;
        foreach (FrontPoint step in steps.OrderByDescending(step => step.Score / step.SizeBytes))
        {
            size += step.SizeBytes;
            score += step.Score;
            // Consecutive steps of equal slope form one side, whose end is the only corner.
            if (step.Score / step.SizeBytes == slope)
                points.RemoveAt(points.Count - 1);
            slope = step.Score / step.SizeBytes;
            points.Add(new FrontPoint(size, score));
        }
        return [.. points];
    }
}
