namespace Qua2SeDiMo.Reports;

/// <summary>The paper's figures per model at both levels, what the scores rest on, and how far they can be trusted.</summary>
internal static class ExplanationSection
{
    public static Markup Draw(ReportData report, FigureBook book)
    {
        if (report.Explanation is not { Models.Count: > 0 } data) return Markup.Empty;
        return Markup.Of(
            $"""
            <p>Each tab is one way of scoring the same trials. Op level scores every weight alone, block level every combination of options in a unit of weights that belong together.</p>
            <ul class="findings">{Markup.Join(data.Sentences.Select(sentence => Markup.Of($"<li>{sentence}</li>")))}</ul>
            {HtmlTabs.Draw("explanation-tabs", "Model", [.. data.Models.Select(model => (model.Label, Model(data, model, book)))])}
            {(data.Comparisons.Count == 0 ? Markup.Empty : Markup.Of($"<h3>Is A more sensitive than B?</h3>{HtmlTable.Draw(Comparisons(data), "Comparisons")}<p class=\"note\">By what 4 to 3 bits costs, mean over the weights of each. Probabilities count the chance of the trials drawn (and, for networks, of training), not that the model of scores is wrong.</p>"))}
            {(data.Agreement is { } agreement ? Markup.Of($"<h3>Do they agree?</h3>{Place(ExplanationFigures.Agreement(agreement), book, "wide")}") : Markup.Empty)}
            {(data.Truth.Count == 0 ? Markup.Empty : Markup.Of($"<h3>Against the true sensitivities</h3>{HtmlTable.Draw(Truth(data), "Agreement with the truth, Kendall τ")}"))}
            {(data.Claims.Count == 0 ? Markup.Empty : Markup.Of($"<h3>What claims rest on</h3>{Markup.Join(data.Claims.Select(Claim), "\n")}"))}
            """);
    }

    private static Markup Model(ExplanationData data, ExplanationModelData model, FigureBook book)
    {
        ExplanationFigure[] operators = [.. ExplanationFigures.OperatorLevel(data, model)], blocks = [.. ExplanationFigures.BlockLevel(data, model)];
        return Markup.Of(
            $"""
            <h4>Op level</h4><div class="pair">{Markup.Join(operators.Select(figure => Place(figure, book)), "\n")}
            {Place(ExplanationFigures.Costs(model), book)}</div>
            {(blocks.Length == 0 ? Markup.Empty : Markup.Of($"<h4>Block level</h4><div class=\"pair\">{Markup.Join(blocks.Select(figure => Place(figure, book)), "\n")}</div>"))}
            """);
    }

    private static Markup Place(ExplanationFigure figure, FigureBook book, string cssClass = "") => book.Add(figure.Drawing, figure.Caption, figure.Numbers, cssClass);

    private static TableData Comparisons(ExplanationData data) => new(
        [new("A"), new("B"), new("Model"), new("Resampling"), new("A − B", true), new("95 % from", true), new("to", true), new("Probability", true)],
        [.. data.Comparisons.Select(IReadOnlyList<TableCell> (row) =>
            [row.First, row.Second, row.Model, row.Resampling, TableCell.Number(row.Difference, 4), TableCell.Number(row.Low, 4), TableCell.Number(row.High, 4), TableCell.Number(row.Probability, 2)])]);

    private static TableData Truth(ExplanationData data) => new(
        [new("Model"), new("Against"), new("options of a weight", true), new("weights", true), new("combinations of a unit", true), new("units", true)],
        [.. data.Truth.Select(IReadOnlyList<TableCell> (row) =>
            [row.Model, row.Against, TableCell.Number(row.OptionsOfAWeight, 3), TableCell.Number(row.Weights, 3), TableCell.Number(row.Combinations, 3), TableCell.Number(row.Units, 3)])]);

    private static Markup Claim(ExplanationClaimData claim)
    {
        var trials = new TableData(
            [new("Trial"), new("Influence", true, "By how much the claim's value falls without it"), new("Label", true), new("AverageBits", true), new("at 3 bits"), new("Images")],
            [.. claim.Trials.Select(IReadOnlyList<TableCell> (trial) =>
                [trial.Name, TableCell.Number(trial.Influence, 4), TableCell.Number(trial.Label, 3), TableCell.Number(trial.AverageBits, 3), trial.ShareAtFewBits, trial.Images.Length > 0 ? trial.Images : FigureText.None])]);
        Markup images = claim.Images.Count == 0 ? Markup.Empty
            : Markup.Of($"<p>Images that speak most for it:</p><ul>{Markup.Join(claim.Images.Select(image => Markup.Of($"<li>{image}</li>")))}</ul>");
        return Markup.Of($"<details><summary>{claim.Claim}: {FigureText.Fixed(claim.Value, 4)}, {claim.Verdict}</summary>{HtmlTable.Draw(trials, "Trials behind the claim")}{images}</details>");
    }
}
