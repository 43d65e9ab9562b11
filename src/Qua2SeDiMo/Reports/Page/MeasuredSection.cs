using System.Globalization;
using Qua2SeDiMo.Measurement;
using Qua2SeDiMo.Reports.Charts;

namespace Qua2SeDiMo.Reports.Page;

/// <summary>Section with the measured sensitivity by weight, operator type, block and step, with standard
/// errors.</summary>
internal static class MeasuredSection
{
    public static Markup Draw(ReportData report, FigureBook book)
    {
        if (report.Measured is not { } found)
            return Markup.Empty;
        string drawn = found.HasCotangents ? $", {found.Cotangents} random cotangents each" : "";
        string intro =
            $"Measured on {found.Images} images{drawn}: what three bits do more than four ({found.Unit}; "
            + "roots of damages unless it is a loss). "
            + "Errors are standard errors over images. Weights of one place do not differ by more than twice "
            + "the error of their difference.";
        return Markup.Of(
            $"""
            <p>{intro}</p>
            <ul class="findings">{Markup.Join(
                MeasuredWords.Of(found).Select(sentence => Markup.Of($"<li>{sentence}</li>"))
            )}</ul>
            {Steps(found, book)}
            {HtmlTable.Draw(Groups("Operator type", found.Types), "Measured cost by operator type")}
            {HtmlTable.Draw(Weights(found), "Measured cost of every weight")}
            {ActivationSection.Draw(found.Activations, found.Steps)}
            """
        );
    }

    private static Markup Steps(MeasuredSensitivity found, FigureBook book)
    {
        if (found.Steps.Count < 2)
            return Markup.Empty;
        string[] rows = [.. found.Blocks.Select(block => block.BlockTitle)];
        string[] columns =
        [
            .. found.Steps.Select(step => string.Create(CultureInfo.InvariantCulture, $"step {step + 1}")),
        ];
        var heat = new HeatMapData(rows, columns, found.BlockShares());
        SvgDocument drawing = SvgHeatMap.Draw(
            "measured-by-step",
            "Measured cost by block and step",
            heat,
            "Heat table: rows are blocks, columns steps, the figure is the share of the step; darker costs more."
        );
        return book.Add(drawing, "Share of each block in what three bits cost, by step.", heat.ToTable(), "wide");
    }

    private static TableData Groups(string what, IReadOnlyList<MeasuredGroup> groups) =>
        new(
            [
                new(what),
                new("Weights", true),
                new("4 to 3 bits costs", true),
                new("±", true, "Standard error over images"),
            ],
            [
                .. groups.Select(
                    IReadOnlyList<TableCell> (group) =>
                        [
                            group.Name,
                            TableCell.Number(group.Weights, 0),
                            TableCell.Number(group.Cost, 4),
                            TableCell.Number(group.StandardError, 4),
                        ]
                ),
            ]
        );

    private static TableData Weights(MeasuredSensitivity found) =>
        new(
            [
                new("Place", true),
                new("Weight"),
                new("Block"),
                new("Type"),
                new("4 to 3 bits costs", true),
                new("±", true, "Standard error over images"),
            ],
            [
                .. found
                    .Weights.OrderByDescending(weight => weight.Cost)
                    .Select(
                        IReadOnlyList<TableCell> (weight) =>
                            [
                                TableCell.Number(weight.Place, 0),
                                weight.Position.Name,
                                weight.Position.Block,
                                weight.Position.LayerType,
                                TableCell.Number(weight.Cost, 5),
                                TableCell.Number(weight.StandardError, 5),
                            ]
                    ),
            ]
        );
}
