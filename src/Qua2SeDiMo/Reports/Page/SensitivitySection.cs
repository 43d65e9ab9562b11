using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Reports.Charts;
using Qua2SeDiMo.Reports.Words;

namespace Qua2SeDiMo.Reports.Page;

/// <summary>Section with scores by block and operator type, the options that plans chose, and the table of
/// weights.</summary>
internal static class SensitivitySection
{
    public static Markup Draw(ReportData report, FigureBook book)
    {
        if (report.Weights.Count == 0)
            return Markup.Empty;
        bool hasScores = report.Explanation is not null;
        PlanEntry[] plans =
        [
            .. report.Entries.Where(entry => entry.Kind == PlanKind.Plan).OrderBy(entry => entry.AverageBits),
        ];
        return Markup.Of(
            $"""
            {(hasScores ? Scores(report, book) : Markup.Empty)}
            {(
                plans.Length > 0
                    ? Markup.Of(
                        $"<h3>What the plans chose</h3>{HtmlTabs.Draw("choice-tabs", "Plan", [.. plans.Select(plan => (plan.ShortName(), Choices(report, plan, book)))])}"
                    )
                    : Markup.Empty
            )}
            <h3>Every weight</h3>
            {WeightTable.Draw(report, plans)}
            """
        );
    }

    private static Markup Scores(ReportData report, FigureBook book)
    {
        string source =
            report.DecidingFamily == ModelNames.Network
                ? "the GATv2 predictor, five folds"
                : "ridge regression, in standard deviations of the objective over the trials";
        BoxPlotData blocks = BoxPlotData.Scores(report, weight => weight.IsOutside ? "outside blocks" : weight.Block);
        BoxPlotData roles = BoxPlotData.Scores(report, weight => weight.IsOutside ? "outside blocks" : weight.Role);
        HeatMapData heat = HeatMapData.Collect(report);
        return Markup.Of(
            $"""
            <p>Each option of each weight has a score: its predicted effect on the objective in standard deviations, larger is better. A weight whose scores lie far apart is sensitive: the choice of its option matters. Scores come from {source}.</p>
            <ul class="findings">{Markup.Join(
                ReportWords.Sensitivity(report).Select(sentence => Markup.Of($"<li>{sentence}</li>"))
            )}</ul>
            <div class="pair">
            {book.Add(
                SvgBoxPlot.Draw("scores-by-block", "Scores by block", blocks),
                "Scores of all options by block. A wide box: the options of its weights differ much.",
                blocks.ToTable()
            )}
            {book.Add(
                SvgBoxPlot.Draw("scores-by-operator", "Scores by operator type", roles),
                "Scores of all options by operator type, over all blocks.",
                roles.ToTable()
            )}
            </div>
            {(
                heat.Rows.Count == 0
                    ? Markup.Empty
                    : book.Add(
                        SvgHeatMap.Draw("sensitivity-by-place", "Sensitivity by block and operator type", heat),
                        "Span of the scores (largest minus smallest over the options) by block and operator type; stronger colour is more sensitive.",
                        heat.ToTable(),
                        "wide"
                    )
            )}
            """
        );
    }

    private static Markup Choices(ReportData report, PlanEntry plan, FigureBook book)
    {
        StackedBarData roles = StackedBarData.Choices(report, plan, weight => weight.Role);
        StackedBarData blocks = StackedBarData.Choices(report, plan, weight => weight.Block);
        string name = $"choices-{FigureText.Slug(plan.Key)}";
        return Markup.Of(
            $"""
            <div class="pair">
            {book.Add(
                SvgStackedBars.Draw(
                    $"{name}-by-operator",
                    $"Options chosen by {plan.ShortName()}, by operator type",
                    roles
                ),
                $"Method and bits that {plan.Label} chose, by operator type; numbers of weights at the right.",
                roles.ToTable()
            )}
            {book.Add(
                SvgStackedBars.Draw($"{name}-by-block", $"Options chosen by {plan.ShortName()}, by block", blocks),
                $"The same by block.",
                blocks.ToTable()
            )}
            </div>
            """
        );
    }
}
