namespace Qua2SeDiMo.Reports;

/// <summary>How well the predictors rank trials that they did not see.</summary>
internal static class PredictorSection
{
    public static Markup Draw(ReportData report, FigureBook book)
    {
        if (report.Predictor is not { Methods.Count: > 0 } predictor) return Markup.Empty;
        MetricData? objective = report.Metrics.FirstOrDefault(metric => metric.Key == report.ObjectiveKey);
        string unit = predictor.Unit ?? (objective is null ? "objective" : (objective.HigherIsBetter ? "" : "−") + objective.LabelWithUnit);
        var partial = BarChartData.Predictors(predictor, isPartial: true);
        var plain = BarChartData.Predictors(predictor, isPartial: false);
        return Markup.Of(
            $"""
            <p>{ReportWords.Deciding(predictor)} All figures are for held-out trials of the same {predictor.FoldCount} folds. More bits make better images almost by themselves, so the partial correlation, with AverageBits removed, shows what a method knows beyond size.</p>
            {HtmlTable.Draw(Table(predictor, unit), "Predictors on held-out trials")}
            <div class="pair">
            {(partial.Bars.Count == 0 ? Markup.Empty : book.Add(SvgBarChart.Draw("predictor-partial", "Partial rank correlation of the predictors", partial), "Rank correlation at equal size; circles are folds, the strong bar decides the plans.", partial.ToTable()))}
            {(plain.Bars.Count == 0 ? Markup.Empty : book.Add(SvgBarChart.Draw("predictor-srcc", "Rank correlation of the predictors", plain), "Rank correlation; circles are folds, the strong bar decides the plans.", plain.ToTable()))}
            </div>
            {Scatters(predictor, unit, book)}
            """);
    }

    private static Markup Scatters(PredictorData predictor, string unit, FigureBook book)
    {
        Markup[] figures = [.. predictor.Methods.Where(method => method.HeldOut.Count > 0)
            .OrderByDescending(method => method.Key == predictor.DecidingKey).Select(method =>
            {
                var data = new ScatterData(unit, method.HeldOut);
                return book.Add(SvgScatter.Draw($"held-out-{FigureText.Slug(method.Key)}", $"{method.Label}: predicted against measured", data),
                    $"{method.Label}: each dot is a trial, predicted by the fold that did not see it; on the dashed line the prediction is exact.", data.ToTable());
            })];
        return figures.Length == 0 ? Markup.Empty : Markup.Of($"<h3>Predicted against measured</h3><div class=\"pair\">{Markup.Join(figures, "\n")}</div>");
    }

    private static TableData Table(PredictorData predictor, string unit) => new(
        [
            new("Method"), new("SRCC", true, "Spearman rank correlation"), new("Partial SRCC", true, "Average bits removed"), new("NDCG", true),
            new($"Mean error, {unit}", true, "Mean absolute error"), new("Partial SRCC by fold"),
        ],
        [.. predictor.Methods.Select(IReadOnlyList<TableCell> (method) =>
        [
            method.Key == predictor.DecidingKey
                ? new TableCell(method.Label, Content: Markup.Of($"{method.Label} <span class=\"tag\">decides</span>")) : method.Label,
            Spread(method.Srcc, method.FoldSrcc), Spread(method.PartialSrcc, method.FoldPartialSrcc), TableCell.Number(method.Ndcg, 3),
            TableCell.Number(method.MeanAbsoluteError, 3),
            method.FoldPartialSrcc.Count == 0 ? FigureText.None : string.Join("  ", method.FoldPartialSrcc.Select(value => FigureText.Fixed(value, 2))),
        ])]);

    private static TableCell Spread(double? value, IReadOnlyList<double> folds)
    {
        TableCell cell = TableCell.Number(value, 3);
        return folds.Count < 2 || value is null ? cell : cell with
        {
            Content = Markup.Of($"{cell.Text}<small>{FigureText.Fixed(folds.Min(), 2)} … {FigureText.Fixed(folds.Max(), 2)}</small>"),
        };
    }
}
