using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using Qua2SeDiMo.Predictors.Data;

namespace Qua2SeDiMo.Plans;

/// <summary>A point of a front.</summary>
/// <param name="SizeBytes">Bytes of the quantizable weights.</param>
/// <param name="AverageBits">The size in average bits, palettes, scales and zero points included.</param>
/// <param name="Score">Largest summed score within this size, in the unit of the scores.</param>
public sealed record PlanFrontPoint(long SizeBytes, double AverageBits, double Score);

/// <summary>The front of summed score against size for one kind of scores.</summary>
public sealed record ScoreFront
{
    // Of a front with more points only the corners of its hull are kept, to limit the size of result files.
    private const int MaxPoints = 1000;

    /// <summary>Creates a front.</summary>
    /// <param name="scores">The scores that are summed.</param>
    /// <param name="isComplete">Whether all Pareto-optimal points are listed; otherwise the corners of their upper
    /// hull.</param>
    /// <param name="points">Points, ascending in size and in score; each is the optimum of its size.</param>
    public ScoreFront(ScoreModel scores, bool isComplete, IReadOnlyList<PlanFrontPoint> points) =>
        (Scores, IsComplete, Points) = (scores, isComplete, points);

    [JsonConstructor]
    private ScoreFront(string model, PlanLevel level, bool isComplete, IReadOnlyList<PlanFrontPoint> points)
        : this(ScoreModel.OfFile(model, level), isComplete, points) { }

    /// <summary>The scores that are summed.</summary>
    [JsonIgnore]
    public ScoreModel Scores { get; }

    /// <summary>Family of <see cref="Scores"/>.</summary>
    public string Model => Scores.Family;

    /// <summary>Level of <see cref="Scores"/>: of single weights or of units.</summary>
    public PlanLevel Level => Scores.Level;

    /// <summary>Whether all Pareto-optimal points are listed; otherwise the corners of their upper hull.</summary>
    public bool IsComplete { get; }

    /// <summary>Points, ascending in size and in score; each is the optimum of its size.</summary>
    public IReadOnlyList<PlanFrontPoint> Points { get; }

    /// <summary>The fronts of all sources that sum scores.</summary>
    /// <param name="features">Sizes of every weight under every option.</param>
    /// <param name="sources">The sources.</param>
    /// <param name="cancellationToken">Cancels between groups.</param>
    internal static IReadOnlyList<ScoreFront> Of(
        OptionFeatures features,
        IReadOnlyList<PlanSource> sources,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(features);
        ArgumentNullException.ThrowIfNull(sources);
        var fronts = new List<ScoreFront>();
        foreach (PlanSource source in sources)
        {
            if (source.Search is not ScoreSumSearch sum)
                continue;
            PlanFront front = sum.Front(MaxPoints, cancellationToken);
            fronts.Add(new ScoreFront(source.Scores, front.IsComplete, [.. front.Points.Select(Point)]));
        }
        return fronts;

        PlanFrontPoint Point(FrontPoint point) =>
            new(
                point.SizeBytes,
                features.OriginalBits * (double)point.SizeBytes / features.TotalOriginalBytes,
                point.Score
            );
    }

    /// <summary>Fronts as CSV: family, level, bytes, average bits and score of every point.</summary>
    public static string Csv(IReadOnlyList<ScoreFront> fronts)
    {
        ArgumentNullException.ThrowIfNull(fronts);
        var text = new StringBuilder("predictor,level,size_bytes,average_bits,score\n");
        foreach (ScoreFront front in fronts)
        {
            string scores = $"{front.Model},{front.Level.ToString().ToLowerInvariant()}";
            foreach (PlanFrontPoint point in front.Points)
            {
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"{scores},{point.SizeBytes},{point.AverageBits:0.######},{point.Score:R}\n"
                );
            }
        }
        return text.ToString();
    }
}
