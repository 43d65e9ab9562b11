using Qua2SeDiMo.Plans;

namespace Qua2SeDiMo.Reports.Charts;

/// <summary>Draws <see cref="ParetoData"/>: size to the right, better values always upwards.</summary>
internal sealed class SvgParetoPlot
{
    private const double Width = 760;
    private const double Height = 470;
    private const double Left = 66;
    private const double Right = Width - 16;
    private const double Top = 44;
    private const double Bottom = Height - 50;

    private readonly ParetoData data;
    private readonly ShownMetric metric;
    private readonly SvgDocument svg;
    private readonly ChartAxis xAxis,
        yAxis;

    // Whether the full-precision value is within the range of the plot.
    private readonly bool isFullNear;
    private readonly LabelPlacer placer = new(Left, Top, Right, Bottom);

    private SvgParetoPlot(ParetoData data)
    {
        this.data = data;
        metric = data.Metric;
        svg = new SvgDocument(
            $"pareto-{metric.Key}",
            Width,
            Height,
            $"{metric.Label} against size",
            $"{data.Trials.Count} random trials as dots, {data.Marks.Count} labelled allocations; AverageBits to "
                + $"the right, better {metric.Label} upwards."
        );
        ParetoPoint[] all = [.. data.Trials, .. data.Marks];
        xAxis = ChartAxis.Over(all.Select(point => point.AverageBits), Left, Right, 8);
        double[] values =
        [
            .. all.Select(point => point.Measured.Value),
            .. data.Marks.SelectMany(mark =>
                new[] { mark.Measured.Low ?? mark.Measured.Value, mark.Measured.High ?? mark.Measured.Value }
            ),
        ];
        double? full = data.FullPrecision?.Value;
        isFullNear = full is { } value && IsNear(value, values);
        IEnumerable<double> range = isFullNear ? values.Append(full!.Value) : values;
        yAxis = metric.HigherIsBetter ? ChartAxis.Over(range, Bottom, Top) : ChartAxis.Over(range, Top, Bottom);
    }

    public static SvgDocument Draw(ParetoData data)
    {
        var plot = new SvgParetoPlot(data);
        plot.DrawFrame();
        plot.DrawFullPrecision();
        plot.DrawTrials();
        plot.DrawFrontier();
        plot.DrawMarks();
        plot.DrawLegend();
        return plot.svg;
    }

    // The full-precision value is included unless all other values would then fill less than half of the plot.
    private static bool IsNear(double full, double[] values) =>
        values.Length > 0
        && Math.Max(full, values.Max()) - Math.Min(full, values.Min()) < 2.2 * (values.Max() - values.Min());

    private void DrawFrame()
    {
        foreach (double tick in yAxis.Ticks)
        {
            svg.Line(Left, yAxis.At(tick), Right, yAxis.At(tick), "grid");
            svg.Text(Left - 8, yAxis.At(tick) + 4, yAxis.Text(tick), "end muted");
        }
        foreach (double tick in xAxis.Ticks)
        {
            svg.Line(xAxis.At(tick), Bottom, xAxis.At(tick), Bottom + 4, "axis");
            svg.Text(xAxis.At(tick), Bottom + 18, xAxis.Text(tick), "middle muted");
        }
        svg.Line(Left, Bottom, Right, Bottom, "axis");
        svg.Text((Left + Right) / 2, Height - 10, "AverageBits (palettes and scales included) →", "middle");
        svg.RotatedText(
            15,
            (Top + Bottom) / 2,
            -90,
            metric.LabelWithUnit + (metric.HigherIsBetter ? ", better →" : ", axis reversed: better →"),
            "middle"
        );
    }

    private void DrawFullPrecision()
    {
        if (data.FullPrecision is not { } full)
            return;
        double at = isFullNear ? yAxis.At(full.Value) : Top;
        if (isFullNear)
            svg.Line(Left, at, Right, at, "reference");
        string label = $"full precision {metric.TextWithUnit(full.Value)}" + (isFullNear ? "" : ", beyond this axis");
        svg.Text(Left + 6, at + (at < Top + 20 ? 15 : -6), label, "small halo");
        placer.Avoid(Left + 60, at + (at < Top + 20 ? 11 : -10), 7, 1);
        placer.Avoid(Left + 110, at + (at < Top + 20 ? 11 : -10), 7, 1);
    }

    private void DrawTrials()
    {
        foreach (ParetoPoint trial in data.Trials)
        {
            (double x, double y) = At(trial);
            svg.Circle(x, y, 3.5, "dot", Tip(trial));
            placer.Avoid(x, y, 3, 0.35);
        }
    }

    private void DrawFrontier()
    {
        string path = string.Concat(
            data.Frontier().Select(At).Select((at, i) => Markup.Of($"{(i == 0 ? "M" : "L")}{at.X} {at.Y}").Text)
        );
        if (path.Length > 0)
            svg.Path(path, "frontier");
    }

    private void DrawMarks()
    {
        foreach (ParetoPoint mark in data.Marks)
        {
            (double x, double y) = At(mark);
            placer.Avoid(x, y, 6, 2);
        }
        foreach (ParetoPoint mark in data.Marks)
            DrawInterval(xAxis.At(mark.AverageBits), mark.Measured);
        // Plans are drawn last, so that they stay visible when marks coincide.
        foreach (ParetoPoint mark in data.Marks.OrderBy(mark => mark.Kind == PlanKind.Plan))
            DrawMark(mark.Kind!.Value, At(mark), Tip(mark));
        foreach (ParetoPoint mark in data.Marks.OrderByDescending(mark => mark.Kind == PlanKind.Plan))
            DrawLabel(mark);
    }

    private void DrawInterval(double x, Measured measured)
    {
        if (measured is not { Low: { } low, High: { } high })
            return;
        (double a, double b) = (yAxis.At(low), yAxis.At(high));
        svg.Path(Markup.Of($"M{x} {a}V{b}M{x - 3} {a}h6M{x - 3} {b}h6").Text, "interval");
        for (double at = Math.Min(a, b); at <= Math.Max(a, b); at += 4)
            placer.Avoid(x, at, 2, 1.5);
    }

    private void DrawMark(PlanKind kind, (double X, double Y) at, string? tip)
    {
        (double x, double y) = at;
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

    private void DrawLabel(ParetoPoint mark)
    {
        (double x, double y) = At(mark);
        (double textX, double textY, bool isFar) = placer.Place(x, y, mark.Label);
        if (isFar)
        {
            double nearX = Math.Clamp(x, textX, textX + SvgDocument.TextWidth(mark.Label));
            svg.Line(x, y, nearX, textY - 4, "leader");
        }
        svg.Text(textX, textY, mark.Label, mark.Kind == PlanKind.Plan ? "halo strong accent" : "halo");
    }

    private void DrawLegend()
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
                DrawMark(kind.Value, (left + 6, 16), null);
            svg.Text(left + 18, 20, label, "small");
            left += 28 + SvgDocument.TextWidth(label, 10.5);
        }
        svg.Line(left, 16, left + 18, 16, "frontier");
        svg.Text(left + 23, 20, "nothing smaller is better", "small");
    }

    private (double X, double Y) At(ParetoPoint point) => (xAxis.At(point.AverageBits), yAxis.At(point.Measured.Value));

    private string Tip(ParetoPoint point) =>
        $"{point.Label}: {FigureText.Fixed(point.AverageBits, 3)} bits, {metric.Label} {metric.TextWithUnit(point.Measured.Value)}";
}
