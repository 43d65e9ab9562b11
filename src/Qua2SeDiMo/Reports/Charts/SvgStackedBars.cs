namespace Qua2SeDiMo.Reports.Charts;

/// <summary>Draws <see cref="StackedBarData"/>: bars of equal length, shares by count.</summary>
internal static class SvgStackedBars
{
    private const double RowHeight = 24;
    private const double Width = 480;

    public static SvgDocument Draw(string name, string title, StackedBarData data)
    {
        double left =
            16
            + Math.Min(210, data.Bars.Select(bar => SvgDocument.TextWidth(bar.Label, 11.5)).DefaultIfEmpty(40).Max());
        double right = Width - 44;
        double top = ChartSeries.LegendHeight(data.Series, Width - 24) + 10;
        double bottom = top + (RowHeight * data.Bars.Count);
        var svg = new SvgDocument(
            name,
            Width,
            bottom + 36,
            title,
            "Stacked bars: share of the weights of each group that got each option, number of weights at the "
                + "right; hue is the method, hatched and light is 3 bits."
        );
        ChartSeries.Legend(svg, data.Series, 12, 4, Width - 24);
        for (int i = 0; i < data.Bars.Count; i++)
        {
            StackedBar bar = data.Bars[i];
            double y = top + (RowHeight * i);
            svg.Text(left - 8, y + 15, SvgDocument.Shorten(bar.Label, left - 12), "end");
            int total = Math.Max(1, bar.Counts.Sum());
            double at = left;
            for (int k = 0; k < bar.Counts.Count; k++)
            {
                if (bar.Counts[k] == 0)
                    continue;
                double width = (right - left) * bar.Counts[k] / total;
                data.Series[k]
                    .Fill(
                        svg,
                        at,
                        y + 2,
                        Math.Max(0.5, width - 1),
                        RowHeight - 6,
                        $"{bar.Label}: {data.Series[k].Label} for {bar.Counts[k]} of {total}"
                    );
                at += width;
            }
            svg.Text(right + 8, y + 15, FigureText.Count(total), "muted small");
        }
        foreach (int percent in new[] { 0, 50, 100 })
        {
            double x = left + ((right - left) * percent / 100);
            svg.Line(x, bottom, x, bottom + 4, "axis");
            svg.Text(x, bottom + 17, $"{percent} %", "middle muted small");
        }
        return svg;
    }
}
