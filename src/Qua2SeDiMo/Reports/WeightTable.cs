namespace Qua2SeDiMo.Reports;

/// <summary>A row per weight: place, size, the score of each option, and what each plan chose; sorted and filtered on the page.</summary>
internal static class WeightTable
{
    public static Markup Draw(ReportData report, IReadOnlyList<EntryData> plans)
    {
        string[] blocks = [.. report.Weights.Select(weight => weight.Block).Distinct()];
        return Markup.Of(
            $"""
            <div class="filter" data-filter="weights" hidden>
            <label>Find <input type="search" placeholder="name or operator"></label>
            <label>Block <select><option value="">all</option>{Markup.Join(blocks.Select(block => Markup.Of($"<option>{block}</option>")))}</select></label>
            <output aria-live="polite"></output></div>
            <div id="weights" class="tall">{HtmlTable.Draw(Table(report, plans), "Every quantizable weight", "weights")}</div>
            {(report.Weights.Any(weight => weight.Scores is not null) ? Markup.Of($"<p class=\"note\">Scores: mean ± standard deviation over folds; the best of each weight is bold. Span: largest minus smallest score.</p>") : Markup.Empty)}
            """);
    }

    private static TableData Table(ReportData report, IReadOnlyList<EntryData> plans)
    {
        bool hasScores = report.Weights.Any(weight => weight.Scores is not null);
        ScoreData[] all = [.. report.Weights.SelectMany(weight => weight.Scores ?? [])];
        double low = all.Length > 0 ? all.Min(score => score.Mean) : 0;
        double range = all.Length > 0 ? Math.Max(1e-12, all.Max(score => score.Mean) - low) : 1;
        IReadOnlyList<ChartSeries> looks = ChartSeries.Of(report.Options);
        return new TableData(
            [
                new("Weight"), new("Block"), new("Operator type"), new("Parameters", true),
                .. hasScores ? [.. report.Options.Select(option => new TableColumn(Unbroken(option.Label), true, $"Score of {option.Label}")), new TableColumn("Span", true)]
                    : Array.Empty<TableColumn>(),
                .. plans.Select(plan => new TableColumn(plan.Name)),
            ],
            [.. report.Weights.Select(IReadOnlyList<TableCell> (weight, i) =>
            [
                // By block sorts along the network, whatever the blocks are called.
                new TableCell(weight.Name, CssClass: "path", Content: Breakable(weight.Name)), new TableCell(weight.Block, i), weight.Role,
                new TableCell(FigureText.ShortCount(weight.ParameterCount), weight.ParameterCount),
                .. hasScores ? [.. Scores(report, weight, low, range), TableCell.Number(weight.Spread, 2)] : Array.Empty<TableCell>(),
                .. plans.Select(plan => Choice(report, looks, plan, weight)),
            ])]);
    }

    private static IEnumerable<TableCell> Scores(ReportData report, WeightData weight, double low, double range)
    {
        if (weight.Scores is not { } scores) return report.Options.Select(_ => (TableCell)FigureText.None);
        double best = scores.Max(score => score.Mean);
        return scores.Select(score => new TableCell("", score.Mean, score.Mean >= best ? "best" : null,
            Markup.Of($"{FigureText.Fixed(score.Mean, 2)}<small>±{FigureText.Fixed(score.Deviation, 2)}</small>"), (score.Mean - low) / range));
    }

    private static TableCell Choice(ReportData report, IReadOnlyList<ChartSeries> looks, EntryData plan, WeightData weight)
    {
        if (!plan.Choices!.TryGetValue(weight.Name, out string? name)) return new TableCell("full", Content: Chip("o-full", "full precision"));
        int index = report.Options.Select((option, i) => (option, i)).Where(pair => pair.option.Name == name).Select(pair => pair.i).DefaultIfEmpty(-1).First();
        return index < 0 ? name : new TableCell(name, Content: Chip(looks[index].CssClass, report.Options[index].Name));
    }

    // Long paths may break after their dots.
    private static Markup Breakable(string path) =>
        Markup.Join(path.Split('.').Select(part => Markup.Of($"{part}")), ".<wbr>");

    // Keeps "K-Means" and "4 bits" together in narrow headings.
    private static string Unbroken(string label) =>
        label.Replace('-', '\u2011').Replace(" bits", "\u00A0bits", StringComparison.Ordinal);

    private static Markup Chip(string cssClass, string text) => Markup.Of($"<span class=\"chip {cssClass}\">{text}</span>");
}
