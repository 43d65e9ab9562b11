using Qua2SeDiMo.Plans;

namespace Qua2SeDiMo.Reports.Charts;

/// <summary>Draws a <see cref="ScoreFront"/>: size to the right, summed score upwards, candidates as dots on the
/// line.</summary>
internal static class SvgFront
{
    private const double Width = 440;
    private const double Height = 300;
    private const double Left = 62;
    private const double Right = Width - 14;
    private const double Top = 14;
    private const double Bottom = Height - 50;

    public static SvgDocument Draw(ScoreFront front, IReadOnlyList<PlanEntry> proposals, string unit)
    {
        var svg = new SvgDocument(
            $"front-{FigureText.Slug(front.Scores.Name)}",
            Width,
            Height,
            $"Summed score against size, {front.Scores.Label}",
            $"{front.Points.Count} points of the front; AverageBits to the right, summed score upwards; {proposals.Count} proposals marked."
        );
        var x = ChartAxis.Over(front.Points.Select(point => point.AverageBits), Left, Right, 6);
        var y = ChartAxis.Over(front.Points.Select(point => point.Score), Bottom, Top, 5);
        foreach (double tick in y.Ticks)
        {
            svg.Line(Left, y.At(tick), Right, y.At(tick), "grid");
            svg.Text(Left - 8, y.At(tick) + 4, y.Text(tick), "end muted small");
        }
        foreach (double tick in x.Ticks)
            svg.Text(x.At(tick), Bottom + 16, x.Text(tick), "middle muted small");
        svg.Line(Left, Bottom, Right, Bottom, "axis");
        svg.Text((Left + Right) / 2, Height - 10, "AverageBits", "middle");
        svg.RotatedText(15, (Top + Bottom) / 2, -90, "summed score", "middle");
        string path = string.Concat(
            front.Points.Select(
                (point, i) => Markup.Of($"{(i == 0 ? "M" : "L")}{x.At(point.AverageBits)} {y.At(point.Score)}").Text
            )
        );
        if (path.Length > 0)
            svg.Path(path, "frontier");
        foreach (PlanEntry proposal in proposals)
        {
            double score = proposal.PredictedScore ?? double.NaN;
            string tip =
                $"proposal, {FigureText.Fixed(proposal.AverageBits, 3)} bits: {FigureText.Fixed(score, 3)} {unit}";
            svg.Circle(x.At(proposal.AverageBits), y.At(score), 4, "dot", tip);
        }
        return svg;
    }
}
