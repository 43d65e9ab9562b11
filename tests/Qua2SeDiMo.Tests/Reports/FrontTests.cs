using Qua2SeDiMo.Reports;
using Xunit;

namespace Qua2SeDiMo.Tests.Reports;

public sealed class FrontTests
{
    private static readonly FrontData Front = new("network-block", "the network, block level", "standard deviations", false,
        [new(3.0, -4), new(3.5, 1), new(4.2, 2.5)], [new(3.49, 0.9)]);

    [Fact]
    public void The_line_goes_through_every_point_and_proposals_are_marks()
    {
        string svg = SvgFront.Draw(Front).ToFile();
        string path = svg[svg.IndexOf("d=\"M", StringComparison.Ordinal)..];
        Assert.Equal(2, path[..path.IndexOf('"', 3)].Count(letter => letter == 'L'));
        Assert.Equal(1, svg.Split("<circle").Length - 1);
        Assert.Contains("3.490 bits", svg, StringComparison.Ordinal);
    }

    [Fact]
    public void Its_numbers_are_a_table_of_all_points() => Assert.Equal(3, Front.ToTable().Rows.Count);
}
