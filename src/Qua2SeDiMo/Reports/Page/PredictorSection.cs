using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Reports.Charts;
using Qua2SeDiMo.Reports.Words;

namespace Qua2SeDiMo.Reports.Page;

/// <summary>Section with the held-out scores of the predictors.</summary>
internal static class PredictorSection
{
    private const string Intro =
        "More bits make better images almost by themselves, so the partial correlation, with AverageBits removed, shows "
        + "what a method knows beyond size.";

    public static Markup Draw(ReportData report, FigureBook book)
    {
        if (report.Fit?.Result is not { Models.Count: > 0 } fit)
            return Markup.Empty;
        string unit = Unit(report);
        var partial = BarChartData.Predictors(fit, report.DecidingModel, isPartial: true);
        var plain = BarChartData.Predictors(fit, report.DecidingModel, isPartial: false);
        return Markup.Of(
            $"""
            <p>{PredictorWords.Deciding(
                report,
                fit
            )} All figures are for held-out trials of the same {fit.Folds.Count} folds. {Intro}</p>
            {HtmlTable.Draw(Table(fit, report.DecidingModel, unit), "Predictors on held-out trials")}
            <div class="pair">
            {Bars(
                "predictor-partial",
                "Partial rank correlation of the predictors",
                "Rank correlation at equal size",
                partial,
                book
            )}
            {Bars("predictor-srcc", "Rank correlation of the predictors", "Rank correlation", plain, book)}
            </div>
            {Scatters(report, fit, unit, book)}
            """
        );
    }

    // The objective's metric, negated where lower is better; the whole objective if it has a size term.
    private static string Unit(ReportData report)
    {
        var objective = Studies.Objectives.Objective.Parse(report.Objective);
        if (objective.SizeWeight > 0)
            return report.Objective;
        var metric = new ShownMetric(objective.Metric);
        return (metric.HigherIsBetter ? "" : "−") + metric.LabelWithUnit;
    }

    private static Markup Bars(string name, string title, string what, BarChartData data, FigureBook book)
    {
        if (data.Bars.Count == 0)
            return Markup.Empty;
        string caption = $"{what}; circles are folds, the strong bar decides the plans.";
        return book.Add(SvgBarChart.Draw(name, title, data), caption, data.ToTable());
    }

    private static Markup Scatters(ReportData report, FitResult fit, string unit, FigureBook book)
    {
        Markup[] figures =
        [
            .. fit
                .Models.OrderByDescending(scores => scores.Model == report.DecidingModel)
                .Select(scores => (scores, new ScatterData(unit, scores.Predicted(report.Trials))))
                .Where(pair => pair.Item2.Points.Count > 0)
                .Select(pair => Scatter(pair.scores, pair.Item2, book)),
        ];
        return figures.Length == 0
            ? Markup.Empty
            : Markup.Of($"<h3>Predicted against measured</h3><div class=\"pair\">{Markup.Join(figures, "\n")}</div>");
    }

    private static Markup Scatter(ModelScores scores, ScatterData data, FigureBook book)
    {
        string caption =
            $"{scores.Label()}: each dot is a trial, predicted by the fold that did not see it; on the dashed line the prediction is "
            + "exact.";
        SvgDocument drawing = SvgScatter.Draw(
            $"held-out-{FigureText.Slug(scores.Model)}",
            $"{scores.Label()}: predicted against measured",
            data
        );
        return book.Add(drawing, caption, data.ToTable());
    }

    private static TableData Table(FitResult fit, string deciding, string unit)
    {
        return new TableData(
            [
                new("Method"),
                new("SRCC", true, "Spearman rank correlation"),
                new("Partial SRCC", true, "Average bits removed"),
                new("NDCG", true),
                new($"Mean error, {unit}", true, "Mean absolute error"),
                new("Partial SRCC by fold"),
            ],
            [.. fit.Models.Select(Row)]
        );

        IReadOnlyList<TableCell> Row(ModelScores scores)
        {
            IReadOnlyList<double> partial = scores.Defined(fold => fold.PartialSrcc);
            return
            [
                scores.Model != deciding
                    ? scores.Label()
                    : new TableCell(
                        scores.Label(),
                        Content: Markup.Of($"{scores.Label()} <span class=\"tag\">decides</span>")
                    ),
                Spread(scores.Srcc.Defined(), scores.Defined(fold => fold.Srcc)),
                Spread(scores.PartialSrcc.Defined(), partial),
                TableCell.Number(scores.NdcgAll.Defined(), 3),
                TableCell.Number(scores.MeanAbsoluteError.Defined(), 3),
                partial.Count == 0
                    ? FigureText.None
                    : string.Join("  ", partial.Select(value => FigureText.Fixed(value, 2))),
            ];
        }
    }

    private static TableCell Spread(double? value, IReadOnlyList<double> folds)
    {
        TableCell cell = TableCell.Number(value, 3);
        return folds.Count < 2 || value is null
            ? cell
            : cell with
            {
                Content = Markup.Of(
                    $"{cell.Text}<small>{FigureText.Fixed(folds.Min(), 2)} … {FigureText.Fixed(folds.Max(), 2)}</small>"
                ),
            };
    }
}
