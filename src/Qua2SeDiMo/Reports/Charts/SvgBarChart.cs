namespace Qua2SeDiMo.Reports.Charts;

/// <summary>Draws <see cref="BarChartData"/> with one row per bar; marked bars are emphasised.</summary>
internal static class SvgBarChart
{
    private const double RowHeight = 26;
    private const double Width = 480;
    private const double Top = 8;

    public static SvgDocument Draw(string name, string title, BarChartData data)
    {
        double left =
            16 + Math.Min(250, data.Bars.Select(bar => SvgDocument.TextWidth(bar.Label)).DefaultIfEmpty(40).Max());
        double right = Width - 54;
        double bottom = Top + (RowHeight * data.Bars.Count);
        var svg = new SvgDocument(
            name,
            Width,
            bottom + 42,
            title,
            $"Bar chart of {data.Bars.Count} values: {data.Unit}."
        );
        IEnumerable<double> values = data.Bars.SelectMany(bar =>
            bar.Observations.Append(bar.Measured.Value).Append(bar.Measured.Low ?? 0).Append(bar.Measured.High ?? 0)
        );
        ChartAxis x = ChartAxis.Over(values.Append(0).Append(data.Max ?? 0), left, right, 5);
        foreach (double tick in x.Ticks)
        {
            svg.Line(x.At(tick), Top, x.At(tick), bottom, Math.Abs(tick) < 1e-12 ? "axis" : "grid");
            svg.Text(x.At(tick), bottom + 15, x.Text(tick), "middle muted small");
        }
        svg.Text(
            Math.Min((left + right) / 2, Width - 4 - (SvgDocument.TextWidth(data.Unit, 10.5) / 2)),
            bottom + 34,
            data.Unit,
            "middle small"
        );
        for (int i = 0; i < data.Bars.Count; i++)
            DrawBar(svg, x, Top + (RowHeight * (i + 0.5)), left, data, data.Bars[i]);
        return svg;
    }

    private static void DrawBar(SvgDocument svg, ChartAxis x, double y, double left, BarChartData data, BarData bar)
    {
        double value = bar.Measured.Value;
        svg.Text(left - 8, y + 4, SvgDocument.Shorten(bar.Label, left - 12), bar.IsMarked ? "end strong" : "end");
        double from = x.At(Math.Min(0, value));
        string figure = FigureText.Fixed(value, data.Decimals);
        svg.Rect(
            from,
            y - 8,
            x.At(Math.Max(0, value)) - from,
            16,
            bar.IsMarked ? "bar" : "bar-quiet",
            $"{bar.Label}: {figure}"
        );
        double end = x.At(Math.Max(0, value));
        if (bar.Measured is { Low: { } low, High: { } high })
        {
            svg.Path(
                Markup.Of($"M{x.At(low)} {y}H{x.At(high)}M{x.At(low)} {y - 3}v6M{x.At(high)} {y - 3}v6").Text,
                "interval"
            );
            end = Math.Max(end, x.At(high));
        }
        foreach (double observation in bar.Observations)
        {
            svg.Circle(x.At(observation), y, 3, "hollow", FigureText.Fixed(observation, data.Decimals));
            end = Math.Max(end, x.At(observation));
        }
        svg.Text(end + 8, y + 4, figure, bar.IsMarked ? "halo strong" : "halo");
    }
}
