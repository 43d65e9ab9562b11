using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Reports.Charts;
using Qua2SeDiMo.Reports.Words;
using Qua2SeDiMo.Sensitivity;

namespace Qua2SeDiMo.Reports.Page;

/// <summary>Section with the explanation's figures per model, and tables of comparisons, agreement, truth and
/// claims.</summary>
internal static class ExplanationSection
{
    private const string Intro =
        "Each tab is one way of scoring the same trials. Op level scores every weight alone, block level every "
        + "combination of options in a unit of weights that belong together.";

    private const string ComparisonNote =
        "By what 4 to 3 bits costs, mean over the weights of each. Probabilities count the chance of the "
        + "trials drawn (and, for networks, of training), not that the model of scores is wrong.";

    public static Markup Draw(ReportData report, FigureBook book)
    {
        if (report.Explanation is not { } record)
            return Markup.Empty;
        return Markup.Of(
            $"""
            <p>{Intro}</p>
            <ul class="findings">{Markup.Join(
                record.Sentences.Select(sentence => Markup.Of($"<li>{sentence}</li>"))
            )}</ul>
            {HtmlTabs.Draw(
                "explanation-tabs",
                "Model",
                [.. ExplainedModel.All(record).Select(model => (model.Label, Model(model, book)))]
            )}
            {Comparisons(record.Comparisons)}
            {(record.Agreement is { } agreement ? Agreement(agreement, book) : Markup.Empty)}
            {(record.Truth is { Rows.Count: > 0 } truth ? Truth(truth) : Markup.Empty)}
            {(record.Claims.Count == 0 ? Markup.Empty : Claims(record.Claims))}
            """
        );
    }

    private static Markup Model(ExplainedModel model, FigureBook book)
    {
        Markup[] operators = [.. ExplanationFigures.OperatorLevel(model).Select(figure => Place(figure, book))];
        Markup costs = Place(ExplanationFigures.Costs(model), book);
        Markup[] blocks = [.. ExplanationFigures.BlockLevel(model).Select(figure => Place(figure, book))];
        return Markup.Of(
            $"""
            <h4>Op level</h4><div class="pair">{Markup.Join(operators, "\n")}
            {costs}</div>
            {(
                blocks.Length == 0
                    ? Markup.Empty
                    : Markup.Of($"<h4>Block level</h4><div class=\"pair\">{Markup.Join(blocks, "\n")}</div>")
            )}
            """
        );
    }

    private static Markup Place(ExplanationFigure figure, FigureBook book, string cssClass = "") =>
        book.Add(figure.Drawing, figure.Caption, figure.Numbers, cssClass);

    private static Markup Agreement(AgreementTable agreement, FigureBook book) =>
        Markup.Of($"<h3>Do they agree?</h3>{Place(ExplanationFigures.Agreement(agreement), book, "wide")}");

    private static Markup Comparisons(IReadOnlyList<SensitivityComparison> comparisons)
    {
        var table = new TableData(
            [
                new("A"),
                new("B"),
                new("Model"),
                new("Resampling"),
                new("A − B", true),
                new("95 % from", true),
                new("to", true),
                new("Probability", true),
            ],
            [.. comparisons.SelectMany(comparison => comparison.Spreads.Select(spread => Row(comparison, spread)))]
        );
        if (table.Rows.Count == 0)
            return Markup.Empty;
        return Markup.Of(
            $"<h3>Is A more sensitive than B?</h3>{HtmlTable.Draw(table, "Comparisons")}<p class=\"note\">{ComparisonNote}</p>"
        );

        static IReadOnlyList<TableCell> Row(SensitivityComparison comparison, ComparisonSpread spread) =>
            [
                comparison.First.Name,
                comparison.Second.Name,
                ModelLabels.Scorer(comparison.Model),
                $"{spread.SampleCount} {spread.Kind}",
                TableCell.Number(spread.Difference, 4),
                TableCell.Number(spread.Low, 4),
                TableCell.Number(spread.High, 4),
                TableCell.Number(spread.Probability, 2),
            ];
    }

    private static Markup Truth(TruthAgreement truth)
    {
        var table = new TableData(
            [
                new("Model"),
                new("Against"),
                new("options of a weight", true),
                new("weights", true),
                new("combinations of a unit", true),
                new("units", true),
            ],
            [.. truth.Rows.Select(Row)]
        );
        return Markup.Of(
            $"<h3>Against the true sensitivities</h3>{HtmlTable.Draw(table, "Agreement with the truth, Kendall τ")}"
        );

        static IReadOnlyList<TableCell> Row(TruthRow row) =>
            [
                ModelLabels.Of(row.Model),
                row.Against,
                TableCell.Number(row.OptionsOfAWeight, 3),
                TableCell.Number(row.Weights, 3),
                TableCell.Number(row.CombinationsOfAUnit, 3),
                TableCell.Number(row.Units, 3),
            ];
    }

    private static Markup Claims(IReadOnlyList<ClaimSupport> claims) =>
        Markup.Of($"<h3>What claims rest on</h3>{Markup.Join(claims.Select(Claim), "\n")}");

    private static Markup Claim(ClaimSupport claim)
    {
        var trials = new TableData(
            [
                new("Trial"),
                new("Influence", true, "By how much the claim's value falls without it"),
                new("Label", true),
                new("AverageBits", true),
                new("at 3 bits"),
                new("Images"),
            ],
            [.. claim.Supporting.Concat(claim.Opposing).Select(Row)]
        );
        string verdict = claim.TrialsToFlip is { } count
            ? $"turned around by leaving out {count} of {claim.TrialCount} trials"
            : "not turned around by leaving out up to half of the trials";
        Markup images = Markup.Join(claim.SupportingImages.Select(image => Markup.Of($"<li>{Describe(image)}</li>")));
        Markup named =
            claim.SupportingImages.Count == 0
                ? Markup.Empty
                : Markup.Of($"<p>Images that speak most for it:</p><ul>{images}</ul>");
        return Markup.Of(
            $"<details><summary>{claim.Claim}: {FigureText.Fixed(claim.Value, 4)}, {verdict}</summary>"
                + $"{HtmlTable.Draw(trials, "Trials behind the claim")}{named}</details>"
        );

        static IReadOnlyList<TableCell> Row(SupportingTrial trial) =>
            [
                trial.Name,
                TableCell.Number(trial.Influence, 4),
                TableCell.Number(trial.Label, 3),
                TableCell.Number(trial.AverageBits, 3),
                trial.Second is { } second ? $"{trial.First:P0} of A, {second:P0} of B" : $"{trial.First:P0}",
                string.IsNullOrEmpty(trial.Images) ? FigureText.None : trial.Images,
            ];

        static string Describe(SupportingImage image) => $"{image.Prompt} (image {image.Image}, seed {image.Seed})";
    }
}
