using System.Globalization;
using Qua2SeDiMo.Measurement;
using Qua2SeDiMo.Reports.Charts;

namespace Qua2SeDiMo.Reports.Page;

/// <summary>What rounding the inputs of layers does, by layer and by step.</summary>
internal static class ActivationSection
{
    public static Markup Draw(MeasuredActivations? found, IReadOnlyList<int> steps)
    {
        if (found is null)
            return Markup.Empty;
        const string intro =
            "What rounding the input of each layer to a few bits changes in the images (roots of damages unless it is "
            + "a loss), beside what four bits of the layer's weight change, under the best option of such bits. "
            + "“Takes” names the fewest bits that change no more than that.";
        return Markup.Of(
            $"""
            <h3>Inputs of layers</h3>
            <p>{intro}</p>
            {HtmlTable.Draw(Layers(found), "Rounded inputs of every layer")}
            {Steps(found, steps)}
            """
        );
    }

    private static TableData Layers(MeasuredActivations found) =>
        new(
            [
                new("Input of"),
                .. found.Bits.SelectMany(bits =>
                    new TableColumn[]
                    {
                        new(string.Create(CultureInfo.InvariantCulture, $"{bits} bits"), true),
                        new("±", true, "Standard error over images"),
                    }
                ),
                new("Weight at 4 bits", true),
                new("Takes", true, "Fewest bits that change no more than four bits of the weight"),
            ],
            [
                .. found
                    .Inputs.OrderByDescending(input => input.Roundings[^1].Size)
                    .Select(
                        IReadOnlyList<TableCell> (input) =>
                            [
                                input.Position.Name,
                                .. Sizes(input.Roundings),
                                TableCell.Number(input.WeightSize, 5),
                                TableCell.Number(input.ToleratedBits, 0),
                            ]
                    ),
                [
                    "All together",
                    .. Sizes(found.Everywhere),
                    TableCell.Number(found.WeightSize, 5),
                    TableCell.Number(null, 0),
                ],
            ]
        );

    private static Markup Steps(MeasuredActivations found, IReadOnlyList<int> steps)
    {
        if (found.Everywhere.Any(rounding => rounding.Steps.Count < 2))
            return Markup.Empty;
        var table = new TableData(
            [
                new("All inputs, by step"),
                .. steps.Select(step => new TableColumn(
                    string.Create(CultureInfo.InvariantCulture, $"Step {step + 1}"),
                    true
                )),
            ],
            [
                .. found.Everywhere.Select(
                    IReadOnlyList<TableCell> (rounding) =>
                        [
                            string.Create(CultureInfo.InvariantCulture, $"{rounding.Bits} bits"),
                            .. rounding.Steps.Select(step => TableCell.Number(Math.Sqrt(step.Damage), 5)),
                        ]
                ),
            ]
        );
        return HtmlTable.Draw(table, "Rounded inputs of all layers by step");
    }

    private static IEnumerable<TableCell> Sizes(IReadOnlyList<MeasuredRounding> roundings) =>
        roundings.SelectMany(rounding =>
            new[] { TableCell.Number(rounding.Size, 5), TableCell.Number(rounding.SizeError, 5) }
        );
}
