namespace Qua2SeDiMo.Reports.Charts;

/// <summary>Draws <see cref="BoxPlotData"/> with one row per group.</summary>
internal static class SvgBoxPlot
{
    private const double RowHeight = 22;
    private const double Width = 480;
    private const double Top = 12;

    public static SvgDocument Draw(string name, string title, BoxPlotData data)
    {
        double left =
            16
            + Math.Min(210, data.Boxes.Select(box => SvgDocument.TextWidth(box.Label, 11.5)).DefaultIfEmpty(40).Max());
        double right = Width - 14;
        double bottom = Top + (RowHeight * data.Boxes.Count);
        var svg = new SvgDocument(
            name,
            Width,
            bottom + 44,
            title,
            $"Box plots of {data.Boxes.Count} groups: median, quartiles, whiskers to 1.5 interquartile ranges, "
                + $"outliers as circles; {data.Unit}."
        );
        ChartAxis x = ChartAxis.Over(data.Boxes.SelectMany(box => new[] { box.Min, box.Max }), left, right);
        foreach (double tick in x.Ticks)
        {
            svg.Line(x.At(tick), Top, x.At(tick), bottom, Math.Abs(tick) < 1e-12 ? "axis" : "grid");
            svg.Text(x.At(tick), bottom + 16, x.Text(tick), "middle muted small");
        }
        svg.Text(
            Math.Min((left + right) / 2, Width - 4 - (SvgDocument.TextWidth(data.Unit, 10.5) / 2)),
            bottom + 36,
            data.Unit,
            "middle small"
        );
        for (int i = 0; i < data.Boxes.Count; i++)
            DrawBox(svg, x, Top + (RowHeight * (i + 0.5)), left, data.Boxes[i], data.Members);
        return svg;
    }

    private static void DrawBox(SvgDocument svg, ChartAxis x, double y, double left, BoxData box, string members)
    {
        svg.Text(left - 8, y + 4, SvgDocument.Shorten(box.Label, left - 12), "end");
        if (box.ValueCount == 0)
            return;
        svg.Line(x.At(box.WhiskerLow), y, x.At(box.Quartile1), y, "whisker");
        svg.Line(x.At(box.Quartile3), y, x.At(box.WhiskerHigh), y, "whisker");
        svg.Line(x.At(box.WhiskerLow), y - 4, x.At(box.WhiskerLow), y + 4, "whisker");
        svg.Line(x.At(box.WhiskerHigh), y - 4, x.At(box.WhiskerHigh), y + 4, "whisker");
        string tip =
            $"{box.Label}: {box.ValueCount} scores of {box.WeightCount} {members}, median {FigureText.Fixed(box.Median, 2)}, "
            + $"quartiles {FigureText.Fixed(box.Quartile1, 2)} and {FigureText.Fixed(box.Quartile3, 2)}, "
            + $"range {FigureText.Fixed(box.Min, 2)} to {FigureText.Fixed(box.Max, 2)}";
        svg.Rect(x.At(box.Quartile1), y - 7, x.At(box.Quartile3) - x.At(box.Quartile1), 14, "box", tip);
        svg.Line(x.At(box.Median), y - 7, x.At(box.Median), y + 7, "median");
        foreach (double outlier in box.Outliers)
            svg.Circle(x.At(outlier), y, 2.5, "outlier");
    }
}
