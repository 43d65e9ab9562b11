using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Reports.Charts;
using Qua2SeDiMo.Reports.Words;

namespace Qua2SeDiMo.Reports.Page;

/// <summary>Section with the result table, quality against size, and fronts of scores.</summary>
internal static class ResultSection
{
    public static Markup Draw(ReportData report, FigureBook book)
    {
        if (report.Entries.Count == 0)
            return Markup.Empty;
        ShownMetric? objective = report.ShownObjective;
        string[] verdicts = objective is null
            ? []
            :
            [
                .. report
                    .Entries.Where(entry => entry.Kind == PlanKind.Plan)
                    .OrderBy(entry => entry.AverageBits)
                    .Select(plan => ComparisonData.Of(report, plan, objective))
                    .OfType<ComparisonData>()
                    .Select(ReportWords.Verdict),
            ];
        return Markup.Of(
            $"""
            {(
                verdicts.Length == 0
                    ? Markup.Empty
                    : Markup.Of(
                        $"<ul class=\"findings\">{Markup.Join(verdicts.Select(text => Markup.Of($"<li>{text}</li>")))}</ul>"
                    )
            )}
            {HtmlTable.Draw(Table(report), "Plans and baselines", "results")}
            <p class="note">★ nothing of the same size or smaller in this table is better by that metric; full precision is left out of that comparison. The shaded column is the objective. Small figures: {ReportData.IntervalMeaning}. Sizes cover the quantizable weights with their palettes and scales.</p>
            {OtherMetrics(report)}
            <h3>Quality against size</h3>
            {HtmlTabs.Draw("pareto-tabs", "Metric of the plot", [.. Panels(report, book)])}
            {Fronts(report, book)}
            """
        );
    }

    private static Markup OtherMetrics(ReportData report)
    {
        string[] sentences = [.. ReportWords.OtherMetrics(report)];
        return sentences.Length == 0
            ? Markup.Empty
            : Markup.Of(
                $"<p>By the other metrics:</p><ul>{Markup.Join(sentences.Select(text => Markup.Of($"<li>{text}</li>")))}</ul>"
            );
    }

    private static Markup Fronts(ReportData report, FigureBook book)
    {
        const string Explanation =
            "No allocation of a size has a larger summed score than its proposer's line. Scores are what plans are made "
            + "from, not what they are worth: the pictures above measure that.";
        IReadOnlyList<ScoreFront> fronts = report.Plan?.Fronts ?? [];
        Markup[] figures =
        [
            .. fronts.Where(front => front.Points.Count > 1).Select(front => Front(report, front, book)),
        ];
        return figures.Length == 0
            ? Markup.Empty
            : Markup.Of(
                $"<h3>Scores against size</h3><p>{Explanation}</p><div class=\"pair\">{Markup.Join(figures, "\n")}</div>"
            );
    }

    private static Markup Front(ReportData report, ScoreFront front, FigureBook book)
    {
        string joined = front.IsComplete ? "" : "; the line joins the corners of the front's hull";
        string caption =
            $"{front.Scores.Label}: the largest summed score for each size, in {front.Unit(report.Objective)}{joined}; "
            + "dots are its proposals.";
        return book.Add(
            SvgFront.Draw(front, front.Proposals(report), front.Unit(report.Objective)),
            caption,
            front.ToTable(report.Objective)
        );
    }

    private static IEnumerable<(string Label, Markup Content)> Panels(ReportData report, FigureBook book)
    {
        foreach (ShownMetric metric in report.Metrics.OrderByDescending(metric => report.IsObjective(metric)))
        {
            ParetoData data = ParetoData.Collect(report, metric);
            if (data.Marks.Count + data.Trials.Count == 0)
                continue;
            string caption =
                $"{metric.LabelWithUnit} against AverageBits; higher up is better, further left is smaller."
                + (
                    data.FullPrecision is null && metric.IsPaired
                        ? " Full precision is the reference itself and has no value."
                        : ""
                );
            yield return (
                metric.Label + (report.IsObjective(metric) ? " (objective)" : ""),
                book.Add(SvgParetoPlot.Draw(data), caption, data.ToTable(), "wide")
            );
        }
    }

    private static TableData Table(ReportData report)
    {
        int bits = report.Run.OriginalBits;
        bool hasFile = report.EffectiveBits.Count > 0;
        ShownMetric[] metrics = [.. report.Metrics.OrderByDescending(metric => report.IsObjective(metric))];
        return new TableData(
            [
                new("Allocation"),
                new("Average\u200BBits", true, "Tables included, quantizable weights only"),
                new(
                    $"size, of fp{bits}",
                    true,
                    "Bytes of the quantizable weights: codes, palettes and scales; below, their share of the original"
                ),
                .. hasFile
                    ?
                    [
                        new TableColumn(
                            "Effective\u200BBits",
                            true,
                            "All bytes of the packed file × 8 ÷ all parameters"
                        ),
                    ]
                    : Array.Empty<TableColumn>(),
                .. metrics.Select(metric => new TableColumn(
                    metric.LabelWithUnit + (metric.HigherIsBetter ? "\u00A0↑" : "\u00A0↓"),
                    true,
                    metric.Meaning
                )),
            ],
            [
                .. report
                    .Entries.OrderBy(entry => Order(entry.Kind))
                    .ThenBy(entry => entry.AverageBits)
                    .Select(
                        IReadOnlyList<TableCell> (entry) =>
                            [
                                new TableCell(entry.Label, CssClass: $"kind-{FigureText.Slug(entry.Kind.ToString())}"),
                                WithDetail(
                                    TableCell.Number(entry.AverageBits, 3),
                                    entry.RequestedBits is { } asked ? $"asked {FigureText.Fixed(asked, 2)}" : null
                                ),
                                WithDetail(
                                    new TableCell(FigureText.Bytes(entry.SizeBytes), entry.SizeBytes),
                                    FigureText.Percent((double)entry.SizeBytes / report.Run.QuantizableBytes)
                                ),
                                .. hasFile
                                    ?
                                    [
                                        TableCell.Number(
                                            report.EffectiveBits.TryGetValue(entry.Key, out double bytes)
                                                ? bytes
                                                : null,
                                            2
                                        ),
                                    ]
                                    : Array.Empty<TableCell>(),
                                .. metrics.Select(metric => MetricCell(report, entry, metric)),
                            ]
                    ),
            ]
        );
    }

    private static TableCell MetricCell(ReportData report, PlanEntry entry, ShownMetric metric)
    {
        if (entry.Value(metric) is not { } measured)
            return new TableCell(FigureText.None);
        bool isBest = ComparisonData.IsBestOfItsSize(report, entry, metric);
        Markup interval = measured is { Low: { } low, High: { } high }
            ? Markup.Of($"<small>{metric.Text(low)}–{metric.Text(high)}</small>")
            : Markup.Empty;
        Markup star = isBest
            ? Markup.Of($"<span class=\"star\" title=\"nothing smaller is better\">★</span>")
            : Markup.Empty;
        string css = (isBest ? "best" : "") + (report.IsObjective(metric) ? " objective" : "");
        return new TableCell("", measured.Value, css, Markup.Of($"{star}{metric.Text(measured.Value)}{interval}"));
    }

    private static TableCell WithDetail(TableCell cell, string? detail) =>
        detail is null ? cell : cell with { Content = Markup.Of($"{cell.Text}<small>{detail}</small>") };

    private static int Order(PlanKind kind) =>
        kind switch
        {
            PlanKind.FullPrecision => 0,
            PlanKind.Plan => 1,
            PlanKind.QuantizedActivations => 2,
            PlanKind.Candidate => 3,
            PlanKind.WeightError => 4,
            PlanKind.BestRandom => 5,
            _ => 6,
        };
}
