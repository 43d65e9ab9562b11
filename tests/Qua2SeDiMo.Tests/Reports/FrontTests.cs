using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Reports.Charts;
using Xunit;

namespace Qua2SeDiMo.Tests.Reports;

public sealed class FrontTests
{
    private static readonly ScoreFront Front = new(
        ScoreModel.NetworkBlock,
        isComplete: false,
        [new(300, 3.0, -4), new(350, 3.5, 1), new(420, 4.2, 2.5)]
    );

    [Fact]
    public void The_line_goes_through_every_point_and_proposals_are_marks()
    {
        var proposal = new PlanEntry
        {
            Key = "a",
            Label = "a",
            Kind = PlanKind.Candidate,
            AverageBits = 3.49,
            PredictedScore = 0.9,
        };

        string svg = SvgFront.Draw(Front, [proposal], "standard deviations").ToFile();

        string path = svg[svg.IndexOf("d=\"M", StringComparison.Ordinal)..];
        Assert.Equal(2, path[..path.IndexOf('"', 3)].Count(letter => letter == 'L'));
        Assert.Equal(1, svg.Split("<circle").Length - 1);
        Assert.Contains("3.490 bits", svg, StringComparison.Ordinal);
    }

    [Fact]
    public void Its_numbers_are_a_table_of_all_points() => Assert.Equal(3, Front.ToTable("ssim").Rows.Count);
}
