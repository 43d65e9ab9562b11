namespace Qua2SeDiMo.Plans;

/// <summary>
/// Linear relaxation of some groups: the largest score for a number of bytes if fractions of options were allowed. It
/// is concave, and an upper bound on the score of whole options.
/// </summary>
internal sealed class HullBound
{
    private readonly List<(double Slope, int Group, long SizeBytes, double Score)> steps = [];
    private readonly Candidate[] least;
    private long leastBytes;
    private double leastScore;
    private long[] sizes = [];
    private double[] scores = [];

    /// <summary>Combines the upper hulls of all groups.</summary>
    /// <param name="groups">Undominated candidates of each group, ascending in size.</param>
    internal HullBound(Candidate[][] groups)
    {
        least = [.. groups.Select(group => group[0])];
        leastBytes = least.Sum(candidate => candidate.SizeBytes);
        leastScore = least.Sum(candidate => candidate.Score);
        for (int g = 0; g < groups.Length; g++)
        {
            int[] corners = OptionFront.Corners(groups[g]);
            for (int i = 1; i < corners.Length; i++)
            {
                Candidate from = groups[g][corners[i - 1]],
                    to = groups[g][corners[i]];
                steps.Add((OptionFront.Slope(from, to), g, to.SizeBytes - from.SizeBytes, to.Score - from.Score));
            }
        }
        steps.Sort((a, b) => a.Slope != b.Slope ? b.Slope.CompareTo(a.Slope) : a.Group.CompareTo(b.Group));
        Sum();
    }

    /// <summary>Least bytes that the remaining groups need.</summary>
    internal long MinBytes => leastBytes;

    /// <summary>Removes a group.</summary>
    internal void Remove(int group)
    {
        leastBytes -= least[group].SizeBytes;
        leastScore -= least[group].Score;
        steps.RemoveAll(step => step.Group == group);
        Sum();
    }

    /// <summary>Upper bound on the score of the remaining groups for a number of bytes.</summary>
    /// <param name="bytes">Number of bytes, at least <see cref="MinBytes"/>.</param>
    internal double At(long bytes)
    {
        long free = bytes - leastBytes;
        int place = Array.BinarySearch(sizes, free);
        if (place < 0)
            place = ~place - 1;
        double score = leastScore + scores[place];
        return place < steps.Count ? score + (steps[place].Slope * (free - sizes[place])) : score;
    }

    private void Sum()
    {
        sizes = new long[steps.Count + 1];
        scores = new double[steps.Count + 1];
        for (int i = 0; i < steps.Count; i++)
        {
            sizes[i + 1] = sizes[i] + steps[i].SizeBytes;
            scores[i + 1] = scores[i] + steps[i].Score;
        }
    }
}
