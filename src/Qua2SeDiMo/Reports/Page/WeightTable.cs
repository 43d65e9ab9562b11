using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Reports.Charts;
using Qua2SeDiMo.Reports.Words;

namespace Qua2SeDiMo.Reports.Page;

/// <summary>Table with a row per weight: block, operator type, size, score of each option, and choice of each plan. The
/// page can sort and filter it.</summary>
internal static class WeightTable
{
    private const string ScoreNote =
        "Scores: mean ± standard deviation over folds; the best of each weight is bold. Span: largest minus smallest "
        + "score.";

    public static Markup Draw(ReportData report, IReadOnlyList<PlanEntry> plans)
    {
        IReadOnlyList<ScoredWeight> weights = ScoredWeight.All(report);
        string[] blocks = [.. weights.Select(weight => weight.Block).Distinct()];
        return Markup.Of(
            $"""
            <div class="filter" data-filter="weights" hidden>
            <label>Find <input type="search" placeholder="name or operator"></label>
            <label>Block <select><option value="">all</option>{Markup.Join(
                blocks.Select(block => Markup.Of($"<option>{block}</option>"))
            )}</select></label>
            <output aria-live="polite"></output></div>
            <div id="weights" class="tall">{HtmlTable.Draw(
                Table(weights, plans),
                "Every quantizable weight",
                "weights"
            )}</div>
            {(report.Explanation is null ? Markup.Empty : Markup.Of($"<p class=\"note\">{ScoreNote}</p>"))}
            """
        );
    }

    private static TableData Table(IReadOnlyList<ScoredWeight> weights, IReadOnlyList<PlanEntry> plans)
    {
        OptionScore[] all = [.. weights.SelectMany(weight => weight.Scores ?? [])];
        double low = all.Length > 0 ? all.Min(score => score.Mean) : 0;
        double range = all.Length > 0 ? Math.Max(1e-12, all.Max(score => score.Mean) - low) : 1;
        return new TableData(
            [
                new("Weight"),
                new("Block"),
                new("Operator type"),
                new("Parameters", true),
                .. all.Length > 0
                    ? [.. QuantizerSpec.PaperOptions.Select(ScoreColumn), new TableColumn("Span", true)]
                    : Array.Empty<TableColumn>(),
                .. plans.Select(plan => new TableColumn(plan.ShortName())),
            ],
            [.. weights.Select(Row)]
        );

        IReadOnlyList<TableCell> Row(ScoredWeight weight, int i) =>
            [
                new TableCell(weight.Name, CssClass: "path", Content: Breakable(weight.Name)),
                // Sorting by block uses the position in the network, whatever the names of the blocks.
                new TableCell(weight.Block, i),
                weight.Role,
                new TableCell(FigureText.ShortCount(weight.Position.Parameters), weight.Position.Parameters),
                .. all.Length > 0
                    ? [.. Scores(weight, low, range), TableCell.Number(weight.Spread, 2)]
                    : Array.Empty<TableCell>(),
                .. plans.Select(plan => Choice(plan, weight)),
            ];
    }

    private static TableColumn ScoreColumn(QuantizerSpec option)
    {
        string label = OptionWords.Of(option).Label;
        return new TableColumn(Unbroken(label), true, $"Score of {label}");
    }

    private static IEnumerable<TableCell> Scores(ScoredWeight weight, double low, double range)
    {
        if (weight.Scores is not { } scores)
            return QuantizerSpec.PaperOptions.Select(_ => (TableCell)FigureText.None);
        double best = scores.Max(score => score.Mean);
        return scores.Select(score => new TableCell(
            "",
            score.Mean,
            score.Mean >= best ? "best" : null,
            Markup.Of($"{FigureText.Fixed(score.Mean, 2)}<small>±{FigureText.Fixed(score.Deviation, 2)}</small>"),
            (score.Mean - low) / range
        ));
    }

    private static TableCell Choice(PlanEntry plan, ScoredWeight weight)
    {
        if (plan.Allocation[weight.Name] is not { } option)
            return new TableCell("full", Content: Chip("o-full", "full precision"));
        int index = plan.Choice(QuantizerSpec.PaperOptions, weight);
        string name = option.ToString();
        return index < 0 ? name : new TableCell(name, Content: Chip(ChartSeries.OfPaper[index].CssClass, name));
    }

    // Lets long paths break after their dots.
    private static Markup Breakable(string path) =>
        Markup.Join(path.Split('.').Select(part => Markup.Of($"{part}")), ".<wbr>");

    // Keeps "K-Means" and "4 bits" unbroken in narrow headings.
    private static string Unbroken(string label) =>
        label.Replace('-', '\u2011').Replace(" bits", "\u00A0bits", StringComparison.Ordinal);

    private static Markup Chip(string cssClass, string text) =>
        Markup.Of($"<span class=\"chip {cssClass}\">{text}</span>");
}
