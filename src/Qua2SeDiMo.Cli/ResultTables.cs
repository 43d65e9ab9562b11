using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Stages;
using Qua2SeDiMo.Studies;
using Spectre.Console;

namespace Qua2SeDiMo.Cli;

/// <summary>Results of fit, explain and plan for people.</summary>
internal static class ResultTables
{
    internal static void Show(FitRecord record, IAnsiConsole output)
    {
        output.WriteLine($"Predicting {record.Objective} of held-out trials ({record.Result.TrialCount} trials, {record.Result.Folds.Count} folds; mean ± standard deviation over folds)");
        Table table = new Table().Border(TableBorder.Simple).AddColumns("model", "SRCC", "SRCC at equal size", "NDCG@10", "mean abs. error");
        foreach (ModelScores row in record.Result.Models)
        {
            table.AddRow(ModelLabels.Of(row.Model), Text(row.Srcc), Text(row.PartialSrcc), Text(row.Ndcg10), Text(row.MeanAbsoluteError));
        }
        output.Write(table);
        output.WriteLine(record.Result.Choice.Reason);
    }

    internal static void Show(SensitivityRecord record, int count, IAnsiConsole output)
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumns(["weight", "block", "type", "range", .. record.Options]);
        foreach (WeightSensitivity weight in record.Weights.OrderByDescending(weight => weight.RidgeRange).Take(count))
        {
            table.AddRow([weight.Name, weight.Block, weight.LayerType, $"{weight.RidgeRange:0.0000}", .. weight.Ridge.Select(score => $"{score.Mean:+0.0000;-0.0000} ± {score.Deviation:0.0000}")]);
        }
        output.Write(table);
        foreach (string sentence in record.Sentences) output.WriteLine(sentence);
    }

    internal static void Show(PlanRecord record, IAnsiConsole output)
    {
        string fresh = Objective.Parse(record.Objective).Metric.Name + PlanStage.FreshSuffix;
        string[] metrics = [.. StudyMetric.Quality.Select(metric => metric.Name).Append(fresh).Where(name => record.Entries.Any(entry => entry.Metrics.ContainsKey(name)))];
        Table table = new Table().Border(TableBorder.Simple).AddColumns(["allocation", "average bits", "bytes", .. metrics]);
        foreach (PlanEntry entry in record.Entries)
        {
            table.AddRow([entry.Label, $"{entry.AverageBits:0.000}", $"{entry.SizeBytes:#,0}", .. metrics.Select(metric => entry.Metrics.TryGetValue(metric, out Measured? value) ? $"{value.Value:0.0000}" : "")]);
        }
        output.Write(table);
        output.WriteLine(record.Reason);
    }

    private static string Text(FoldSummary summary) => double.IsNaN(summary.Mean) ? "" : $"{summary.Mean:0.000} ± {summary.Deviation:0.000}";
}
