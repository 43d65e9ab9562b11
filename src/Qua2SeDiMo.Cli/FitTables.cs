using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Predictors.Evaluation;
using Spectre.Console;

namespace Qua2SeDiMo.Cli;

/// <summary>Shows the results of a fit as tables on the terminal.</summary>
internal static class FitTables
{
    internal static void Show(Fit record, IAnsiConsole output)
    {
        FitResult result = record.Result;
        if (record.TrainedOn is { } trained)
        {
            string place = trained.TrialsFile is { } file ? $"{file} with {trained.GraphFile}" : "the run's own study";
            output.WriteLine(
                $"Trained on {trained.TrialCount} trials of {trained.WeightCount} weights and {trained.UnitCount} units: {place}."
            );
            foreach (string note in trained.Notes)
                output.WriteLine($"Note: {note}");
        }
        output.WriteLine(
            $"Predicting {record.Objective} of held-out trials ({result.TrialCount} trials, {result.Folds.Count} "
                + $"folds, loss {record.Options.Loss.ToString().ToLowerInvariant()}; mean ± standard deviation over "
                + "folds)"
        );
        Table table = new Table()
            .Border(TableBorder.Simple)
            .AddColumns(
                "model",
                "SRCC",
                "partial SRCC given average bits",
                "NDCG@10",
                "NDCG@all",
                "mean abs. error",
                "RMSE"
            );
        foreach (ModelScores row in result.Models)
        {
            table.AddRow(
                ModelLabels.Of(row.Model),
                Text(row.Srcc),
                Text(row.PartialSrcc),
                Text(row.Ndcg10),
                Text(row.NdcgAll),
                Text(row.MeanAbsoluteError, "0.###"),
                Text(row.RootMeanSquareError, "0.###")
            );
        }
        output.Write(table);
        ShowHops(result, output);
        foreach (string sentence in record.Sentences ?? [result.Choice.Reason])
            output.WriteLine(sentence);
        if (record.Truth is { } truth)
            Show(truth, output);
    }

    internal static void Show(TruthAgreement truth, IAnsiConsole output)
    {
        output.WriteLine(
            "Agreement with the true sensitivities (Kendall τ-b; 'target' counts the size term of the label too; "
                + $"{truth.UnitCount} units of two weights and more)"
        );
        Table table = new Table()
            .Border(TableBorder.Simple)
            .AddColumns(
                "model",
                "against",
                "options of a weight",
                "weights, 4 to 3 bits",
                "all options, centred",
                "combinations of a unit",
                "units, 4 to 3 bits"
            );
        foreach (TruthRow row in truth.Rows)
        {
            table.AddRow(
                ModelLabels.Of(row.Model),
                row.Against,
                Tau(row.OptionsOfAWeight),
                Tau(row.Weights),
                Tau(row.AllScores),
                Tau(row.CombinationsOfAUnit),
                Tau(row.Units)
            );
        }
        output.Write(table);
    }

    private static void ShowHops(FitResult result, IAnsiConsole output)
    {
        if (result.Hops.Count == 0)
            return;
        output.WriteLine("How the norms of each hop's graph embedding rank them:");
        Table table = new Table()
            .Border(TableBorder.Simple)
            .AddColumns(["", .. result.Hops.Select(hop => $"hop {hop.Hop}")]);
        table.AddRow(["SRCC", .. result.Hops.Select(hop => Text(FoldSummary.Of(hop.Srcc)))]);
        table.AddRow(["NDCG@all", .. result.Hops.Select(hop => Text(FoldSummary.Of(hop.NdcgAll)))]);
        output.Write(table);
    }

    internal static string Tau(double? value) => value is { } tau ? $"{tau:0.000}" : "";

    private static string Text(FoldSummary summary, string format = "0.000") =>
        double.IsNaN(summary.Mean) ? "" : $"{summary.Mean.ToString(format)} ± {summary.Deviation.ToString(format)}";
}
