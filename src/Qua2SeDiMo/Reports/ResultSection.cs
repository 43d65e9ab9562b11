namespace Qua2SeDiMo.Reports;

/// <summary>The result table and quality against size.</summary>
internal static class ResultSection
{
    public static Markup Draw(ReportData report, FigureBook book)
    {
        if (report.Entries.Count == 0) return Markup.Empty;
        MetricData? objective = report.Metrics.FirstOrDefault(metric => metric.Key == report.ObjectiveKey);
        string[] verdicts = objective is null ? [] : [.. report.Entries.Where(entry => entry.Kind == EntryKind.Plan)
            .OrderBy(entry => entry.AverageBits).Select(plan => ComparisonData.Of(report, plan, objective))
            .OfType<ComparisonData>().Select(ReportWords.Verdict)];
        return Markup.Of(
            $"""
            {(verdicts.Length == 0 ? Markup.Empty : Markup.Of($"<ul class=\"findings\">{Markup.Join(verdicts.Select(text => Markup.Of($"<li>{text}</li>")))}</ul>"))}
            {HtmlTable.Draw(Table(report), "Plans and baselines", "results")}
            <p class="note">★ nothing of the same size or smaller in this table is better by that metric; full precision is left out of that comparison. {Interval(report)}Sizes cover the quantizable weights with their palettes and scales.</p>
            {OtherMetrics(report)}
            <h3>Quality against size</h3>
            {HtmlTabs.Draw("pareto-tabs", "Metric of the plot", [.. Panels(report, book)])}
            """);
    }

    private static string Interval(ReportData report) =>
        report.IntervalMeaning is { } meaning ? $"Small figures: {meaning}. " : "";

    private static Markup OtherMetrics(ReportData report)
    {
        string[] sentences = [.. ReportWords.OtherMetrics(report)];
        return sentences.Length == 0 ? Markup.Empty : Markup.Of(
            $"<p>By the other metrics:</p><ul>{Markup.Join(sentences.Select(text => Markup.Of($"<li>{text}</li>")))}</ul>");
    }

    private static IEnumerable<(string Label, Markup Content)> Panels(ReportData report, FigureBook book)
    {
        foreach (MetricData metric in report.Metrics.OrderByDescending(metric => metric.Key == report.ObjectiveKey))
        {
            ParetoData data = ParetoData.Collect(report, metric);
            if (data.Marks.Count + data.Trials.Count == 0) continue;
            string caption = $"{metric.LabelWithUnit} against AverageBits; higher up is better, further left is smaller."
                + (data.FullPrecision is null && metric.IsPaired ? " Full precision is the reference itself and has no value." : "");
            yield return (metric.Label + (metric.Key == report.ObjectiveKey ? " (objective)" : ""),
                book.Add(SvgParetoPlot.Draw(data), caption, data.ToTable(), "wide"));
        }
    }

    private static TableData Table(ReportData report)
    {
        int bits = report.Run.OriginalBits;
        bool hasFile = report.Entries.Any(entry => entry.EffectiveBits is not null);
        bool hasRequest = report.Entries.Any(entry => entry.RequestedBits is not null);
        return new TableData(
            [
                new("Allocation"), .. hasRequest ? [new TableColumn("asked", true, "AverageBits asked for")] : Array.Empty<TableColumn>(),
                new("Average\u200BBits", true, "Tables included, quantizable weights only"),
                new("bytes", true, "Quantizable weights: codes, palettes and scales"), new($"of fp{bits}", true),
                .. hasFile ? [new TableColumn("Effective\u200BBits", true, "All bytes of the packed file × 8 ÷ all parameters")] : Array.Empty<TableColumn>(),
                .. report.Metrics.Select(metric => new TableColumn(
                    metric.LabelWithUnit + (metric.HigherIsBetter ? " ↑" : " ↓"), true, metric.Meaning)),
            ],
            [.. report.Entries.OrderBy(entry => Order(entry.Kind)).ThenBy(entry => entry.AverageBits).Select(IReadOnlyList<TableCell> (entry) =>
            [
                new TableCell(entry.Label, CssClass: $"kind-{FigureText.Slug(entry.Kind.ToString())}"),
                .. hasRequest ? [TableCell.Number(entry.RequestedBits, 2)] : Array.Empty<TableCell>(),
                TableCell.Number(entry.AverageBits, 3),
                new TableCell(FigureText.Bytes(entry.QuantizedBytes), entry.QuantizedBytes),
                new TableCell(FigureText.Percent((double)entry.QuantizedBytes / report.Run.QuantizableBytes),
                    (double)entry.QuantizedBytes / report.Run.QuantizableBytes),
                .. hasFile ? [TableCell.Number(entry.EffectiveBits, 2)] : Array.Empty<TableCell>(),
                .. report.Metrics.Select(metric => MetricCell(report, entry, metric)),
            ])]);
    }

    private static TableCell MetricCell(ReportData report, EntryData entry, MetricData metric)
    {
        if (entry[metric] is not { } measured) return new TableCell(FigureText.None);
        bool isBest = ComparisonData.IsBestOfItsSize(report, entry, metric);
        Markup interval = measured is { Low: { } low, High: { } high }
            ? Markup.Of($"<small>{metric.Text(low)} … {metric.Text(high)}</small>") : Markup.Empty;
        Markup star = isBest ? Markup.Of($"<span class=\"star\" title=\"nothing smaller is better\">★</span>") : Markup.Empty;
        return new TableCell("", measured.Value, isBest ? "best" : null, Markup.Of($"{star}{metric.Text(measured.Value)}{interval}"));
    }

    private static int Order(EntryKind kind) => kind switch
    {
        EntryKind.FullPrecision => 0,
        EntryKind.Plan => 1,
        EntryKind.Greedy => 2,
        EntryKind.BestRandom => 3,
        _ => 4,
    };
}
