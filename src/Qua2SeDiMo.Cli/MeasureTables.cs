using Qua2SeDiMo.Measurement;
using Qua2SeDiMo.Measurement.Mixtures;
using Spectre.Console;

namespace Qua2SeDiMo.Cli;

/// <summary>Shows a measurement as tables on the terminal.</summary>
internal static class MeasureTables
{
    internal static void Show(MeasuredSensitivity found, int count, IAnsiConsole output)
    {
        string drawn = found.HasCotangents ? $" with {found.Cotangents} cotangents each" : "";
        output.WriteLine(
            $"Measured on {found.Images} images{drawn}: what three bits do more than four ({found.Unit}); "
                + "weights of one place do not differ by more than twice their error."
        );
        Table table = new Table()
            .Border(TableBorder.Simple)
            .AddColumns("place", "weight", "block", "type", "4 to 3 bits costs", "±");
        foreach (MeasuredWeight weight in found.Weights.OrderByDescending(weight => weight.Cost).Take(count))
        {
            table.AddRow(
                $"{weight.Place}",
                weight.Position.Name.EscapeMarkup(),
                weight.Position.Block.EscapeMarkup(),
                weight.Position.LayerType.EscapeMarkup(),
                $"{weight.Cost:0.00000}",
                weight.StandardError is { } error ? $"{error:0.00000}" : ""
            );
        }
        output.Write(table);
        Show("type", found.Types, output);
        Show("block", found.Blocks, output);
        ShowSteps(found, output);
        if (found.Activations is { } activations)
            ActivationTables.Show(activations, found.Steps, count, output);
        foreach (string sentence in MeasuredWords.Of(found))
            output.WriteLine(sentence);
    }

    internal static void Show(MixturePredictions predictions, IAnsiConsole output)
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumns("mixture", "damage", "predicted", "95 %");
        foreach (MixturePrediction row in predictions.Predictions)
        {
            table.AddRow(
                row.Name.EscapeMarkup(),
                $"{row.Damage:0.0000E+0}",
                row.Predicted is { } value ? $"{value.Metric} {value.Value:0.000}" : "",
                row.Predicted is { } interval ? $"{interval.Low:0.000} to {interval.High:0.000}" : ""
            );
        }
        output.Write(table);
        output.WriteLine(
            predictions.Line is { } line
                ? $"The line through {line.Count} labelled trials holds {line.Coverage:P0} of them in intervals of "
                    + "lines through the others."
                    + (predictions.IsCorrected ? " These trials correct the summed damages as well." : "")
                : $"No line: `q2 study` with {DamageLine.MinMixtures} trials or more makes one."
        );
    }

    internal static void Show(IReadOnlyList<SourceAgreement> agreements, IAnsiConsole output)
    {
        if (agreements.Count == 0)
            return;
        Table table = new Table()
            .Border(TableBorder.Simple)
            .AddColumns(
                "against the probes",
                "weights",
                "τ",
                "τ above error",
                "Spearman",
                "all options: τ",
                "Spearman"
            );
        foreach ((string source, ProbeAgreement agreement) in agreements)
        {
            RankAgreement costs = agreement.Costs;
            table.AddRow(
                source,
                $"{costs.Count}",
                Text(costs.KendallTau),
                costs.CountAboveError is { } above ? $"{Text(costs.KendallTauAboveError)} ({above})" : "",
                Text(costs.Spearman),
                Text(agreement.Options.KendallTau),
                Text(agreement.Options.Spearman)
            );
        }
        output.Write(table);

        static string Text(double? value) => value is { } known ? $"{known:0.000}" : "";
    }

    private static void Show(string what, IReadOnlyList<MeasuredGroup> groups, IAnsiConsole output)
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumns(what, "weights", "4 to 3 bits costs", "±");
        foreach (MeasuredGroup group in groups)
        {
            table.AddRow(
                group.Name.EscapeMarkup(),
                $"{group.Weights}",
                $"{group.Cost:0.00000}",
                group.StandardError is { } error ? $"{error:0.00000}" : ""
            );
        }
        output.Write(table);
    }

    private static void ShowSteps(MeasuredSensitivity found, IAnsiConsole output)
    {
        if (found.Steps.Count < 2)
            return;
        Table table = new Table()
            .Border(TableBorder.Simple)
            .AddColumns(["block, share of a step", .. found.Steps.Select(step => $"step {step + 1}")]);
        foreach ((MeasuredGroup block, IReadOnlyList<double?> shares) in found.Blocks.Zip(found.BlockShares()))
            table.AddRow([block.BlockTitle.EscapeMarkup(), .. shares.Select(share => share is { } s ? $"{s:P0}" : "")]);
        output.Write(table);
    }
}
