using CsCheck;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Plans;
using Xunit;

namespace Qua2SeDiMo.Tests.Plans;

public sealed class PlanFrontTests
{
    private static readonly Gen<PlanOption[][]> Groups = Gen.Select(
            Gen.Int[0, 12],
            Gen.Int[-8, 8],
            (size, score) => new PlanOption(size, score / 4.0)
        )
        .Array[1, 5]
        .Array[1, 6];

    [Fact]
    public void A_small_front_holds_every_allocation_that_no_smaller_one_outscores() =>
        Groups.Sample(
            groups =>
            {
                PlanFront front = PlanFront.Trace(groups);
                FrontPoint[] all =
                [
                    .. All(groups).OrderBy(point => point.SizeBytes).ThenByDescending(point => point.Score),
                ];
                var expected = new List<FrontPoint>();
                foreach (FrontPoint point in all)
                {
                    if (expected.Count == 0 || point.Score > expected[^1].Score)
                        expected.Add(point);
                }
                return front.IsComplete && front.Points.SequenceEqual(expected);
            },
            iter: 500
        );

    [Fact]
    public void The_corners_of_a_large_front_are_the_optima_of_their_sizes_and_lie_on_its_hull() =>
        Groups.Sample(
            groups =>
            {
                PlanFront front = PlanFront.Trace(groups, mostPoints: 0),
                    complete = PlanFront.Trace(groups);
                FrontPoint[] points = [.. front.Points];
                bool areOptimal = points.All(point =>
                    Math.Abs(PlanSearch.Choose(groups, point.SizeBytes)!.Score - point.Score) < 1e-9
                );
                double[] slopes =
                [
                    .. points
                        .Skip(1)
                        .Select(
                            (point, i) => (point.Score - points[i].Score) / (point.SizeBytes - points[i].SizeBytes)
                        ),
                ];
                bool isConcave = slopes.Skip(1).Select((slope, i) => slope < slopes[i]).All(falls => falls);
                // No point of the complete front lies above a side of the hull.
                bool isHull = complete.Points.All(point =>
                    points
                        .Zip(points.Skip(1))
                        .Where(side =>
                            side.First.SizeBytes <= point.SizeBytes && point.SizeBytes <= side.Second.SizeBytes
                        )
                        .All(side =>
                            point.Score
                            <= side.First.Score
                                + (
                                    (side.Second.Score - side.First.Score)
                                    * (point.SizeBytes - side.First.SizeBytes)
                                    / (side.Second.SizeBytes - side.First.SizeBytes)
                                )
                                + 1e-9
                        )
                );
                return !front.IsComplete
                    && areOptimal
                    && isConcave
                    && isHull
                    && points[0] == complete.Points[0]
                    && points[^1] == complete.Points[^1];
            },
            iter: 500
        );

    [Fact]
    public void The_best_point_within_a_budget_is_the_exact_choice() =>
        Gen.Select(Groups, Gen.Int[0, 60])
            .Sample(
                (groups, budget) =>
                    PlanFront
                        .Trace(groups)
                        .Points.Cast<FrontPoint?>()
                        .LastOrDefault(point => point!.Value.SizeBytes <= budget)
                        ?.Score
                        is var score
                    && PlanSearch.Choose(groups, budget)?.Score is var chosen
                    && (
                        score is null
                            ? chosen is null
                            : chosen is not null && Math.Abs(score.Value - chosen.Value) < 1e-9
                    ),
                iter: 500
            );

    [Fact]
    public void Two_hundred_and_forty_units_with_hundreds_of_option_sets_are_chosen_exactly()
    {
        var random = new Pcg32(11);
        PlanOption[][] groups =
        [
            .. Enumerable
                .Range(0, 240)
                .Select(_ =>
                    Enumerable
                        .Range(0, 400)
                        .Select(_ =>
                            random.Next(4000) is var extra
                                ? new PlanOption(
                                    1_000_000 + (1000L * extra) + random.Next(1000),
                                    Math.Sqrt(extra) + random.NextNormal()
                                )
                                : default
                        )
                        .ToArray()
                ),
        ];
        PlanFront front = PlanFront.Trace(groups);
        FrontPoint corner = front.Points[front.Points.Count / 2],
            next = front.Points[(front.Points.Count / 2) + 1];
        Assert.False(front.IsComplete);
        Assert.Equal(corner.Score, PlanSearch.Choose(groups, corner.SizeBytes)!.Score, 1e-9);
        PlanChoice between = PlanSearch.Choose(groups, (corner.SizeBytes + next.SizeBytes) / 2)!;
        Assert.InRange(between.Score, corner.Score - 1e-9, next.Score);
    }

    private static IEnumerable<FrontPoint> All(PlanOption[][] groups)
    {
        IEnumerable<FrontPoint> points = [new FrontPoint(0, 0)];
        foreach (PlanOption[] group in groups)
            points = points.SelectMany(point =>
                group.Select(option => new FrontPoint(point.SizeBytes + option.SizeBytes, point.Score + option.Score))
            );
        return points;
    }
}
