using Qua2SeDiMo.Measurement;
using Spectre.Console;

namespace Qua2SeDiMo.Cli;

/// <summary>What rounding the inputs of layers does, as tables of the terminal.</summary>
internal static class ActivationTables
{
    internal static void Show(MeasuredActivations found, IReadOnlyList<int> steps, int count, IAnsiConsole output)
    {
        output.WriteLine(
            "Inputs of layers rounded to a few bits (roots of damages unless it is a loss), beside four bits of the "
                + "layer's weight; 'takes': fewest bits that change the images no more than these."
        );
        Table table = new Table()
            .Border(TableBorder.Simple)
            .AddColumns([
                "input of",
                "type",
                .. found.Bits.SelectMany(bits => new[] { $"{bits} bits", "±" }),
                "weight, 4 bits",
                "takes",
            ]);
        foreach (MeasuredInput input in found.Inputs.OrderByDescending(input => input.Roundings[^1].Size).Take(count))
        {
            table.AddRow([
                input.Position.Name.EscapeMarkup(),
                input.Position.LayerType.EscapeMarkup(),
                .. Sizes(input.Roundings),
                Text(input.WeightSize),
                input.ToleratedBits is { } bits ? $"{bits} bits" : "",
            ]);
        }
        table.AddRow(["all together", "", .. Sizes(found.Everywhere), Text(found.WeightSize), ""]);
        output.Write(table);
        if (found.Everywhere.All(rounding => rounding.Steps.Count > 1))
            ShowSteps(found, steps, output);
    }

    private static void ShowSteps(MeasuredActivations found, IReadOnlyList<int> steps, IAnsiConsole output)
    {
        Table table = new Table()
            .Border(TableBorder.Simple)
            .AddColumns(["all inputs, by step", .. steps.Select(step => $"step {step + 1}")]);
        foreach (MeasuredRounding rounding in found.Everywhere)
            table.AddRow([$"{rounding.Bits} bits", .. rounding.Steps.Select(step => Text(Math.Sqrt(step.Damage)))]);
        output.Write(table);
    }

    private static IEnumerable<string> Sizes(IReadOnlyList<MeasuredRounding> roundings) =>
        roundings.SelectMany(rounding => new[] { Text(rounding.Size), Text(rounding.SizeError) });

    private static string Text(double? value) => value is { } known ? $"{known:0.00000}" : "";
}
