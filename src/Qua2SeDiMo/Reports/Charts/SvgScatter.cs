using Qua2SeDiMo.Reports.Words;

namespace Qua2SeDiMo.Reports.Charts;

/// <summary>Draws <see cref="ScatterData"/> with the line of perfect prediction; both axes have the same
/// range.</summary>
internal static class SvgScatter
{
    private const double Width = 440;
    private const double Height = 400;
    private const double Left = 62;
    private const double Right = Width - 14;
    private const double Top = 14;
    private const double Bottom = Height - 50;

    public static SvgDocument Draw(string name, string title, ScatterData data)
    {
        var svg = new SvgDocument(
            name,
            Width,
            Height,
            title,
            $"{data.Points.Count} held-out trials; measured to the right, predicted upwards."
        );
        double[] values = [.. data.Points.SelectMany(point => new[] { point.Trial.Objective, point.Predicted })];
        var x = ChartAxis.Over(values, Left, Right, 5);
        var y = ChartAxis.Over(values, Bottom, Top, 5);
        foreach (double tick in x.Ticks)
        {
            svg.Line(Left, y.At(tick), Right, y.At(tick), "grid");
            svg.Text(Left - 8, y.At(tick) + 4, y.Text(tick), "end muted small");
            svg.Text(x.At(tick), Bottom + 16, x.Text(tick), "middle muted small");
        }
        svg.Line(Left, Bottom, Right, Bottom, "axis");
        svg.Line(x.At(x.Min), y.At(x.Min), x.At(x.Max), y.At(x.Max), "reference");
        svg.Text((Left + Right) / 2, Height - 10, $"measured {data.Unit}", "middle");
        svg.RotatedText(15, (Top + Bottom) / 2, -90, $"predicted {data.Unit}", "middle");
        foreach (HeldOutTrial point in data.Points)
        {
            TrialData trial = point.Trial;
            string tip =
                $"trial {trial.Number}, {FigureText.Fixed(trial.AverageBits, 2)} bits: "
                + $"measured {FigureText.Fixed(trial.Objective, 3)}, predicted {FigureText.Fixed(point.Predicted, 3)}";
            svg.Circle(x.At(trial.Objective), y.At(point.Predicted), 4, "dot", tip);
        }
        return svg;
    }
}
