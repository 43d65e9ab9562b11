namespace Qua2SeDiMo.Reports;

/// <summary>Draws <see cref="FrontData"/>: size to the right, summed score upwards, proposals as marks on the line.</summary>
internal static class SvgFront
{
    private const double Width = 440;
    private const double Height = 300;
    private const double Left = 62;
    private const double Right = Width - 14;
    private const double Top = 14;
    private const double Bottom = Height - 50;

    public static SvgDocument Draw(FrontData data)
    {
        var svg = new SvgDocument($"front-{FigureText.Slug(data.Key)}", Width, Height, $"Summed score against size, {data.Label}",
            $"{data.Points.Count} points of the front; AverageBits to the right, summed score upwards; {data.Proposals.Count} proposals marked.");
        var x = ChartAxis.Over(data.Points.Select(point => point.AverageBits), Left, Right, 6);
        var y = ChartAxis.Over(data.Points.Select(point => point.Score), Bottom, Top, 5);
        foreach (double tick in y.Ticks)
        {
            svg.Line(Left, y.At(tick), Right, y.At(tick), "grid");
            svg.Text(Left - 8, y.At(tick) + 4, y.Text(tick), "end muted small");
        }
        foreach (double tick in x.Ticks) svg.Text(x.At(tick), Bottom + 16, x.Text(tick), "middle muted small");
        svg.Line(Left, Bottom, Right, Bottom, "axis");
        svg.Text((Left + Right) / 2, Height - 10, "AverageBits", "middle");
        svg.TurnedText(15, (Top + Bottom) / 2, -90, "summed score", "middle");
        string path = string.Concat(data.Points.Select((point, i) => Markup.Of($"{(i == 0 ? "M" : "L")}{x.At(point.AverageBits)} {y.At(point.Score)}").Text));
        if (path.Length > 0) svg.Path(path, "frontier");
        foreach (FrontPointData proposal in data.Proposals)
        {
            svg.Circle(x.At(proposal.AverageBits), y.At(proposal.Score), 4, "dot", $"proposal, {FigureText.Fixed(proposal.AverageBits, 3)} bits: {FigureText.Fixed(proposal.Score, 3)} {data.Unit}");
        }
        return svg;
    }
}
