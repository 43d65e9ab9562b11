namespace Qua2SeDiMo.Reports.Charts;

/// <summary>Draws <see cref="BitStripData"/>: one column per weight, one lane per allocation; height shows bits, hue
/// the method.</summary>
internal static class SvgBitStrip
{
    private const double Width = 1080;
    private const double Left = 118;
    private const double Right = Width - 10;
    private const double LaneHeight = 54;

    public static SvgDocument Draw(string name, string title, BitStripData data)
    {
        bool hasSpread = data.Weights.Any(weight => weight.Spread is not null);
        ChartSeries[] used =
        [
            .. data.Series.Where((_, i) => data.Lanes.Any(lane => lane.Choices.Any(choice => choice.Series == i))),
        ];
        double top = ChartSeries.LegendHeight(used, Width - Left) + 26;
        int laneCount = data.Lanes.Count + (hasSpread ? 2 : 1);
        double bottom = top + (LaneHeight * laneCount);
        var svg = new SvgDocument(
            name,
            Width,
            bottom + 22,
            title,
            $"{data.Weights.Count} weights from the first to the last; the upper lanes show parameters and score "
                + "spread, the others the chosen option."
        );
        ChartSeries.Legend(svg, used, Left, 4, Right - Left);
        DrawBlocks(svg, data, top, bottom);
        double lane = top;
        double largest = data.Weights.Max(weight => (double)weight.ParameterCount);
        DrawMeasure(
            svg,
            data,
            lane,
            "parameters",
            $"largest {FigureText.ShortCount((long)largest)}",
            "bar-quiet",
            weight => weight.ParameterCount / largest,
            weight => $"{FigureText.Count(weight.ParameterCount)} parameters"
        );
        if (hasSpread)
        {
            lane += LaneHeight;
            double widest = data.Weights.Max(weight => weight.Spread ?? 0);
            DrawMeasure(
                svg,
                data,
                lane,
                "sensitivity",
                $"spread to {FigureText.Fixed(widest, 2)}",
                "bar",
                weight => widest > 0 ? (weight.Spread ?? 0) / widest : 0,
                weight => $"score spread {FigureText.Fixed(weight.Spread, 2)}"
            );
        }
        foreach (BitStripLane one in data.Lanes)
        {
            lane += LaneHeight;
            DrawLane(svg, data, one, lane);
        }
        svg.Text(Left, bottom + 16, "first weight", "muted small");
        svg.Text(Right, bottom + 16, "last weight", "end muted small");
        return svg;
    }

    private static double At(BitStripData data, int index) => Left + ((Right - Left) * index / data.Weights.Count);

    private static void DrawBlocks(SvgDocument svg, BitStripData data, double top, double bottom)
    {
        int start = 0;
        for (int i = 1; i <= data.Weights.Count; i++)
        {
            if (i < data.Weights.Count && data.Weights[i].Block == data.Weights[start].Block)
                continue;
            (double from, double to) = (At(data, start), At(data, i));
            svg.Line(from, top - 14, from, bottom, "grid");
            string label = data.Weights[start].Block;
            if (SvgDocument.TextWidth(label, 10.5) > to - from)
                label = label.Split(' ')[^1];
            if (SvgDocument.TextWidth(label, 10.5) < to - from)
                svg.Text((from + to) / 2, top - 5, label, "middle muted small");
            start = i;
        }
        svg.Line(Right, top - 14, Right, bottom, "grid");
    }

    private static void DrawMeasure(
        SvgDocument svg,
        BitStripData data,
        double top,
        string label,
        string detail,
        string cssClass,
        Func<BitStripWeight, double> share,
        Func<BitStripWeight, string> tip
    )
    {
        double foot = top + LaneHeight - 8;
        svg.Text(Left - 10, foot - 14, label, "end");
        svg.Text(Left - 10, foot - 1, detail, "end muted small");
        svg.Line(Left, foot, Right, foot, "axis");
        double step = (Right - Left) / data.Weights.Count;
        for (int i = 0; i < data.Weights.Count; i++)
        {
            double height = Math.Max(0.75, share(data.Weights[i]) * (LaneHeight - 16));
            svg.Rect(
                At(data, i) + (step * 0.08),
                foot - height,
                step * 0.84,
                height,
                cssClass,
                $"{data.Weights[i].Name}: {tip(data.Weights[i])}"
            );
        }
    }

    private static void DrawLane(SvgDocument svg, BitStripData data, BitStripLane lane, double top)
    {
        double foot = top + LaneHeight - 8;
        svg.Text(Left - 10, foot - 14, lane.Label, "end strong");
        svg.Text(Left - 10, foot - 1, $"{FigureText.Fixed(lane.AverageBits, 3)} bits", "end muted small");
        svg.Line(Left, foot, Right, foot, "axis");
        double step = (Right - Left) / data.Weights.Count;
        for (int i = 0; i < data.Weights.Count; i++)
        {
            BitStripChoice choice = lane.Choices[i];
            // The scale starts at 2 bits so that 3 and 4 differ clearly; 5 or more bits fill the lane.
            double height = Math.Clamp((choice.Bits - 2) / 2.3, 0.2, 1.0) * (LaneHeight - 14);
            ChartSeries series = data.Series[choice.Series];
            series.Fill(
                svg,
                At(data, i) + (step * 0.08),
                foot - height,
                step * 0.84,
                height,
                $"{data.Weights[i].Name}: {series.Label}"
            );
        }
    }
}
