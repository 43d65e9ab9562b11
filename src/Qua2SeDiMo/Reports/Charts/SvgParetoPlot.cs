using Qua2SeDiMo.Plans;

namespace Qua2SeDiMo.Reports.Charts;

/// <summary>Draws <see cref="ParetoData"/>: size to the right, better always upwards.</summary>
internal static class SvgParetoPlot
{
    private const double Width = 760;
    private const double Height = 470;
    private const double Left = 66;
    private const double Right = Width - 16;
    private const double Top = 44;
    private const double Bottom = Height - 50;

    public static SvgDocument Draw(ParetoData data)
    {
        ShownMetric metric = data.Metric;
        var svg = new SvgDocument(
            $"pareto-{metric.Key}",
            Width,
            Height,
            $"{metric.Label} against size",
            $"{data.Trials.Count} random trials as dots, {data.Marks.Count} labelled allocations; AverageBits to "
                + $"the right, better {metric.Label} upwards."
        );
        ParetoPoint[] all = [.. data.Trials, .. data.Marks];
        var x = ChartAxis.Over(all.Select(point => point.AverageBits), Left, Right, 8);
        double[] values =
        [
            .. all.Select(point => point.Measured.Value),
            .. data.Marks.SelectMany(mark =>
                new[] { mark.Measured.Low ?? mark.Measured.Value, mark.Measured.High ?? mark.Measured.Value }
            ),
        ];
        // The full-precision line belongs on the plot unless it would squeeze everything else into less than half of
        // it.
        double? full = data.FullPrecision?.Value;
        bool isFullNear =
            full is { } value
            && values.Length > 0
            && Math.Max(value, values.Max()) - Math.Min(value, values.Min()) < 2.2 * (values.Max() - values.Min());
        IEnumerable<double> range = isFullNear ? values.Append(full!.Value) : values;
        ChartAxis y = metric.HigherIsBetter ? ChartAxis.Over(range, Bottom, Top) : ChartAxis.Over(range, Top, Bottom);

        DrawFrame(svg, x, y, metric);
        var placer = new LabelPlacer(Left, Top, Right, Bottom);
        DrawFullPrecision(svg, y, data, isFullNear, placer);
        foreach (ParetoPoint trial in data.Trials)
        {
            svg.Circle(x.At(trial.AverageBits), y.At(trial.Measured.Value), 3.5, "dot", Tip(trial, metric));
            placer.Avoid(x.At(trial.AverageBits), y.At(trial.Measured.Value), 3, 0.35);
        }
        string path = string.Concat(
            data.Frontier()
                .Select(
                    (point, i) =>
                        Markup.Of($"{(i == 0 ? "M" : "L")}{x.At(point.AverageBits)} {y.At(point.Measured.Value)}").Text
                )
        );
        if (path.Length > 0)
            svg.Path(path, "frontier");
        foreach (ParetoPoint mark in data.Marks)
            placer.Avoid(x.At(mark.AverageBits), y.At(mark.Measured.Value), 6, 2);
        foreach (ParetoPoint mark in data.Marks)
            DrawInterval(svg, x.At(mark.AverageBits), y, mark.Measured, placer);
        // Marks of the same place stay visible: plans are drawn last.
        foreach (ParetoPoint mark in data.Marks.OrderBy(mark => mark.Kind == PlanKind.Plan))
        {
            DrawMark(svg, mark.Kind!.Value, x.At(mark.AverageBits), y.At(mark.Measured.Value), Tip(mark, metric));
        }
        foreach (ParetoPoint mark in data.Marks.OrderByDescending(mark => mark.Kind == PlanKind.Plan))
        {
            DrawLabel(svg, placer, mark, x.At(mark.AverageBits), y.At(mark.Measured.Value));
        }
        DrawLegend(svg, data);
        return svg;
    }

    private static void DrawFrame(SvgDocument svg, ChartAxis x, ChartAxis y, ShownMetric metric)
    {
        foreach (double tick in y.Ticks)
        {
            svg.Line(Left, y.At(tick), Right, y.At(tick), "grid");
            svg.Text(Left - 8, y.At(tick) + 4, y.Text(tick), "end muted");
        }
        foreach (double tick in x.Ticks)
        {
            svg.Line(x.At(tick), Bottom, x.At(tick), Bottom + 4, "axis");
            svg.Text(x.At(tick), Bottom + 18, x.Text(tick), "middle muted");
        }
        svg.Line(Left, Bottom, Right, Bottom, "axis");
        svg.Text((Left + Right) / 2, Height - 10, "AverageBits (palettes and scales included) →", "middle");
        svg.TurnedText(
            15,
            (Top + Bottom) / 2,
            -90,
            metric.LabelWithUnit + (metric.HigherIsBetter ? ", better →" : ", axis reversed: better →"),
            "middle"
        );
    }

    private static void DrawFullPrecision(
        SvgDocument svg,
        ChartAxis y,
        ParetoData data,
        bool isNear,
        LabelPlacer placer
    )
    {
        if (data.FullPrecision is not { } full)
            return;
        double at = isNear ? y.At(full.Value) : Top;
        if (isNear)
            svg.Line(Left, at, Right, at, "reference");
        string label = $"full precision {data.Metric.TextWithUnit(full.Value)}" + (isNear ? "" : ", beyond this axis");
        svg.Text(Left + 6, at + (at < Top + 20 ? 15 : -6), label, "small halo");
        placer.Avoid(Left + 60, at + (at < Top + 20 ? 11 : -10), 7, 1);
        placer.Avoid(Left + 110, at + (at < Top + 20 ? 11 : -10), 7, 1);
    }

    private static void DrawInterval(SvgDocument svg, double x, ChartAxis y, Measured measured, LabelPlacer placer)
    {
        if (measured is not { Low: { } low, High: { } high })
            return;
        (double a, double b) = (y.At(low), y.At(high));
        svg.Path(Markup.Of($"M{x} {a}V{b}M{x - 3} {a}h6M{x - 3} {b}h6").Text, "interval");
        for (double at = Math.Min(a, b); at <= Math.Max(a, b); at += 4)
            placer.Avoid(x, at, 2, 1.5);
    }

    private static void DrawMark(SvgDocument svg, PlanKind kind, double x, double y, string? tip)
    {
        switch (kind)
        {
            case PlanKind.Plan:
                svg.Path(Markup.Of($"M{x} {y - 7.5}l7.5 7.5l-7.5 7.5l-7.5 -7.5z").Text, "mark", tip);
                break;
            case PlanKind.Candidate:
                svg.Path(Markup.Of($"M{x} {y - 6.5}l6.5 6.5l-6.5 6.5l-6.5 -6.5z").Text, "hollow", tip);
                break;
            case PlanKind.WeightError:
                svg.Path(Markup.Of($"M{x} {y - 6.5}l6.2 11h-12.4z").Text, "hollow", tip);
                break;
            case PlanKind.BestRandom:
                svg.Circle(x, y, 5.5, "hollow", tip);
                svg.Circle(x, y, 2, "", tip);
                break;
            default:
                svg.Rect(x - 5, y - 5, 10, 10, "hollow", tip);
                break;
        }
    }

    private static void DrawLabel(SvgDocument svg, LabelPlacer placer, ParetoPoint mark, double x, double y)
    {
        (double textX, double textY, bool isFar) = placer.Place(x, y, mark.Label);
        if (isFar)
        {
            double nearX = Math.Clamp(x, textX, textX + SvgDocument.TextWidth(mark.Label));
            svg.Line(x, y, nearX, textY - 4, "leader");
        }
        svg.Text(textX, textY, mark.Label, mark.Kind == PlanKind.Plan ? "halo strong accent" : "halo");
    }

    private static void DrawLegend(SvgDocument svg, ParetoData data)
    {
        double left = Left;
        (PlanKind? Kind, string Label)[] items =
        [
            (PlanKind.Plan, "plan"),
            (PlanKind.Candidate, "proposal"),
            (PlanKind.Uniform, "uniform"),
            (PlanKind.WeightError, "least weight error"),
            (PlanKind.BestRandom, "best random"),
            (null, "random trial"),
        ];
        foreach ((PlanKind? kind, string label) in items)
        {
            if (kind is null ? data.Trials.Count == 0 : data.Marks.All(mark => mark.Kind != kind))
                continue;
            if (kind is null)
                svg.Circle(left + 6, 16, 3.5, "dot");
            else
                DrawMark(svg, kind.Value, left + 6, 16, null);
            svg.Text(left + 18, 20, label, "small");
            left += 28 + SvgDocument.TextWidth(label, 10.5);
        }
        svg.Line(left, 16, left + 18, 16, "frontier");
        svg.Text(left + 23, 20, "nothing smaller is better", "small");
    }

    private static string Tip(ParetoPoint point, ShownMetric metric) =>
        $"{point.Label}: {FigureText.Fixed(point.AverageBits, 3)} bits, {metric.Label} {metric.TextWithUnit(point.Measured.Value)}";
}
